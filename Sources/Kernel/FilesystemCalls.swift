// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
public import SystemPackage

/// System calls on a whole filesystem, by an open file on it.
public enum FilesystemCalls {
  /// Brings all of it to stable storage (`syncfs`).
  public static func sync(_ file: Int32) throws(Errno) {
    try value(of: cl_sync_filesystem(file))
  }
}

/// A filesystem, as far as it makes a difference to the way of copying.
public enum FilesystemKind: Equatable, Sendable {
  /// btrfs.
  case btrfs
  /// ext4, and what its driver takes care of.
  case ext4
  /// XFS.
  case xfs
  /// Any other.
  case other

  /// What an open file is on (`fstatfs`).
  public init(of descriptor: Int32) {
    switch cl_filesystem_type(descriptor) {
    case 0x9123_683e: self = .btrfs  // BTRFS_SUPER_MAGIC
    case 0xef53: self = .ext4  // EXT4_SUPER_MAGIC
    case 0x5846_5342: self = .xfs  // XFS_SUPER_MAGIC
    default: self = .other
    }
  }
}
