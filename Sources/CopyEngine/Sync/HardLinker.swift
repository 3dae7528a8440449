// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel

/// Further names of inodes that are copied under a first one.
struct HardLinker {
  private let table: HardLinkTable<LinkName>
  private let isWanted: Bool
  /// Names whose inode somebody else failed to copy, to be tried from here.
  private(set) var retries: [LinkName] = []

  init(_ run: RunContext, _ table: HardLinkTable<LinkName>) {
    self.table = table
    isWanted = run.preservation.contains(.hardLinks)
  }

  /// Whether an entry may have further names that count.
  private func mayHaveNames(_ entry: FoundEntry) -> Bool {
    isWanted && entry.metadata.links > 1
  }

  /// What to do with a name that was met.
  func claim(_ entry: FoundEntry) -> HardLinkTable<LinkName>.Claim {
    table.claim(entry.metadata.identity, links: entry.metadata.links, name: entry.linkName)
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
    if let next = table.failed(identity) { retries.append(next) }
    return []
  }

  /// Has a name copied like a first one, later.
  mutating func copyLater(_ name: LinkName) { retries.append(name) }

  /// A name that is to be copied.
  mutating func nextRetry() -> LinkName? { retries.popLast() }
}
