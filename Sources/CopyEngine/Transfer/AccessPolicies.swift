// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import Storage

/// How the files of one filesystem are read, or written.
struct Access: Equatable, Sendable {
  /// One of the modes, never `auto`.
  let mode: TransferOptions.CacheMode
  /// What direct I/O has to be aligned to, in bytes.
  let alignment: Int
  let reason: AccessReason
  /// What it is, as far as writing has rules of its own there.
  let kind: FilesystemKind
  /// Whether RWF_DONTCACHE was not refused so far.
  let mayDontCache: Bool

  /// Whether what is read may end up in the cache, so that it has to be dropped.
  ///
  /// Compressed files of btrfs are read through it whatever is asked.
  var fillsCache: Bool { mode == .direct && kind == .btrfs }

  /// How the requests of a file are carried out.
  var transfer: TransferMode {
    TransferMode(
      alignment: mode == .direct ? alignment : 1,
      dontCache: mode == .dontcache
    )
  }
}

/// Which way of access was chosen for each filesystem and direction; shared by all workers.
///
/// What kernel and filesystem can do is asked of the first file; what they refuse later is
/// remembered, and the file is begun again another way.
final class AccessPolicies: Sendable {
  typealias Direction = Explanation.Direction

  /// What is known of a filesystem.
  struct Facts: Equatable {
    var kind = FilesystemKind.other
    /// What `statx` says of direct I/O, in bytes; 0 for none.
    var directAlignment = 0
    /// Modes that were tried, and refused.
    var refused: Set<TransferOptions.CacheMode> = []
  }

  private struct Key: Hashable {
    let direction: Direction
    let device: UInt64
  }
  private struct Entry {
    var facts: Facts
    var access: Access
  }

  private let wanted: [Direction: TransferOptions.CacheMode]
  private let blockBytes: Int
  private let sourceSeeks: Bool
  private let entries = Lock<[Key: Entry]>([:])

  /// What btrfs takes directly; it does not tell.
  private static let btrfsAlignment = 4096

  /// Makes a table in which nothing is chosen yet.
  ///
  /// - Parameters:
  ///   - options: What was asked for.
  ///   - blockBytes: The size of a buffer, in bytes.
  ///   - disks: What the disks are like.
  init(_ options: TransferOptions, blockBytes: Int, disks: DiskTraits = .none) {
    sourceSeeks = disks.sourceSeeks
    wanted = [.reading: options.reading, .writing: options.writing]
    self.blockBytes = blockBytes
  }

  /// How to access the files of a device.
  ///
  /// - Parameters:
  ///   - direction: Whether they are read or written.
  ///   - device: The device number of the filesystem.
  ///   - descriptor: An open regular file on it.
  /// - Returns: The choice.
  func access(
    _ direction: Direction,
    device: UInt64,
    descriptor: Int32
  ) -> Access {
    let key = Key(direction: direction, device: device)
    if let known = entries.withLock({ $0[key] }) { return known.access }
    var facts = Facts(
      kind: FilesystemKind(of: descriptor),
      directAlignment: FileCalls.directAlignment(of: descriptor)
    )
    // What is only refused later has begun other files, which it leaves in the cache.
    if FileCalls.refusesDontCache(descriptor) { facts.refused.insert(.dontcache) }
    let entry = Entry(facts: facts, access: choose(direction, facts))
    return entries.withLock { entries in
      if let known = entries[key] { return known.access }
      entries[key] = entry
      return entry.access
    }
  }

  /// How the files of a target would be written, as far as that can be told without a file there.
  ///
  /// - Parameter directory: An open directory on its filesystem.
  /// - Returns: The choice; `nil` where only a file would tell.
  func expectation(ofWritingTo directory: Int32) -> Access? {
    let kind = FilesystemKind(of: directory)
    let isDirect = kind == .ext4 || kind == .xfs
    let wanted = wanted[.writing] ?? .auto
    guard isDirect || kind == .btrfs || wanted != .auto && wanted != .direct else { return nil }
    return choose(
      .writing,
      Facts(kind: kind, directAlignment: isDirect ? RunLimits.pageBytes : 0)
    )
  }

  /// Notes that kernel or filesystem refused a mode.
  ///
  /// - Returns: What is done instead, if nobody has noted it before.
  func refuse(_ direction: Direction, device: UInt64, _ mode: TransferOptions.CacheMode) -> Access?
  {
    entries.withLock { entries in
      let key = Key(direction: direction, device: device)
      guard var entry = entries[key], entry.facts.refused.insert(mode).inserted else { return nil }
      entry.access = choose(direction, entry.facts)
      entries[key] = entry
      return entry.access
    }
  }

  /// Chooses, from what was asked for and what is possible.
  func choose(_ direction: Direction, _ facts: Facts) -> Access {
    let mode = wanted[direction] ?? .auto
    let (alignment, obstacle) = directAlignment(direction, facts)
    func access(_ mode: TransferOptions.CacheMode, _ reason: AccessReason) -> Access {
      Access(
        mode: mode,
        alignment: mode == .direct ? alignment : 1,
        reason: reason,
        kind: facts.kind,
        mayDontCache: !facts.refused.contains(.dontcache)
      )
    }
    switch mode {
    case .keep, .advise:
      return access(mode, .asked)
    case .direct:
      guard let obstacle else { return access(.direct, .asked) }
      return access(.advise, .obstacle(obstacle))
    case .dontcache:
      guard facts.refused.contains(.dontcache) else {
        return access(.dontcache, .asked)
      }
      return access(.advise, .noDontCache)
    case .auto:
      guard let obstacle else {
        return access(.direct, .passesCache)
      }
      guard direction == .reading else { return access(.advise, .obstacle(obstacle)) }
      guard facts.refused.contains(.dontcache) else {
        return access(.dontcache, .obstacle(obstacle))
      }
      return access(.advise, .obstacleWithoutDontCache(obstacle))
    }
  }

  /// The alignment of direct I/O, or what stands against it.
  private func directAlignment(
    _ direction: Direction,
    _ facts: Facts
  ) -> (Int, obstacle: DirectObstacle?) {
    if facts.refused.contains(.direct) { return (1, .refused) }
    if facts.kind == .btrfs {
      guard direction == .reading else {
        return (1, .btrfsWrites)
      }
      guard blockBytes % Self.btrfsAlignment == 0 else { return (1, .oddBlocks) }
      let isOrdered = wanted[.reading] == .direct || !sourceSeeks
      return (Self.btrfsAlignment, isOrdered ? nil : .btrfsReadsOutOfOrder)
    }
    guard facts.directAlignment > 0 else { return (1, .notOffered) }
    guard blockBytes % facts.directAlignment == 0,
      LoadArena.alignment % facts.directAlignment == 0
    else { return (1, .wantsBlocks(of: facts.directAlignment)) }
    return (max(facts.directAlignment, 2), nil)
  }
}
