// SPDX-License-Identifier: Apache-2.0

public import Kernel

/// Remembers, for each inode with several names, under which name it was copied.
///
/// Shared by all workers. An inode is forgotten when all its names were seen, so only those with
/// names still to come take memory: about 67 bytes each, with a name of 20 bytes.
public final class HardLinkTable<Name: PackableName>: Sendable {
  /// What the one who found a name has to do.
  public enum Claim: Sendable, Equatable {
    /// It is the first: copy the file, then call `published` or `failed`.
    case copy
    /// The file is there under this name: make a link.
    case link(Name)
    /// The file is being copied; who copies it makes the link.
    case wait
  }

  private struct Shard {
    var inodes = InodeRecords<Name>()
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
      guard let index = shard.inodes.index(of: identity) else {
        let names = links.multipliedReportingOverflow(by: passes).partialValue
        shard.inodes.add(identity, remaining: names &- 1)
        return .copy
      }
      let before = shard.inodes.remaining(at: index)
      let remaining = before > 0 ? before - 1 : 0
      shard.inodes.setRemaining(remaining, at: index)
      guard let published = shard.inodes.published(at: index) else {
        guard shard.inodes.isBeingCopied(at: index) else {
          // Who tried before has failed.
          shard.inodes.setBeingCopied(true, at: index)
          return .copy
        }
        shard.waiting[identity, default: []].append(name)
        return .wait
      }
      if remaining == 0 { shard.inodes.remove(at: index) }
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
      guard let index = shard.inodes.index(of: identity) else {
        shard.inodes.add(identity, remaining: 0)
        return .copy
      }
      if let newer = shard.inodes.published(at: index), newer != published { return .link(newer) }
      guard !shard.inodes.isBeingCopied(at: index) else {
        shard.waiting[identity, default: []].append(name)
        return .wait
      }
      shard.inodes.setBeingCopied(true, at: index)
      return .copy
    }
  }

  /// Says that the file is there, and takes the names to be linked to it now.
  public func published(_ identity: InodeIdentity, as name: Name) -> [Name] {
    withShard(of: identity) { shard in
      let waiting = shard.waiting.removeValue(forKey: identity) ?? []
      guard let index = shard.inodes.index(of: identity) else { return waiting }
      if shard.inodes.remaining(at: index) > 0 {
        shard.inodes.publish(as: name, at: index)
      } else {
        shard.inodes.remove(at: index)
      }
      return waiting
    }
  }

  /// Says that the copy failed; the next of the waiting names, if any, is to be copied instead.
  public func failed(_ identity: InodeIdentity) -> Name? {
    withShard(of: identity) { shard in
      guard var waiting = shard.waiting[identity], !waiting.isEmpty else {
        // The next name to be found is copied, if there is one.
        guard let index = shard.inodes.index(of: identity) else { return nil }
        if shard.inodes.remaining(at: index) > 0 {
          shard.inodes.setBeingCopied(false, at: index)
        } else {
          shard.inodes.remove(at: index)
        }
        return nil
      }
      let next = waiting.removeFirst()
      shard.waiting[identity] = waiting.isEmpty ? nil : waiting
      return next
    }
  }
}
