// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel

/// Further names of inodes that are copied under a first one.
struct HardLinker {
  private let table: HardLinkTable<LinkName>
  private let isWanted: Bool
  private let followsLinks: Bool
  /// Names whose inode somebody else failed to copy, to be tried from here.
  private(set) var retries: [Retry] = []

  /// A name to be copied like a first one.
  struct Retry {
    let name: LinkName
    /// The inode that it was a name of, which other names may wait for.
    let identity: InodeIdentity
  }

  init(_ run: RunContext, _ table: HardLinkTable<LinkName>) {
    self.table = table
    isWanted = run.preservation.contains(.hardLinks)
    followsLinks = run.options.rules.links?.followsSource == true
  }

  /// Whether an entry may have further names that count.
  private func mayHaveNames(_ entry: FoundEntry) -> Bool {
    isWanted && entry.metadata.links > 1
  }

  /// What to do with a name that was met.
  func claim(_ entry: FoundEntry) -> HardLinkTable<LinkName>.Claim {
    // Links that are followed are further names.
    let links = followsLinks ? UInt32.max : entry.metadata.links
    return table.claim(entry.metadata.identity, links: links, name: entry.linkName)
  }

  /// What to do with a name where the first one can have no more.
  func overflow(_ entry: FoundEntry, at published: LinkName) -> HardLinkTable<LinkName>.Claim {
    table.overflowed(entry.metadata.identity, at: published, name: entry.linkName)
  }

  /// Notes that a first name is done.
  ///
  /// - Returns: The names that waited for it, to be linked now.
  mutating func firstNameDone(_ entry: FoundEntry, isThere: Bool) -> [LinkName] {
    guard mayHaveNames(entry) else { return [] }
    let identity = entry.metadata.identity
    if isThere { return table.published(identity, as: entry.linkName) }
    giveUp(identity)
    return []
  }

  /// Notes that a name is no first name any more: one of those that wait is tried instead.
  mutating func giveUp(_ identity: InodeIdentity) {
    guard let next = table.failed(identity) else { return }
    retries.append(Retry(name: next, identity: identity))
  }

  /// Has an entry copied like a first name, later.
  mutating func copyLater(_ entry: FoundEntry) {
    retries.append(Retry(name: entry.linkName, identity: entry.metadata.identity))
  }

  /// A name that is to be copied.
  mutating func nextRetry() -> Retry? { retries.popLast() }
}
