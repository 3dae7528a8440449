// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel

// Entering directories.
extension EntryVisitor where Work: ~Copyable {
  mutating func enter(_ entry: FoundEntry, isMade: Bool) -> Visit {
    guard !entry.directory.isMerged else { return enterMerged(entry, isMade: isMade) }
    noteEntered(entry.metadata)
    let outcome = isMade ? executor.makeDirectory(entry) : .isThere
    if case .failed = outcome { return .done }
    let child = CopyDirectory(
      entry.name,
      in: entry.directory,
      identity: entry.metadata.identity,
      metadata: metadataBefore(entry.metadata),
      isNew: outcome == .made || outcome == .isMissing,
      isMissing: outcome == .isMissing,
      timeBefore: entry.existing?.modificationTime
    )
    if isRead(child) { return .directory(child) }
    complete(child)
    return .done
  }

  /// Enters a directory that other sources may have as well.
  private mutating func enterMerged(_ entry: FoundEntry, isMade: Bool) -> Visit {
    let sources = merger.sources(of: entry)
    guard let first = sources.first else { return .done }
    for source in sources { noteEntered(source.metadata) }
    let outcome = isMade ? executor.makeDirectory(entry) : .isThere
    if case .failed = outcome { return .done }
    let change = sources.count > 1 ? CopyDirectory.Change() : nil
    var children: [CopyDirectory] = []
    for source in sources {
      let child = CopyDirectory(
        entry.name,
        in: source.parent,
        identity: source.metadata.identity,
        metadata: metadataBefore(first.metadata),
        // Other sources may put something there.
        isNew: outcome == .isMissing || outcome == .made && children.isEmpty,
        isMissing: outcome == .isMissing,
        isMerged: change != nil,
        timeBefore: entry.existing?.modificationTime,
        sharing: change
      )
      if isRead(child) { children.append(child) } else { complete(child) }
    }
    guard children.count > 1 else { return children.first.map { .directory($0) } ?? .done }
    return .merged(MergedDirectory(children.map { MergedDirectory.Member($0) }))
  }

  /// Whether a directory is read, and not only made, as one is on which something is mounted that a
  /// run leaves out.
  private func isRead(_ directory: CopyDirectory) -> Bool {
    guard let parent = directory.parent, let identity = directory.identity else { return true }
    return !isOnOtherFilesystem(identity, in: parent)
  }

  /// Whether something is mounted on an entry that a run leaves out.
  func isOnOtherFilesystem(_ entry: InodeIdentity, in directory: CopyDirectory) -> Bool {
    guard run.options.rules.staysOnFilesystem, let above = directory.identity else { return false }
    return above.device != entry.device
  }

  /// What a directory was when the run began: the target, where it is mounted below the source, is
  /// not what it was.
  private func metadataBefore(_ metadata: EntryMetadata) -> EntryMetadata {
    guard metadata.identity == run.targetRoot else { return metadata }
    return run.nearestTarget ?? metadata
  }
}

// Trees beside the target.
extension EntryVisitor where Work: ~Copyable {
  /// Makes an entry a further name of what a tree has, or where that cannot be a copy of it.
  mutating func linkToBasis(_ entry: FoundEntry) -> Visit {
    guard let isLinked = executor.linkToBasis(entry) else {
      finish(entry, isThere: false, isSent: false)
      return .done
    }
    if !isLinked && entry.metadata.kind == .file { return .file }
    finish(entry, isThere: isLinked || executor.make(entry), isSent: !isLinked)
    return .done
  }
}
