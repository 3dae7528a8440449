// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

// Entering directories.
extension EntryVisitor where Work: ~Copyable {
  mutating func enter(_ entry: FoundEntry, isMade: Bool) -> Visit {
    guard !entry.directory.isMerged else { return enterMerged(entry, isMade: isMade) }
    guard let way = wayToContents(entry.name, in: entry.directory, entry.sides) else {
      return .done
    }
    guard !entry.facts.followsSource || !isLoop(entry) else { return .done }
    noteEntered(entry.metadata)
    let outcome = isMade ? executor.makeDirectory(entry) : .isThere
    if case .failed = outcome { return .done }
    let child = CopyDirectory(
      entry.name,
      in: entry.directory,
      identity: entry.metadata.identity,
      metadata: metadataBefore(entry.metadata, isImplied: entry.facts.isImplied),
      isNew: outcome == .made || outcome == .isMissing,
      isMissing: outcome == .isMissing,
      timeBefore: entry.existing?.modificationTime,
      names: entry.directory.names.below(entry.name, run.options.rules),
      followsLinks: entry.facts.followedSides,
      wayToContents: way
    )
    if isRead(child) { return .directory(child) }
    complete(child)
    return .done
  }

  /// Enters a directory that other sources may have as well.
  private mutating func enterMerged(_ entry: FoundEntry, isMade: Bool) -> Visit {
    let sources = merger.sources(of: entry)
    guard let first = sources.first(where: { !$0.isImplied || keepsImplied }) ?? sources.first
    else { return .done }
    guard !areEmpty(sources, entry.name) else { return .done }
    for source in sources { noteEntered(source.metadata) }
    guard !entry.facts.followsSource || !isLoop(entry) else { return .done }
    let outcome = isMade ? executor.makeDirectory(entry) : .isThere
    if case .failed = outcome { return .done }
    let change = sources.count > 1 ? CopyDirectory.Change(isMade: outcome == .made) : nil
    var children: [CopyDirectory] = []
    for source in sources {
      let child = CopyDirectory(
        entry.name,
        in: source.parent,
        identity: source.metadata.identity,
        metadata: metadataBefore(first.metadata, isImplied: first.isImplied),
        // Other sources may put something there.
        isNew: outcome == .isMissing || outcome == .made && children.isEmpty,
        isMissing: outcome == .isMissing,
        isMerged: change != nil,
        timeBefore: entry.existing?.modificationTime,
        names: source.parent.names.below(entry.name, run.options.rules),
        followsLinks: followedSides(source, entry),
        sharing: change
      )
      if isRead(child) { children.append(child) } else { complete(child) }
    }
    guard children.count > 1 else { return children.first.map { .directory($0) } ?? .done }
    return .merged(MergedDirectory(children.map { MergedDirectory.Member($0) }))
  }

  private func followedSides(
    _ source: SourceMerger.Source,
    _ entry: FoundEntry
  ) -> CopyDirectory.FollowedSides {
    var sides = entry.facts.followedSides
    if source.followsLink { sides.insert(.source) } else { sides.remove(.source) }
    return sides
  }

  /// Whether a link leads to a directory that it lies in, which is told: that would never end.
  private func isLoop(_ entry: FoundEntry) -> Bool {
    var above: CopyDirectory? = entry.directory
    while let directory = above {
      guard directory.identity != entry.metadata.identity else {
        let error = CopyError(.followLink, entry.sourcePath, .tooManySymbolicLinkLevels, .entry)
        run.fail(error, at: FailedPlace(entry))
        return true
      }
      above = directory.parent
    }
    return false
  }

  /// The way to what a directory has that is no directory, as far as it is known; `nil` where it
  /// has nothing, and is left out for that.
  private func wayToContents(
    _ name: EntryName,
    in directory: CopyDirectory,
    _ sides: DirectorySides
  ) -> ArraySlice<EntryName>? {
    guard run.options.rules.filters.prunesEmptyDirectories else { return [] }
    guard case .filled(let way) = DirectoryPruner(run: run).contents(of: name, in: directory, sides)
    else { return nil }
    return way
  }

  /// Whether a directory is left out since no source has anything else in it.
  private func areEmpty(_ sources: [SourceMerger.Source], _ name: EntryName) -> Bool {
    guard run.options.rules.filters.prunesEmptyDirectories else { return false }
    return sources.allSatisfy { source in
      guard let sides = try? opener.open(source.parent) else { return false }
      defer { withExtendedLifetime(sides) {} }
      return wayToContents(name, in: source.parent, sides) == nil
    }
  }

  /// Whether a directory is read, and not only made, as one is on which something is mounted that a
  /// run leaves out.
  private func isRead(_ directory: CopyDirectory) -> Bool {
    if case .nobody = directory.names { return false }
    guard let parent = directory.parent, let identity = directory.identity else { return true }
    return !finder.isOnOtherFilesystem(identity, in: parent)
  }

  /// Whether a directory would be read.
  func isEntered(_ entry: FoundEntry) -> Bool {
    if case .nobody = entry.directory.names.below(entry.name, run.options.rules) { return false }
    return !finder.isOnOtherFilesystem(entry.metadata.identity, in: entry.directory)
  }

  /// What a directory was when the run began: the target, where it is mounted below the source, is
  /// not what it was.
  ///
  /// - Returns: `nil` where the metadata of directories above what was listed is not kept.
  private func metadataBefore(_ metadata: EntryMetadata, isImplied: Bool) -> EntryMetadata? {
    guard !isImplied || keepsImplied else { return nil }
    guard metadata.identity == run.targetRoot else { return metadata }
    return run.nearestTarget ?? metadata
  }

  private var keepsImplied: Bool { run.options.rules.keepsImpliedMetadata }
}

extension EntryFacts {
  /// On which sides the name is a link to what counts.
  var followedSides: CopyDirectory.FollowedSides {
    var sides: CopyDirectory.FollowedSides = []
    if followsSource { sides.insert(.source) }
    if followsTarget { sides.insert(.target) }
    return sides
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
    if !isLinked && entry.metadata.kind == .file { return copied(entry) }
    finish(entry, isThere: isLinked || executor.make(entry), isSent: !isLinked)
    return .done
  }
}
