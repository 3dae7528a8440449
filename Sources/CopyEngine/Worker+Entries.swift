// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import SystemPackage
internal import Uring

/// One entry of a source directory, as it was found on both sides.
struct FoundEntry {
  let directory: CopyDirectory
  let handles: DirectoryHandles
  let name: EntryName
  let targetName: EntryName
  let metadata: EntryMetadata
  /// What has its name at the target.
  let existing: EntryMetadata?

  var source: EntryLocation {
    EntryLocation(directory: handles.source, name: name)
  }
  var target: EntryLocation {
    EntryLocation(directory: handles.target, name: targetName)
  }
  var sourcePath: FilePath { directory.sourcePath(name) }
  var targetPath: FilePath { directory.targetPath(targetName) }
  var linkName: LinkName { LinkName(directory: directory, name: name, targetName: targetName) }

  func change(to target: EntryLocation, isNew: Bool) -> MetadataChange {
    MetadataChange(
      directory: directory,
      name: name,
      targetName: targetName,
      source: source,
      target: target,
      wanted: metadata,
      current: existing?.kind == metadata.kind ? existing : nil,
      isNew: isNew
    )
  }
}

// Finding out what an entry is, and making what has no data.
extension Worker where Queue: ~Copyable {
  /// Copies one entry, or queues it.
  ///
  /// - Returns: What has to be read next: the entry itself, if it is a directory.
  mutating func visit(
    _ name: EntryName,
    as targetName: EntryName,
    in directory: CopyDirectory,
    _ handles: DirectoryHandles
  ) -> [WorkItem] {
    guard let entry = find(name, as: targetName, in: directory, handles) else { return [] }
    return visit(entry)
  }

  /// Copies an entry that was found, or queues it.
  mutating func visit(_ entry: FoundEntry) -> [WorkItem] {
    report.entriesVisited += 1
    let directory = entry.directory
    if entry.metadata.kind == .directory { return enter(entry) }
    directory.retainEntry()
    if !isShadowed(entry) && claim(entry) { copy(entry) } else { complete(directory) }
    return []
  }

  /// What an entry is on both sides (`statx`).
  mutating func find(
    _ name: EntryName,
    as targetName: EntryName,
    in directory: CopyDirectory,
    _ handles: DirectoryHandles
  ) -> FoundEntry? {
    let metadata: EntryMetadata
    do {
      metadata = try EntryLocation(directory: handles.source, name: name).metadata()
    } catch {
      fail(.source("cannot stat", directory.sourcePath(name), error))
      return nil
    }
    var existing: EntryMetadata?
    if !directory.isNew && handles.target >= 0 {
      do {
        existing = try EntryLocation(directory: handles.target, name: targetName)
          .metadataIfPresent()
      } catch {
        fail(.target("cannot stat", directory.targetPath(targetName), error))
        return nil
      }
    }
    return FoundEntry(
      directory: directory,
      handles: handles,
      name: name,
      targetName: targetName,
      metadata: metadata,
      existing: existing
    )
  }

  /// Whether an earlier source has something of this name for the same place.
  private func isShadowed(_ entry: FoundEntry) -> Bool {
    entry.handles.shadows.contains { shadow in
      guard shadow.covers(entry.name) else { return false }
      let location = EntryLocation(
        directory: shadow.directory.descriptor.rawValue,
        name: entry.name
      )
      return (try? location.metadata()) != nil
    }
  }

  /// Whether the options ask for this kind of entry, and nobody else copies its inode.
  private mutating func claim(_ entry: FoundEntry) -> Bool {
    let needed: Preservation =
      switch entry.metadata.kind {
      case .symbolicLink: .symbolicLinks
      case .device: .devices
      case .special: .specials
      case .file, .directory: []
      }
    guard run.preservation.contains(needed) else {
      run.observer.skipped(entry.directory.relativePath(entry.name), isDirectory: false)
      return false
    }
    guard entry.existing?.identity != entry.metadata.identity else {
      // The target is another name of the source itself: it cannot be more equal.
      report.entriesUnchanged += 1
      return false
    }
    guard run.preservation.contains(.hardLinks), entry.metadata.links > 1 else { return true }
    switch run.hardLinks.claim(
      entry.metadata.identity,
      links: entry.metadata.links,
      name: entry.linkName
    )
    {
    case .copy:
      return true
    case .link(let published):
      switch link(entry, to: published) {
      case .settled: return false
      case .mustCopy: return true
      case .waits: break
      }
    case .wait:
      break
    }
    // Who copies it makes the link, and lets go of the directory.
    entry.directory.retainEntry()
    return false
  }

  /// Whether the target has the contents of an entry that is no directory; its metadata may differ.
  func isUpToDate(_ entry: FoundEntry) -> Bool {
    guard let existing = entry.existing, existing.kind == entry.metadata.kind else { return false }
    switch existing.kind {
    case .file:
      return existing.size == entry.metadata.size
        && existing.modificationTime == entry.metadata.modificationTime
        && !needsOwnInode(entry, existing)
    case .symbolicLink:
      guard let contents = try? entry.source.symbolicLinkContents() else { return false }
      return (try? entry.target.symbolicLinkContents()) == contents
    case .device, .special:
      return existing.isSameNode(as: entry.metadata)
    case .directory:
      return true
    }
  }

  /// Whether the target shares its inode with a name that the source does not share it with, and
  /// the two would not agree on the metadata: then no run could satisfy both.
  private func needsOwnInode(_ entry: FoundEntry, _ existing: EntryMetadata) -> Bool {
    let wanted = entry.metadata
    guard run.preservation.contains(.hardLinks), existing.links > wanted.links else { return false }
    return run.preservation.contains(.permissions) && existing.permissions != wanted.permissions
      || run.preservation.contains(.owner) && existing.owner != wanted.owner
      || run.preservation.contains(.group) && existing.group != wanted.group
  }

  /// Copies an entry that is no directory, and lets go of its directory when that is done.
  mutating func copy(_ entry: FoundEntry) {
    switch entry.metadata.kind {
    case .file:
      copyFile(entry)
    case .symbolicLink:
      settle(entry, copySymbolicLink(entry))
    case .device, .special:
      settle(entry, copyNode(entry))
    case .directory:
      complete(entry.directory)
    }
  }

  /// Ends an entry: names that wait for it are linked, or one of them is tried instead.
  mutating func settle(_ entry: FoundEntry, _ isThere: Bool) {
    let identity = entry.metadata.identity
    if run.preservation.contains(.hardLinks) && entry.metadata.links > 1 {
      if isThere {
        for name in run.hardLinks.published(identity, as: entry.linkName) {
          linkWaiting(name, to: entry.linkName)
        }
      } else if let next = run.hardLinks.failed(identity) {
        retries.append(next)
      }
    }
    complete(entry.directory)
  }

  private mutating func copySymbolicLink(_ entry: FoundEntry) -> Bool {
    let contents: EntryName
    do {
      contents = try entry.source.symbolicLinkContents()
    } catch {
      fail(.source("cannot read link", entry.sourcePath, error))
      return false
    }
    if entry.existing?.kind == .symbolicLink,
      (try? entry.target.symbolicLinkContents()) == contents
    {
      return repair(entry, .symbolicLink(FilePath(contents)))
    }
    return make(entry, .symbolicLink(FilePath(contents)), "cannot make link") {
      (place) throws(Errno) in try place.makeSymbolicLink(to: contents)
    }
  }

  private mutating func copyNode(_ entry: FoundEntry) -> Bool {
    if isUpToDate(entry) {
      return repair(entry, .special)
    }
    return make(entry, .special, "cannot make node") { (place) throws(Errno) in
      try place.makeNode(like: entry.metadata)
    }
  }

  /// Makes an entry that has no data, with its metadata.
  private mutating func make(
    _ entry: FoundEntry,
    _ kind: EntryUpdate.Kind,
    _ operation: String,
    _ body: (EntryLocation) throws(Errno) -> Void
  ) -> Bool {
    guard clear(entry) else { return false }
    report.othersCreated += 1
    guard !run.options.isDryRun else {
      note(kind, entry.directory, entry.targetName, isNew: true)
      return true
    }
    do throws(Errno) {
      if try makeAtOnce(entry, body) {
        _ = apply(entry.change(to: entry.target, isNew: true))
      } else {
        let temporary = try entry.target.claimTemporary(random: &random, make: body)
        let place = EntryLocation(directory: entry.handles.target, name: temporary)
        _ = apply(entry.change(to: place, isNew: true))
        try place.renameOrRemove(to: entry.targetName)
      }
    } catch {
      report.othersCreated -= 1
      fail(.target(operation, entry.targetPath, error))
      return false
    }
    note(kind, entry.directory, entry.targetName, isNew: true)
    return true
  }

  /// Makes an entry under its own name, if nothing is in the way.
  ///
  /// - Returns: Whether it did; another run may have taken the name since it was looked for.
  func makeAtOnce(
    _ entry: FoundEntry,
    _ body: (EntryLocation) throws(Errno) -> Void
  ) throws(Errno) -> Bool {
    guard entry.existing == nil || entry.existing?.kind == .directory else { return false }
    do {
      try body(entry.target)
      return true
    } catch {
      guard error == .fileExists else { throw error }
      return false
    }
  }

  /// Repairs the metadata of an entry whose contents are right.
  mutating func repair(_ entry: FoundEntry, _ kind: EntryUpdate.Kind) -> Bool {
    if apply(entry.change(to: entry.target, isNew: false)) {
      note(kind, entry.directory, entry.targetName, isNew: false)
    } else {
      report.entriesUnchanged += 1
    }
    return true
  }

  /// Makes way where a directory has the name: it is removed if it is empty, as rsync does.
  mutating func clear(_ entry: FoundEntry) -> Bool {
    guard entry.existing?.kind == .directory, !run.options.isDryRun else { return true }
    do {
      try entry.target.removeDirectory()
      return true
    } catch {
      fail(.target("cannot replace directory", entry.targetPath, error))
      return false
    }
  }
}

extension FilePath {
  /// The path that a name, such as the contents of a link, spells.
  init(_ name: EntryName) {
    unsafe self.init(platformString: name.bytes.map { CChar(bitPattern: $0) } + [0])
  }
}
