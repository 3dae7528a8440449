// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage

/// How far the data of a complete file has come.
enum DataPlace: Equatable {
  /// Its writes were waited for, or it has none.
  case onDisk
  /// So many bytes are in the cache; they may be on their way.
  case inCache(byteCount: Int, isSentOff: Bool)

  /// How much of it is in the cache, in bytes.
  var byteCount: Int {
    guard case .inCache(let count, _) = self else { return 0 }
    return count
  }
}

/// What has to happen to a complete file before it may have its name, by its filesystem.
///
/// A name must not come to the disk before the data. On filesystems with a journal, and on btrfs,
/// it is enough that the data was written before the name is given: what the inode says of it
/// enters the journal when it is, and the name behind that. Of other filesystems nobody knows in
/// which order they write what they note, so there the file itself is brought to stable storage
/// first.
struct WritebackPolicy {
  typealias Order = Explanation.PublishOrder

  private struct Filesystem {
    let kind: FilesystemKind
    let order: Order
  }

  private let run: RunContext
  private var known: [UInt64: Filesystem] = [:]

  init(_ run: RunContext) { self.run = run }

  /// Which way a file has to go before it has its name; `nil` where it may have it at once.
  mutating func way(_ entry: FoundEntry, _ data: DataPlace) -> WritebackQueue.Way? {
    let filesystem = filesystem(entry.sides.target, entry.sides.targetMetadata)
    switch (filesystem.order, data) {
    case (.none, _): return nil
    case (.journal, .onDisk): return filesystem.kind == .btrfs ? .noted : nil
    case (.journal, .inCache(_, let isSentOff)):
      if filesystem.kind == .btrfs { return .noted }
      return isSentOff ? .sent : .together
    case (.anyOrder, _): return .whole
    case (.server, _): return .server
    }
  }

  /// In which order a filesystem brings to the disk what is done to it.
  mutating func order(_ directory: Int32, _ metadata: EntryMetadata?) -> Order {
    filesystem(directory, metadata).order
  }

  private mutating func filesystem(_ target: Int32, _ metadata: EntryMetadata?) -> Filesystem {
    let device = metadata?.identity.device ?? 0
    if let found = known[device] { return found }
    let kind = FilesystemKind(of: target)
    let mount = metadata.flatMap { run.mounts.mount($0.mount) }
    let order: Order =
      switch kind {
      case .memory: .none
      // The driver of ext4 also takes care of filesystems without a journal.
      case .ext4 where mount?.type == "ext2": .anyOrder
      case .ext4, .xfs, .btrfs: .journal
      case .local: .anyOrder
      case .other: .server
      }
    known[device] = Filesystem(kind: kind, order: order)
    run.explain(.publishOrder(run.mounts.mount(metadata?.mount ?? 0), order))
    return Filesystem(kind: kind, order: order)
  }
}
