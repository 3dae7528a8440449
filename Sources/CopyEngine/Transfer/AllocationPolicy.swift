// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import Storage
internal import SystemPackage

/// Whether space should be allocated before a file is written (`fallocate`).
///
/// It makes extents long, keeps writes from being handed to kernel threads, and finds out that the
/// disk is full before data moves. On btrfs it turns compression off for the file, and zoned
/// filesystems cannot do it.
struct AllocationPolicy {
  /// Smaller files get their one extent anyway, in bytes.
  static let fileBytesMin: UInt64 = 1 << 20

  private let mounts: MountTable
  /// What was found for each mount.
  private var compressingMounts: [UInt64: Bool] = [:]

  init(mounts: MountTable) {
    self.mounts = mounts
  }

  /// Whether to allocate for a file that was opened for writing.
  mutating func allows(_ target: Int32) -> Bool {
    guard FilesystemKind(of: target) == .btrfs else { return true }
    guard !FileCalls.isCompressed(target),
      let mount = try? EntryLocation(open: target).metadata().mount
    else { return false }
    if let known = compressingMounts[mount] { return !known }
    let options = mounts.mount(mount)?.options ?? []
    let isCompressing = options.contains { $0.hasPrefix("compress") }
    compressingMounts[mount] = isCompressing
    return !isCompressing
  }
}
