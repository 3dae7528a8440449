// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Finds out what the other sources have of a name, where several merge into one directory.
///
/// The table of names tells whom to ask, so that a name which one source alone has costs nothing,
/// and any other one look-up (`statx`).
struct SourceMerger {
  /// A directory that is to be read.
  struct Source {
    /// The directory that it lies in.
    let parent: CopyDirectory
    let metadata: EntryMetadata
    /// Whether its name is a link that leads to it.
    let followsLink: Bool
    /// Whether it is only there for what was listed below it.
    let isImplied: Bool
  }

  let run: RunContext
  let opener: DirectoryOpener

  private var takesDirectories: Bool { run.options.rules.takesDirectories }

  /// Whether another source has something of the name of an entry that is no directory, which
  /// counts before it.
  ///
  /// - Throws: Why that is not known.
  func isTaken(_ entry: FoundEntry) throws(CopyError) -> Bool {
    guard let place = opener.merged.place(of: entry.directory) else { return false }
    for holder in place.merged.holders(of: entry.name) where holder.index != place.index {
      let isEarlier = holder.index < place.index
      guard isEarlier || holder.mayBeDirectory && takesDirectories else { continue }
      let parent = place.merged.members[holder.index].directory
      guard let found = try find(entry.name, in: parent)?.metadata else { continue }
      if found.kind == .directory ? takesDirectories : isEarlier { return true }
    }
    return false
  }

  /// The directories that are read together with one that was found, in the order of the operands,
  /// with that one; none where all of them are on their way already.
  ///
  /// What another source has is told if it cannot be looked at.
  func sources(of entry: FoundEntry) -> [Source] {
    let own = Source(
      parent: entry.directory,
      metadata: entry.metadata,
      followsLink: entry.facts.followsSource,
      isImplied: entry.facts.isImplied
    )
    guard let place = opener.merged.place(of: entry.directory) else { return [own] }
    let holders = place.merged.holders(of: entry.name).filter(\.mayBeDirectory)
    guard holders.contains(where: { $0.index != place.index }) else { return [own] }
    guard place.merged.enter(entry.name) else { return [] }
    func others(_ isWanted: (Int) -> Bool) -> [Source] {
      holders.filter { isWanted($0.index) }.compactMap {
        source(entry.name, in: place.merged.members[$0.index].directory)
      }
    }
    return others { $0 < place.index } + [own] + others { $0 > place.index }
  }

  private func source(_ name: EntryName, in parent: CopyDirectory) -> Source? {
    do {
      guard let found = try find(name, in: parent), found.metadata.kind == .directory else {
        return nil
      }
      return Source(
        parent: parent,
        metadata: found.metadata,
        followsLink: found.followsLink,
        isImplied: found.isImplied
      )
    } catch {
      run.fail(error, at: FailedPlace(nearest: parent))
      return nil
    }
  }

  private func find(
    _ name: EntryName,
    in parent: CopyDirectory
  ) throws(CopyError) -> SourceLookup.Found? {
    let sides = try opener.open(parent)
    defer { withExtendedLifetime(sides) {} }
    let found: SourceLookup.Found
    do {
      found = try SourceLookup(run).find(name, in: parent, sides)
    } catch {
      // What is not there, or leads nowhere, is told when it is visited itself.
      let isMissing = error.errno == .noSuchFileOrDirectory || error.operation == .findReferent
      guard isMissing else { throw error }
      return nil
    }
    guard !found.isImplied else { return found }
    let isDirectory = found.metadata.kind == .directory
    let filter = SourceFilter(run: run)
    return filter.hides(name, isDirectory: isDirectory, in: parent, sides) ? nil : found
  }
}
