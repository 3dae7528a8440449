// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Finds the names of a directory of the target that all of its sources lack, and has them removed.
///
/// The names of the source are known by fingerprints, where there are not too many of them, so that
/// a name which both sides have costs no call. What seems to be missing, or is one of too many, is
/// looked up (`statx`) before it is removed.
final class TargetSweep {
  /// A directory of the target, and where the names are that it may have.
  struct Subject {
    /// The directory of the source, or the first of several.
    let directory: CopyDirectory
    /// Its open sides.
    let sides: DirectorySides
    /// All sources with the table of their names, where several merge.
    var merged: (directory: MergedDirectory, names: MergedNames)?
  }

  private let run: RunContext
  private let opener: DirectoryOpener
  private let share: (inout [DoomedWork]) -> Bool
  private let filter: SourceFilter
  private var reader = DirectoryReader()
  /// The fingerprints of the one source's names, as far as they are known.
  private var names: Set<Int> = []
  /// The rules that keep names of the directory.
  private var rules: FilterScope?
  /// Whether nobody uses the temporary names in the directory, once that was asked.
  private var temporariesAreFree: Bool?
  /// Whether the directory tells all names apart, once that was asked.
  private var areNamesApart: Bool?
  /// The names of all sources, each by what it has in common with similar ones, once one was asked
  /// for.
  private var similar: [String: [(name: EntryName, directory: CopyDirectory)]]?

  /// More names than this are looked up one by one: some 0.5 MiB.
  private static var namesMax: Int { 32_768 }
  /// Of one directory no more trees than this wait to be removed by whoever has time.
  private static var foundMax: Int { 4_096 }

  /// Makes the sweep of one worker.
  ///
  /// - Parameters:
  ///   - run: What it belongs to.
  ///   - opener: Opens directories.
  ///   - share: Leaves some trees to other workers, and says whether it could.
  init(
    _ run: RunContext,
    _ opener: DirectoryOpener,
    share: @escaping (inout [DoomedWork]) -> Bool
  ) {
    self.run = run
    self.opener = opener
    self.share = share
    filter = SourceFilter(run: run)
  }

  /// Removes what is no directory (`getdents64`, `statx`, `unlinkat`).
  ///
  /// Of many trees some are left to workers that wait, while the directory is still read.
  ///
  /// - Returns: The other trees that are to be removed, for each of which the directory waits.
  func sweep(_ subject: Subject, _ remover: TreeRemover) -> [DoomedWork] {
    guard subject.sides.target >= 0, !isBelowLink(subject.directory), isOnFilesystem(subject),
      mayGoOn
    else { return [] }
    var found: [DoomedWork] = []
    temporariesAreFree = nil
    areNamesApart = nil
    similar = nil
    rules = protection(of: subject)
    guard mayGoOn else { return [] }
    names.removeAll(keepingCapacity: true)
    do throws(CopyError) {
      if subject.merged == nil { try readNames(of: subject) }
      guard mayGoOn else { return [] }
      do throws(Errno) {
        try DirectoryReader.seek(subject.sides.target, to: 0)
        while mayGoOn, try reader.fill(from: subject.sides.target) {
          while mayGoOn, let entry = reader.next() {
            if isKept(entry, subject) {
              if run.wants(.filters) { _ = isProtected(entry, subject) }
            } else {
              remove(entry, subject, remover, &found)
            }
          }
        }
      } catch {
        throw .target(.readTargetDirectory, subject.directory.targetPath(), error)
      }
    } catch {
      run.fail(error, in: subject.directory, subject.sides)
    }
    return found
  }

  /// Whether names may still be removed.
  private var mayGoOn: Bool {
    if run.deletions.isOpen { return !run.shouldStop }
    run.tellHeldBack()
    return false
  }

  /// Whether a link of the target leads to a directory (`-K`): another directory of the source may
  /// be copied to the same place, so that what the one lacks may be there for the other.
  private func isBelowLink(_ directory: CopyDirectory) -> Bool {
    guard run.options.rules.links?.keepsTargetDirectories == true else { return false }
    var nearest: CopyDirectory? = directory
    while let found = nearest {
      if found.followsLinks.contains(.target) { return true }
      nearest = found.parent
    }
    return false
  }

  /// Whether a directory is not left out since it is on another filesystem of the target than the
  /// one that its operand leads to.
  private func isOnFilesystem(_ subject: Subject) -> Bool {
    guard run.options.rules.staysOnFilesystem, let own = subject.sides.targetMetadata else {
      return true
    }
    var top = subject.directory
    while let above = top.parent, above.metadata != nil { top = above }
    guard top !== subject.directory, let known = top.lastKept?.target else { return true }
    return known.device == own.identity.device
  }

  private func readNames(of subject: Subject) throws(CopyError) {
    let (directory, sides) = (subject.directory, subject.sides)
    let rules = filter.scope(of: directory, sides)
    do throws(Errno) {
      try DirectoryReader.seek(sides.source, to: 0)
      while names.count < Self.namesMax, try reader.fill(from: sides.source) {
        while let entry = reader.next() {
          if let rules, filter.hides(entry, in: directory, rules, sides) { continue }
          if mayBeFollowed(entry), !filter.canBeFound(entry.name, in: directory, sides) {
            // It is told when it is visited, which comes after this.
            run.deletions.close()
          }
          names.insert(entry.name.hashValue)
        }
      }
    } catch {
      throw .source(.readDirectory, directory.sourcePath(), error)
    }
  }

  /// Whether a name of the source may be a link that is followed.
  private func mayBeFollowed(_ entry: DirectoryEntry) -> Bool {
    guard run.options.rules.links?.followsSource == true else { return false }
    return entry.kind == nil || entry.kind == .symbolicLink
  }

  /// The rules that keep names of a directory; each source that is read has them for what is below.
  private func protection(of subject: Subject) -> FilterScope? {
    for member in subject.merged?.directory.members ?? [] where member.onlyName == nil {
      _ = member.directory.protection?.scope(in: subject.sides.target, of: run)
    }
    return subject.directory.protection?.scope(in: subject.sides.target, of: run)
  }

  private func isKept(_ entry: DirectoryEntry, _ subject: Subject) -> Bool {
    do throws(CopyError) {
      guard let merged = subject.merged else {
        if names.contains(entry.name.hashValue) && !prunes { return true }
        if try isPresent(entry.name, in: subject.directory, subject.sides) { return true }
        return try isCopied(entry.name, subject)
      }
      for holder in merged.names.holders(of: entry.name) {
        let member = merged.directory.members[holder.index]
        if let only = member.onlyName {
          if only == entry.name { return true }
          continue
        }
        let sides = try opener.open(member.directory)
        if try isPresent(entry.name, in: member.directory, sides) { return true }
      }
      return try isCopied(entry.name, subject)
    } catch {
      run.fail(error, at: FailedPlace(nearest: subject.directory))
      return true
    }
  }

  /// Whether what a name leads to was copied from another one, which the target takes for the same.
  private func isCopied(_ name: EntryName, _ subject: Subject) throws(CopyError) -> Bool {
    guard run.options.deletion.sweep?.followsCopy == true, !tellsNamesApart(subject) else {
      return false
    }
    for other in try similarNames(to: name, subject) {
      let sides = try opener.open(other.directory)
      guard try isPresent(other.name, in: other.directory, sides) else { continue }
      do throws(Errno) {
        if try SimilarNames.areOne(name, other.name, in: subject.sides.target) { return true }
      } catch {
        throw .target(.stat, subject.directory.targetPath(name), error)
      }
    }
    return false
  }

  /// Names of the sources that the target may take for one of its own (`getdents64`).
  private func similarNames(
    to name: EntryName,
    _ subject: Subject
  ) throws(CopyError) -> [(name: EntryName, directory: CopyDirectory)] {
    let key = SimilarNames.key(of: name)
    if let known = similar { return known[key] ?? [] }
    var found: [String: [(name: EntryName, directory: CopyDirectory)]] = [:]
    let alone = (directory: subject.directory, onlyName: EntryName?.none)
    let members = subject.merged?.directory.members.map { ($0.directory, $0.onlyName) } ?? [alone]
    for (directory, onlyName) in members {
      if let onlyName {
        found[SimilarNames.key(of: onlyName), default: []].append((onlyName, directory))
        continue
      }
      let sides = try opener.open(directory)
      var reader = DirectoryReader()
      do throws(Errno) {
        try DirectoryReader.seek(sides.source, to: 0)
        while try reader.fill(from: sides.source) {
          while let entry = reader.next() {
            found[SimilarNames.key(of: entry.name), default: []].append((entry.name, directory))
          }
        }
      } catch {
        throw .source(.readDirectory, directory.sourcePath(), error)
      }
    }
    similar = found
    return found[key] ?? []
  }

  /// Whether a source has a name (`statx`).
  private func isPresent(
    _ name: EntryName,
    in directory: CopyDirectory,
    _ sides: DirectorySides
  ) throws(CopyError) -> Bool {
    do {
      let found = try EntryLocation(directory: sides.source, name: name).metadataIfPresent()
      guard let found else { return false }
      let isDirectory = found.kind == .directory
      if prunes && isDirectory && isPruned(name, in: directory, sides) { return false }
      return !filter.hides(name, isDirectory: isDirectory, in: directory, sides)
    } catch {
      throw .source(.stat, directory.sourcePath(name), error)
    }
  }

  /// Whether directories are left out in which nothing else is copied, so that the target loses
  /// them as well.
  private var prunes: Bool { run.options.rules.filters.prunesEmptyDirectories }

  private func isPruned(
    _ name: EntryName,
    in directory: CopyDirectory,
    _ sides: DirectorySides
  ) -> Bool {
    let pruner = DirectoryPruner(run: run)
    guard case .empty = pruner.contents(of: name, in: directory, sides) else { return false }
    return true
  }

  private func remove(
    _ entry: DirectoryEntry,
    _ subject: Subject,
    _ remover: TreeRemover,
    _ found: inout [DoomedWork]
  ) {
    let (name, directory) = (entry.name, subject.directory)
    if remover.names.isBackup(name) { return }
    if name.isTemporary && !areTemporariesFree(subject) { return }
    guard let kind = entry.kind ?? kind(of: name, subject) else { return }
    guard !isProtected(entry, subject, kind) else { return }
    let place = EntryLocation(directory: subject.sides.target, name: name)
    if kind == .directory, run.backups?.isAt(place) == true { return }
    if !remover.names.isDry { noteSweep(subject) }
    guard kind == .directory else {
      _ = remover.names.remove(name, kind, from: subject.sides.target, .run(directory))
      return
    }
    let doomed = DoomedDirectory(name, in: directory)
    guard tellsNamesApart(subject), found.count < Self.foundMax || share(&found) else {
      _ = remover.removeNow(doomed)
      return
    }
    directory.retainEntry()
    found.append(DoomedWork(directory: doomed, inode: entry.inode))
  }

  /// Whether rules keep a name from being removed, which is told.
  private func isProtected(
    _ entry: DirectoryEntry,
    _ subject: Subject,
    _ known: EntryKind? = nil
  ) -> Bool {
    guard let rules, let kind = known ?? entry.kind else { return false }
    return run.filters(
      entry.name,
      isDirectory: kind == .directory,
      subject.directory.relativePath(entry.name),
      .receiver,
      rules
    )
  }

  /// Whether no other name means the same entry: else one that the source has may mean a tree that
  /// goes, and who copies it must not come before that is gone.
  private func tellsNamesApart(_ subject: Subject) -> Bool {
    if let known = areNamesApart { return known }
    let areApart = FilesystemCalls.tellsNamesApart(in: subject.sides.target)
    areNamesApart = areApart
    return areApart
  }

  /// What a name of the target is, where its directory does not tell; `nil` where it is gone.
  private func kind(of name: EntryName, _ subject: Subject) -> EntryKind? {
    do {
      return try EntryLocation(directory: subject.sides.target, name: name)
        .metadataIfPresent()?.kind
    } catch {
      let path = subject.directory.targetPath(name)
      run.fail(.target(.delete, path, error), in: subject.directory, subject.sides)
      return nil
    }
  }

  private func noteSweep(_ subject: Subject) {
    guard let found = subject.sides.targetMetadata else { return }
    if subject.directory.parent == nil { run.deletions.noteRoot() }
    subject.directory.noteSweep(of: found)
    for member in subject.merged?.directory.members ?? [] where member.onlyName == nil {
      member.directory.noteSweep(of: found)
    }
  }

  /// Whether temporary names in the directory are of runs that are dead: who has some there holds a
  /// lock on it.
  private func areTemporariesFree(_ subject: Subject) -> Bool {
    if let known = temporariesAreFree { return known }
    let areFree = AbandonedTemporaries.areUnused(in: subject.sides.target)
    temporariesAreFree = areFree
    return areFree
  }
}
