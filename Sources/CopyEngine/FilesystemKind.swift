// SPDX-License-Identifier: Apache-2.0

internal import CLiburing

/// A filesystem, as far as it makes a difference to the way of copying.
enum FilesystemKind: Equatable, Sendable {
  case btrfs
  /// ext4, and what its driver takes care of.
  case ext4
  case xfs
  case other

  /// What an open file is on (`fstatfs`).
  init(of descriptor: Int32) {
    switch cl_filesystem_type(descriptor) {
    case 0x9123_683e: self = .btrfs  // BTRFS_SUPER_MAGIC
    case 0xef53: self = .ext4  // EXT4_SUPER_MAGIC
    case 0x5846_5342: self = .xfs  // XFS_SUPER_MAGIC
    default: self = .other
    }
  }
}
