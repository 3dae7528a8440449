// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

// What is told of single entries. Nothing is put together where nobody wants it.
extension RunContext {
  /// Tells what became of an entry.
  ///
  /// - Parameters:
  ///   - kind: What it is, asked for where somebody wants to be told.
  ///   - entry: The entry.
  ///   - change: What changed, or would; empty where it is as it should be.
  func tell(
    _ kind: @autoclosure () -> EntryEvent.Kind?,
    _ entry: FoundEntry,
    _ change: EntryChange
  ) {
    guard wants(change.isTold ? .entries : .unchanged), let kind = kind() else { return }
    var contents: FileContents?
    if wants(.contents) && entry.metadata.kind == .file {
      contents = FileContents(ContentsReader(run: self, entry: entry).read)
    }
    receive(kind, entry.directory, entry.name, entry.metadata, change, contents)
  }

  /// Whether an entry is a directory above what was listed, whose metadata does not count.
  func isUntold(_ entry: FoundEntry) -> Bool {
    entry.facts.isImplied && !options.rules.keepsImpliedMetadata
  }

  /// Tells that an entry is as it should be.
  @inline(__always)
  func tellUnchanged(_ entry: FoundEntry) {
    if wants(.unchanged) { tell(EntryEvent.Kind(entry), entry, []) }
  }

  /// Tells that an entry was linked to another, or was already, with an empty change.
  func tellLink(_ entry: FoundEntry, to first: LinkName, _ change: EntryChange) {
    guard wants(change.isTold ? .entries : .unchanged) else { return }
    guard !change.isEmpty else { return tellUnchanged(entry) }
    tell(.hardLink(first.directory.relativePath(first.name)), entry, change)
  }

  /// Tells what became of a directory that is done, unless it was told when it was made.
  func tell(_ directory: CopyDirectory, _ change: EntryChange) {
    guard directory.parent != nil || !targetIsNew else { return }
    guard wants(change.isTold ? .entries : .unchanged), let metadata = directory.metadata,
      directory.beginTelling()
    else { return }
    receive(.directory, directory, .itself, metadata, change)
  }

  /// Tells that the target directory becomes a copy of a source.
  func tellNewTarget(
    _ name: FilePath,
    like metadata: EntryMetadata,
    _ path: FilePath,
    _ change: EntryChange
  ) {
    guard wants(change.isTold ? .entries : .unchanged) else { return }
    sink.receive(
      .entry(
        EntryEvent(
          path: name,
          kind: .directory,
          change: change,
          source: wanted.metadata(metadata),
          sourcePath: wants(.sourcePaths) ? path : nil
        )
      )
    )
  }

  private func receive(
    _ kind: EntryEvent.Kind,
    _ directory: CopyDirectory,
    _ name: EntryName,
    _ metadata: EntryMetadata,
    _ change: EntryChange,
    _ contents: FileContents? = nil
  ) {
    let event = EntryEvent(
      path: directory.relativePath(name),
      kind: kind,
      change: change,
      source: metadata,
      sourcePath: wants(.sourcePaths) ? directory.sourcePath(name) : nil,
      contents: contents
    )
    sink.receive(.entry(event))
  }

  /// Says once that nothing more is removed, since the source could not be read in full.
  func tellHeldBack() {
    if deletions.isFirstHeldBack() { tell(.deletion(.heldBack)) }
  }

  /// Tells that an entry was left out, for a reason that is asked for where somebody wants it.
  func tellSkipped(
    _ directory: CopyDirectory,
    _ name: EntryName,
    isDirectory: Bool,
    _ reason: @autoclosure () -> SkippedEntry.Reason = .kind
  ) {
    guard wants(.skips) else { return }
    let path = directory.relativePath(name)
    sink.receive(
      .skipped(SkippedEntry(path: path, isDirectory: isDirectory, reason: reason()))
    )
  }
}

// What rules decide.
extension RunContext {
  /// Whether rules leave a name out, or keep it from being removed, and tells which does.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - isDirectory: Whether it is one.
  ///   - path: Its path in the transfer, put together where somebody wants to be told.
  ///   - side: Whether it is to be copied or removed.
  ///   - scope: The rules in force in its directory.
  ///   - isRemoved: Whether the directory that it lies in is being removed.
  /// - Returns: Whether they do.
  func filters(
    _ name: EntryName,
    isDirectory: Bool,
    _ path: @autoclosure () -> FilePath,
    _ side: FilterSide,
    _ scope: FilterScope,
    isRemoved: Bool = false
  ) -> Bool {
    guard wants(.filters) else {
      return scope.excludes(name, isDirectory: isDirectory, isRemoved: isRemoved)
    }
    let match = scope.match(name, isDirectory: isDirectory, isRemoved: isRemoved)
    guard let match else { return false }
    let name = FilteredName(path: path(), isDirectory: isDirectory, side: side, match: match)
    sink.receive(.filtered(name))
    return !match.isIncluded
  }
}

// What may be replaced.
extension RunContext {
  /// Whether what has an entry's name at the target can be replaced, which is told if not: a
  /// directory has to be empty, unless what is in it goes as well, and nothing may be set to be
  /// left as it is.
  func canReplace(_ entry: FoundEntry) -> Bool {
    guard let existing = entry.existing else { return true }
    if let protection = existing.protection(in: entry.sides.targetMetadata) {
      fail(CopyError(.replaceProtected(protection), entry.targetPath, nil, .entry))
      return false
    }
    guard existing.kind == .directory, !options.deletion.clearsTheWay else { return true }
    do throws(Errno) {
      let directory = try entry.target.openForReading(directory: true)
      defer { withExtendedLifetime(directory) {} }
      if try DirectoryReader.hasNames(directory.rawValue) { throw .directoryNotEmpty }
      return true
    } catch .noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels {
      // Another run has put in its place what is to come there.
      return true
    } catch {
      if error == .directoryNotEmpty {
        let path = entry.directory.relativePath(entry.targetName)
        tell(.deletion(.keptDirectory(path: path)))
      }
      fail(.target(.replaceDirectory, entry.targetPath, error), at: FailedPlace(entry))
      return false
    }
  }
}
