// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree
internal import Synchronization

/// How the files of one filesystem are read, or written.
struct Access: Equatable, Sendable {
  /// One of the modes, never `auto`.
  let mode: CopyOptions.CacheMode
  /// What direct I/O has to be aligned to, in bytes.
  let alignment: Int
  /// Why, for people.
  let reason: String
  /// What it is, as far as writing has rules of its own there.
  let kind: FilesystemKind
  /// Whether RWF_DONTCACHE was not refused so far.
  let mayDontCache: Bool

  /// Whether what is read may end up in the cache, so that it has to be dropped.
  ///
  /// Compressed files of btrfs are read through it whatever is asked.
  var fillsCache: Bool { mode == .direct && kind == .btrfs }

  /// How the requests of a file are carried out.
  var transfer: FileTask.Transfer {
    FileTask.Transfer(
      alignment: mode == .direct ? alignment : 1,
      dontCache: mode == .dontcache
    )
  }
}

/// Which way of access was chosen for each filesystem and direction; shared by all workers.
///
/// What kernel and filesystem can do is asked of the first file; what they refuse later is
/// remembered, and the file is begun again another way.
final class AccessTable: Sendable {
  /// The two directions.
  enum Direction: String, Sendable {
    case reading
    case writing
  }

  /// What is known of a filesystem.
  struct Facts: Equatable {
    var kind = FilesystemKind.other
    /// What `statx` says of direct I/O, in bytes; 0 for none.
    var directAlignment = 0
    /// Modes that were tried, and refused.
    var refused: Set<CopyOptions.CacheMode> = []
  }

  private struct Key: Hashable {
    let direction: Direction
    let device: UInt64
  }
  private struct Entry {
    var facts: Facts
    var access: Access
  }

  private let wanted: [Direction: CopyOptions.CacheMode]
  private let blockBytes: Int
  private let sourceSeeks: Bool
  private let entries = Mutex<[Key: Entry]>([:])

  private static let dontCacheObstacle = "RWF_DONTCACHE is not supported here"
  /// What btrfs takes directly; it does not tell.
  private static let btrfsAlignment = 4096

  /// Makes a table in which nothing is chosen yet.
  ///
  /// - Parameters:
  ///   - options: What was asked for.
  ///   - blockBytes: The size of a buffer, in bytes.
  ///   - disks: What the disks are like.
  init(_ options: CopyOptions, blockBytes: Int, disks: RunDisks = RunDisks()) {
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
  /// - Returns: The choice, and whether it was made just now.
  func access(
    _ direction: Direction,
    device: UInt64,
    descriptor: Int32
  ) -> Access {
    let key = Key(direction: direction, device: device)
    if let known = entries.withLock({ $0[key] }) { return known.access }
    let facts = Facts(
      kind: FilesystemKind(of: descriptor),
      directAlignment: Int(cl_direct_alignment(descriptor))
    )
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
    guard kind != .other || wanted != .auto && wanted != .direct else { return nil }
    return choose(
      .writing,
      Facts(kind: kind, directAlignment: isDirect ? WorkLayout.pageBytes : 0)
    )
  }

  /// Notes that kernel or filesystem refused a mode.
  ///
  /// - Returns: What is done instead, if nobody has noted it before.
  func refuse(_ direction: Direction, device: UInt64, _ mode: CopyOptions.CacheMode) -> Access? {
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
    func access(_ mode: CopyOptions.CacheMode, _ reason: String) -> Access {
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
      return access(mode, "as asked")
    case .direct:
      guard let obstacle else { return access(.direct, "as asked") }
      return access(.advise, obstacle)
    case .dontcache:
      guard facts.refused.contains(.dontcache) else {
        return access(.dontcache, "as asked")
      }
      return access(.advise, Self.dontCacheObstacle)
    case .auto:
      guard let obstacle else {
        return access(.direct, "it passes by the page cache, and costs least")
      }
      guard direction == .reading else { return access(.advise, obstacle) }
      guard facts.refused.contains(.dontcache) else { return access(.dontcache, obstacle) }
      return access(.advise, "\(obstacle); \(Self.dontCacheObstacle)")
    }
  }

  /// The alignment of direct I/O, or what stands against it.
  private func directAlignment(
    _ direction: Direction,
    _ facts: Facts
  ) -> (Int, obstacle: String?) {
    if facts.refused.contains(.direct) { return (1, "direct I/O was refused") }
    if facts.kind == .btrfs {
      guard direction == .reading else {
        return (1, "btrfs writes through the page cache whatever it is asked")
      }
      guard blockBytes % Self.btrfsAlignment == 0 else { return (1, "odd blocks") }
      let isOrdered = wanted[.reading] == .direct || !sourceSeeks
      let obstacle = "btrfs reads directly out of order, and the disk seeks"
      return (Self.btrfsAlignment, isOrdered ? nil : obstacle)
    }
    guard facts.directAlignment > 0 else { return (1, "the filesystem offers no direct I/O") }
    guard blockBytes % facts.directAlignment == 0,
      LoadArena.alignment % facts.directAlignment == 0
    else { return (1, "direct I/O wants blocks of \(facts.directAlignment) bytes") }
    return (max(facts.directAlignment, 2), nil)
  }
}
