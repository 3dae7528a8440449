// SPDX-License-Identifier: Apache-2.0

public import Kernel

/// Remembers, for each inode with several names, under which name it was copied.
///
/// Shared by all workers. An inode is forgotten when all its names were seen, so only those with
/// names still to come take memory: about 160 bytes each, with a name of 20 bytes.
public final class HardLinkTable<Name: Sendable & Equatable>: Sendable {
  /// What the one who found a name has to do.
  public enum Claim: Sendable {
    /// It is the first: copy the file, then call `published` or `failed`.
    case copy
    /// The file is there under this name: make a link.
    case link(Name)
    /// The file is being copied; who copies it makes the link.
    case wait
  }

  private struct Inode {
    /// The name it was copied under, once it is there.
    var published: Name?
    /// Whether somebody is copying it.
    var isBeingCopied: Bool
    /// How many of its names have not been seen yet.
    var remaining: UInt32
  }

  private struct Shard {
    var inodes: [InodeIdentity: Inode] = [:]
    /// Names that were found while the file was being copied.
    var waiting: [InodeIdentity: [Name]] = [:]
  }

  // So that workers do not wait for each other, and a table never grows all at once.
  private static var shardCount: Int { 64 }
  private let shards: [ShardBox]

  private final class ShardBox: Sendable {
    let shard = Lock(Shard())
  }

  /// How often each name may be met.
  private let passes: UInt32

  /// Makes an empty table.
  ///
  /// - Parameter passes: How often each name may be met: once, unless sources overlap.
  public init(passes: Int = 1) {
    self.passes = UInt32(clamping: passes)
    shards = (0..<Self.shardCount).map { _ in ShardBox() }
  }

  private func withShard<Result: Sendable>(
    of identity: InodeIdentity,
    _ body: (inout Shard) -> Result
  ) -> Result {
    let mixed = identity.inode &* 0x9e37_79b9_7f4a_7c15
    return shards[Int(mixed >> 58)].shard.withLock(body)
  }

  /// Says that a name of an inode was found.
  ///
  /// - Parameters:
  ///   - identity: The inode.
  ///   - links: How many names it has.
  ///   - name: The name that was found.
  /// - Returns: What to do with the name.
  public func claim(_ identity: InodeIdentity, links: UInt32, name: Name) -> Claim
  where Name: Sendable {
    withShard(of: identity) { shard in
      guard var inode = shard.inodes[identity] else {
        shard.inodes[identity] = Inode(
          published: nil,
          isBeingCopied: true,
          remaining: links.multipliedReportingOverflow(by: passes).partialValue &- 1
        )
        return .copy
      }
      inode.remaining = inode.remaining > 0 ? inode.remaining - 1 : 0
      guard let published = inode.published else {
        defer { shard.inodes[identity] = inode }
        guard inode.isBeingCopied else {
          // Who tried before has failed.
          inode.isBeingCopied = true
          return .copy
        }
        shard.waiting[identity, default: []].append(name)
        return .wait
      }
      shard.inodes[identity] = inode.remaining > 0 ? inode : nil
      return .link(published)
    }
  }

  /// Says that the file under this name can have no more names: the target's filesystem has a
  /// limit.
  ///
  /// - Parameters:
  ///   - identity: The inode.
  ///   - published: The name that a link was tried to.
  ///   - name: The name that should have been linked.
  /// - Returns: What to do with the name: the first of them is copied, and the others become names
  ///   of that copy.
  public func overflowed(_ identity: InodeIdentity, at published: Name, name: Name) -> Claim {
    withShard(of: identity) { shard in
      var inode =
        shard.inodes[identity]
        ?? Inode(
          published: published,
          isBeingCopied: false,
          remaining: 0
        )
      if let newer = inode.published, newer != published { return .link(newer) }
      guard !inode.isBeingCopied else {
        shard.waiting[identity, default: []].append(name)
        return .wait
      }
      inode.published = nil
      inode.isBeingCopied = true
      shard.inodes[identity] = inode
      return .copy
    }
  }

  /// Says that the file is there, and takes the names to be linked to it now.
  public func published(_ identity: InodeIdentity, as name: Name) -> [Name] {
    withShard(of: identity) { shard in
      let waiting = shard.waiting.removeValue(forKey: identity) ?? []
      if let inode = shard.inodes[identity], inode.remaining > 0 {
        shard.inodes[identity]?.published = name
        shard.inodes[identity]?.isBeingCopied = false
      } else {
        shard.inodes[identity] = nil
      }
      return waiting
    }
  }

  /// Says that the copy failed; the next of the waiting names, if any, is to be copied instead.
  public func failed(_ identity: InodeIdentity) -> Name? {
    withShard(of: identity) { shard in
      guard var waiting = shard.waiting[identity], !waiting.isEmpty else {
        // The next name to be found is copied, if there is one.
        let hasMore = shard.inodes[identity].map { $0.remaining > 0 } ?? false
        if hasMore {
          shard.inodes[identity]?.isBeingCopied = false
        } else {
          shard.inodes[identity] = nil
        }
        return nil
      }
      let next = waiting.removeFirst()
      shard.waiting[identity] = waiting.isEmpty ? nil : waiting
      return next
    }
  }
}
