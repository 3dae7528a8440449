// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Looks names up on both sides.
struct EntryFinder {
  let run: RunContext
  private let lookup: SourceLookup
  /// Whether `noteRareFacts` has anything to find out.
  let knowsRareFacts: Bool

  init(run: RunContext) {
    self.run = run
    let rules = run.options.rules
    lookup = SourceLookup(run)
    knowsRareFacts = rules.leavesOutMounts || rules.links?.leavesOutUnsafe == true
  }

  /// What an entry is on both sides (`statx`); a failure is told.
  @inline(__always)
  func find(
    _ name: EntryName,
    as targetName: EntryName,
    in directory: CopyDirectory,
    _ sides: DirectorySides
  ) -> FoundEntry? {
    let source: SourceLookup.Found
    do {
      source = try lookup.find(name, in: directory, sides)
    } catch {
      failToFind(error, name, in: directory, sides)
      return nil
    }
    guard !source.isImplied || leadsToListed(name, in: directory, sides) else { return nil }
    var existing: EntryMetadata?
    var followsTarget = false
    do {
      if !directory.isNew && sides.target >= 0 {
        let target = EntryLocation(directory: sides.target, name: targetName)
        existing = try target.metadataIfPresent()
        if run.options.metadata.isStored, let found = existing {
          existing = try target.withStoredMetadata(found)
        }
        if existing?.kind == .symbolicLink, source.metadata.kind == .directory,
          let referent = try keptReferent(of: target, source)
        {
          (existing, followsTarget) = (referent, true)
        }
        if existing?.modificationTime != source.metadata.modificationTime, let found = existing {
          existing = run.targetTimes.asHeld(found, like: source.metadata, in: sides)
        }
      }
    } catch {
      run.fail(.target(.stat, directory.targetPath(targetName), error), in: directory, sides)
      return nil
    }
    return FoundEntry(
      directory: directory,
      sides: sides,
      name: name,
      targetName: targetName,
      facts: EntryFacts(
        source: source.metadata,
        target: existing,
        followsSource: source.followsLink,
        followsTarget: followsTarget,
        isImplied: source.isImplied
      )
    )
  }
}

// What only some options ask for.
extension EntryFinder {
  /// Tells that a name cannot be looked up, unless that does not matter.
  private func failToFind(
    _ error: CopyError,
    _ name: EntryName,
    in directory: CopyDirectory,
    _ sides: DirectorySides
  ) {
    guard error.operation == .findArgument else {
      return run.fail(error, in: directory, sides)
    }
    guard case .implied(let level) = directory.names.origin(of: name, run.options.rules) else {
      if error.errno != .noSuchFileOrDirectory || !run.options.rules.ignoresMissing {
        run.fail(error, in: directory, sides)
      }
      return
    }
    tellMissing(below: level, name, in: directory, sides)
  }

  /// Whether anything that was listed below a directory is there to be copied, without which the
  /// directory is not made; what is not is told then.
  private func leadsToListed(
    _ name: EntryName,
    in directory: CopyDirectory,
    _ sides: DirectorySides
  ) -> Bool {
    guard case .implied(let level) = directory.names.origin(of: name, run.options.rules) else {
      return true
    }
    // As in rsync a directory is in the transfer though what was listed in it is to be removed.
    if run.options.deletion.removesMissing { return true }
    for path in level.paths {
      guard let found = try? lookUp(path, below: name, sides) else { continue }
      let isTaken = found.kind != .directory || run.options.rules.takesDirectories
      if isTaken && !isLeftOut(path, found.kind, below: name, in: directory) { return true }
    }
    tellMissing(below: level, name, in: directory, sides)
    return false
  }

  /// Whether rules leave out what was listed below a directory.
  private func isLeftOut(
    _ path: EntryName,
    _ kind: EntryKind,
    below name: EntryName,
    in directory: CopyDirectory
  ) -> Bool {
    guard var scope = directory.filter?.current.below(name) else { return false }
    var names = path.bytes.split(separator: UInt8(ascii: "/"))
    guard let last = names.popLast() else { return false }
    for name in names { scope = scope.below(EntryName(name)) }
    return scope.excludes(EntryName(last), isDirectory: kind == .directory)
  }

  private func tellMissing(
    below level: ListedNames.Level,
    _ name: EntryName,
    in directory: CopyDirectory,
    _ sides: DirectorySides
  ) {
    for path in level.paths {
      let whole = Self.joined(name, path)
      do {
        let found = try lookUp(path, below: name, sides)
        guard !isLeftOut(path, found.kind, below: name, in: directory) else { continue }
        run.tellSkipped(directory, whole, isDirectory: true)
      } catch {
        guard error != .noSuchFileOrDirectory || !run.options.rules.ignoresMissing else {
          continue
        }
        let path = directory.sourcePath(whole)
        run.fail(CopyError(.findArgument, path, error, .entry), in: directory, sides)
      }
    }
  }

  /// What a path below a listed directory stands for, only to know whether there is anything.
  private func lookUp(
    _ path: EntryName,
    below name: EntryName,
    _ sides: DirectorySides
  ) throws(Errno) -> EntryMetadata {
    try EntryLocation(
      directory: sides.source,
      name: Self.joined(name, path),
      followsLinks: run.options.rules.links?.followsAll == true
    ).metadata()
  }

  private static func joined(_ name: EntryName, _ path: EntryName) -> EntryName {
    EntryName(name.bytes + [UInt8(ascii: "/")] + path.bytes)
  }

  /// The directory that a link of the target leads to, where that stays and is used as the
  /// directory that the source has.
  ///
  /// - Throws: `Errno.tooManySymbolicLinkLevels` where the link leads out of the target, as in
  ///   rsync, unless such links are to be followed.
  private func keptReferent(
    of target: EntryLocation,
    _ source: SourceLookup.Found
  ) throws(Errno) -> EntryMetadata? {
    let isImplied = source.isImplied && !run.options.rules.keepsImpliedMetadata
    guard isImplied || run.options.rules.links?.keepsTargetDirectories == true else { return nil }
    let referent = EntryLocation(
      directory: target.directory,
      name: target.name,
      followsLinks: true
    )
    guard let found = try? referent.metadata(), found.kind == .directory else { return nil }
    guard run.options.followsForeignLinks || run.targetRoot.map(referent.isInside) == true else {
      throw .tooManySymbolicLinkLevels
    }
    return found
  }

  func tellSkipped(_ entry: FoundEntry, _ reason: SkippedEntry.Reason) {
    let isDirectory = entry.metadata.kind == .directory
    run.tellSkipped(entry.directory, entry.name, isDirectory: isDirectory, reason)
  }

  func tellUnsafe(_ entry: FoundEntry) {
    let contents = (try? entry.linkContents(run)) ?? .itself
    tellSkipped(entry, .unsafeLink(FilePath(contents)))
  }

  /// Finds out what only some rules ask for.
  func noteRareFacts(_ entry: inout FoundEntry) {
    let rules = run.options.rules
    if rules.links?.leavesOutUnsafe == true, entry.metadata.kind == .symbolicLink {
      let depth = entry.directory.relativePath(entry.targetName).components.count - 1
      let contents = try? entry.linkContents(run)
      entry.facts.isUnsafeLink = contents?.leadsOut(depth: depth) == true
    }
    if rules.leavesOutMounts, entry.metadata.kind == .directory {
      let identity = entry.metadata.identity
      entry.facts.isLeftOutMount = isOnOtherFilesystem(identity, in: entry.directory)
    }
  }
}

// Mounts.
extension EntryFinder {
  /// Whether something is mounted on an entry that a run leaves out.
  func isOnOtherFilesystem(_ entry: InodeIdentity, in directory: CopyDirectory) -> Bool {
    guard run.options.rules.staysOnFilesystem, directory.names.isRead,
      let above = directory.identity
    else { return false }
    return above.device != entry.device
  }
}
