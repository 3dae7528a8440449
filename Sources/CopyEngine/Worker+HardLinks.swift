// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import SystemPackage

// Further names of an inode that was copied under another name.
extension Worker where Queue: ~Copyable {
  /// Makes an entry a further name of a file that is at the target.
  ///
  /// - Returns: Whether that is settled; otherwise the entry has to be copied like a first name.
  mutating func link(_ entry: FoundEntry, to published: LinkName) -> Bool {
    let path = published.directory.targetPath(published.targetName)
    guard !run.options.isDryRun else {
      return noteLink(entry, published)
    }
    do {
      let handles = try run.opener.open(published.directory)
      let first = EntryLocation(directory: handles.target, name: published.targetName)
      guard let identity = try? first.metadata().identity else { return false }
      if entry.existing?.identity == identity {
        report.entriesUnchanged += 1
        return true
      }
      guard clear(entry) else { return true }
      return try link(entry, to: first) && noteLink(entry, published)
    } catch {
      fail(
        CopyError(
          "cannot link to \(path): \(error.operation)",
          entry.targetPath,
          error.errno,
          error.severity
        )
      )
      return true
    }
  }

  private mutating func noteLink(_ entry: FoundEntry, _ published: LinkName) -> Bool {
    report.hardLinksMade += 1
    let first = published.directory.relativePath(published.targetName)
    note(.hardLink(first), entry.directory, entry.targetName, isNew: true)
    return true
  }

  private mutating func link(_ entry: FoundEntry, to first: EntryLocation) throws(CopyError) -> Bool
  {
    do throws(Errno) {
      if entry.existing != nil && entry.existing?.kind != .directory {
        let temporary = try entry.target.claimTemporary(random: &random) { (place) throws(Errno) in
          try place.makeHardLink(to: first)
        }
        try EntryLocation(directory: entry.handles.target, name: temporary)
          .renameOrRemove(to: entry.targetName)
      } else {
        try entry.target.makeHardLink(to: first)
      }
      return true
    } catch {
      // Too many names for the target's filesystem, or a name on another one: a copy is as good.
      if error == .tooManyLinks || error == .improperLink { return false }
      throw .target("cannot make link", entry.targetPath, error)
    }
  }

  /// Links a name that waited for its inode to be copied, and lets go of its directory.
  mutating func linkWaiting(_ waiting: LinkName, to published: LinkName) {
    guard let entry = findAgain(waiting) else { return complete(waiting.directory) }
    if link(entry, to: published) {
      complete(waiting.directory)
    } else {
      copy(entry)
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
      return find(waiting.name, as: waiting.targetName, in: waiting.directory, handles)
    } catch {
      fail(error)
      return nil
    }
  }
}
