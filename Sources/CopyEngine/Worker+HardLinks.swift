// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import SystemPackage

/// What became of a name that was to be linked.
enum LinkOutcome {
  /// It is linked, or that it cannot be was reported.
  case settled
  /// It has to be copied like a first name.
  case mustCopy
  /// It waits for a new first name to be copied.
  case waits
}

// Further names of an inode that was copied under another name.
extension Worker where Queue: ~Copyable {
  /// Makes an entry a further name of a file that is at the target.
  mutating func link(_ entry: FoundEntry, to published: LinkName) -> LinkOutcome {
    guard !run.options.isDryRun else {
      if isLinked(entry, to: published) {
        report.entriesUnchanged += 1
      } else {
        noteLink(entry, published)
      }
      return .settled
    }
    do {
      // A directory that has its own permissions by now may be closed to an ordinary user.
      guard let handles = try? openAgain(published.directory) else { return .mustCopy }
      defer { withExtendedLifetime(handles) {} }
      let first = EntryLocation(directory: handles.target, name: published.targetName)
      guard let identity = try? first.metadata().identity else { return .mustCopy }
      if entry.existing?.identity == identity {
        report.entriesUnchanged += 1
        return .settled
      }
      guard clear(entry) else { return .settled }
      try makeLink(entry, to: first)
      noteLink(entry, published)
      return .settled
    } catch {
      return linkFailed(entry, published, error)
    }
  }

  /// Whether a dry run finds an entry linked already, to a name that a run would leave alone.
  private mutating func isLinked(_ entry: FoundEntry, to published: LinkName) -> Bool {
    // Both are one inode at the source, so that what is right for the one is right for the other.
    guard isUpToDate(entry), let handles = try? openAgain(published.directory),
      handles.target >= 0
    else { return false }
    defer { withExtendedLifetime(handles) {} }
    let first = EntryLocation(directory: handles.target, name: published.targetName)
    return (try? first.metadata().identity) == entry.existing?.identity
  }

  /// The descriptors of a directory that may be done; links to one directory often come in a row.
  private mutating func openAgain(
    _ directory: CopyDirectory
  ) throws(CopyError) -> DirectoryHandles {
    if let (known, handles) = linkedDirectory, known === directory { return handles }
    let handles = try run.opener.open(directory)
    linkedDirectory = (directory, handles)
    return handles
  }

  private mutating func linkFailed(
    _ entry: FoundEntry,
    _ published: LinkName,
    _ error: CopyError
  ) -> LinkOutcome {
    switch error.errno {
    case .improperLink:
      // The two lie on different filesystems of the target: a copy is as good.
      return .mustCopy
    case .tooManyLinks:
      let identity = entry.metadata.identity
      switch run.hardLinks.overflowed(identity, at: published, name: entry.linkName) {
      case .copy: return .mustCopy
      case .wait: return .waits
      case .link(let newer): return link(entry, to: newer)
      }
    default:
      fail(error)
      return .settled
    }
  }

  private mutating func noteLink(_ entry: FoundEntry, _ published: LinkName) {
    report.hardLinksMade += 1
    let first = published.directory.relativePath(published.targetName)
    note(.hardLink(first), entry.directory, entry.targetName, isNew: true)
  }

  private mutating func makeLink(
    _ entry: FoundEntry,
    to first: EntryLocation
  ) throws(CopyError) {
    do throws(Errno) {
      let isMade = try makeAtOnce(entry) { (place) throws(Errno) in
        try place.makeHardLink(to: first)
      }
      if isMade { return }
      let temporary = try entry.target.claimTemporary(random: &random) { (place) throws(Errno) in
        try place.makeHardLink(to: first)
      }
      try EntryLocation(directory: entry.handles.target, name: temporary)
        .renameOrRemove(to: entry.targetName)
    } catch {
      throw .target("cannot make link", entry.targetPath, error)
    }
  }

  /// Links a name that waited for its inode to be copied, and lets go of its directory.
  mutating func linkWaiting(_ waiting: LinkName, to published: LinkName) {
    guard let entry = findAgain(waiting) else { return complete(waiting.directory) }
    switch link(entry, to: published) {
    case .settled: complete(waiting.directory)
    // Not from here: buffers of files that are just being written would be waited for.
    case .mustCopy: retries.append(waiting)
    case .waits: break
    }
  }

  /// Copies a name whose inode could not be copied under another name.
  mutating func copyAgain(_ waiting: LinkName) {
    guard let entry = findAgain(waiting) else { return complete(waiting.directory) }
    copy(entry)
  }

  private mutating func findAgain(_ waiting: LinkName) -> FoundEntry? {
    do {
      let handles = try run.opener.open(waiting.directory)
      defer { withExtendedLifetime(handles) {} }
      return find(waiting.name, as: waiting.targetName, in: waiting.directory, handles)
    } catch {
      fail(error)
      return nil
    }
  }
}
