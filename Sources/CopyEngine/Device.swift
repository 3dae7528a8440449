// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree

/// What sysfs says of the disk below a file.
struct Device: Equatable, Sendable {
  /// Whether it seeks (`queue/rotational`); `nil` where there is no block device to ask.
  let isRotational: Bool?

  /// Finds the disk of an inode: its device number, or for filesystems that have several disks or
  /// none the source of their mount.
  ///
  /// - Parameters:
  ///   - metadata: The inode.
  ///   - mounts: Where to look for the source of a mount.
  ///   - sysfs: Where `/sys` is, for tests.
  init(of metadata: EntryMetadata, mounts: MountTable, sysfs: String = "/sys") {
    var major = metadata.identity.device >> 32
    var minor = metadata.identity.device & 0xffff_ffff
    if major == 0 {
      // btrfs and others give numbers of their own; the mount names the disk.
      var raw = cl_stat()
      guard let source = mounts.mount(metadata.mount)?.source, source.hasPrefix("/"),
        unsafe source.withCString({ unsafe cl_stat_path($0, &raw) }) == 0
      else {
        isRotational = nil
        return
      }
      major = UInt64(raw.rdev_major)
      minor = UInt64(raw.rdev_minor)
    }
    let directory = "\(sysfs)/dev/block/\(major):\(minor)"
    // A partition has no queue of its own: its directory lies in that of its disk. A loop device
    // takes over what its file's disk says when it is set up.
    let answer =
      readSmallFile("\(directory)/queue/rotational")
      ?? readSmallFile("\(directory)/../queue/rotational")
    isRotational = answer.map { $0.hasPrefix("1") }
  }
}
