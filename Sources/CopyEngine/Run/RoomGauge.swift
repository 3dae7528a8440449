// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage

/// Measures what entries will take at the target.
///
/// Everything is rather taken for too small, so that what does not fit by this measure surely does
/// not: not counted are directories' blocks, links, attributes, what lies on filesystems mounted
/// below the target, and files whose extents can be shared. Only compression is not foreseen.
struct RoomGauge {
  private let run: RunContext
  private let device: UInt64?
  private let blockBytes: UInt64

  init(_ run: RunContext) {
    self.run = run
    device = run.nearestTarget?.identity.device
    // Others put what is small beside the inode.
    blockBytes = [.ext4, .xfs].contains(run.disks.targetKind) ? run.targetBlockBytes : 1
  }

  /// What a file takes.
  func growth(of entry: FoundEntry) -> Growth {
    guard isCounted(entry), mayRead(entry) else { return Growth() }
    let keepsHoles = run.preservation.contains(.holes)
    let size = mayShare(entry) ? 0 : entry.metadata.allocatedBytes(keepsHoles: keepsHoles)
    // Its other names may be replaced as well.
    let goes = entry.existing?.kind == .file
    return Growth(
      newBytes: size.roundedUp(to: blockBytes),
      replacedBytes: goes ? (entry.existing?.blocks ?? 0) * 512 : 0,
      inodes: entry.existing == nil ? 1 : 0
    )
  }

  /// What an entry takes that has nothing but an inode.
  func growthOfInode(_ entry: FoundEntry) -> Growth {
    Growth(inodes: isCounted(entry) && entry.existing == nil ? 1 : 0)
  }

  /// Whether a file can be copied at all, as far as an ordinary user's rights say (`openat2`).
  private func mayRead(_ entry: FoundEntry) -> Bool {
    guard !run.isPrivileged, entry.metadata.size > 0 else { return true }
    let opened = try? entry.source.openForReading()
    return opened != nil
  }

  private func isCounted(_ entry: FoundEntry) -> Bool {
    guard let found = entry.sides.targetMetadata else { return true }
    return found.identity.device == device
  }

  private func mayShare(_ entry: FoundEntry) -> Bool {
    guard run.options.transfer.reflink != .never, let target = run.nearestTarget else {
      return false
    }
    return run.mounts.mayShareExtents(entry.metadata, target)
  }
}

extension EntryMetadata {
  /// What a file takes that is like this one, in bytes: not its holes, if they are kept.
  func allocatedBytes(keepsHoles: Bool) -> UInt64 {
    keepsHoles && mayHaveHoles ? blocks * 512 : size
  }
}
