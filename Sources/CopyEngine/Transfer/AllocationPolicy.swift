// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage
internal import SystemPackage

/// Whether space should be allocated before a file is written (`fallocate`).
///
/// It makes extents long, keeps writes from being handed to kernel threads, and finds out that the
/// disk is full before data moves. On btrfs it turns compression off for the file, and zoned
/// filesystems cannot do it. On XFS a directory may have its files allocated in larger units; what
/// of the last one lies behind the end of the file stays allocated, unlike where it is written.
struct AllocationPolicy {
  /// Smaller files get their one extent anyway, in bytes.
  static let fileBytesMin: UInt64 = 1 << 20

  private let mounts: MountTable
  /// What was found for each mount.
  private var compressingMounts: [UInt64: Bool] = [:]
  /// What was found for the directory that was asked about last.
  private var lastUnits: (directory: InodeIdentity, areLarge: Bool)?

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

  /// Whether what is allocated for a file may go beyond its end, as its directory has it.
  ///
  /// - Parameters:
  ///   - target: The file, which was made in the directory.
  ///   - sides: The directory; files of one often come in a row.
  /// - Returns: Whether it may.
  mutating func exceedsEnd(_ target: Int32, in sides: DirectorySides) -> Bool {
    guard let directory = sides.targetMetadata?.identity else { return false }
    if let lastUnits, lastUnits.directory == directory { return lastUnits.areLarge }
    let areLarge = FileCalls.hasExtentSize(target)
    lastUnits = (directory, areLarge)
    return areLarge
  }
}
