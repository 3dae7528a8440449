// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import Glibc
public import SystemPackage

/// System calls on a whole filesystem, by an open file on it.
public enum FilesystemCalls {
  /// How much room there is (`fstatvfs`); `nil` where that is not told.
  public static func room(of file: Int32) -> FilesystemRoom? {
    var found = statvfs()
    guard unsafe fstatvfs(file, &found) == 0, found.f_blocks > 0 else { return nil }
    let blockBytes = UInt64(found.f_frsize)
    return FilesystemRoom(
      freeBytes: UInt64(found.f_bfree) &* blockBytes,
      availableBytes: UInt64(found.f_bavail) &* blockBytes,
      freeInodes: found.f_files > 0 ? UInt64(found.f_ffree) : nil,
      blockBytes: max(blockBytes, 1)
    )
  }

  /// Brings all of it to stable storage (`syncfs`).
  public static func sync(_ file: Int32) throws(Errno) {
    try value(of: cl_sync_filesystem(file))
  }

  /// Whether two open files are on filesystems of one kind (`fstatfs`); not where that is not told.
  public static func areOfOneKind(_ one: Int32, _ other: Int32) -> Bool {
    let kind = cl_filesystem_type(one)
    return kind != 0 && kind == cl_filesystem_type(other)
  }

  /// The project whose quota an inode counts for (FS_IOC_FSGETXATTR); 0 where there is none.
  public static func project(of file: Int32) -> UInt32 {
    var flags = cl_extended_flags()
    return unsafe cl_get_extended_flags(file, &flags) == 0 ? flags.project : 0
  }

  /// Whether two names in an open directory are surely two: not where case does not count, or may
  /// not, as far as the filesystem tells (`fstatfs`, FS_IOC_GETFLAGS).
  public static func tellsNamesApart(in directory: Int32) -> Bool {
    switch cl_filesystem_type(directory) {
    // BTRFS_SUPER_MAGIC, XFS_SUPER_MAGIC, OVERLAYFS_SUPER_MAGIC
    case 0x9123_683e, 0x5846_5342, 0x794c_7630: true
    // EXT4_SUPER_MAGIC, F2FS_SUPER_MAGIC, TMPFS_MAGIC: a directory may be set to fold names.
    case 0xef53, 0xf2f5_2010, 0x0102_1994: cl_folds_names(directory) != 1
    default: false
    }
  }
}

/// How much room a filesystem has.
public struct FilesystemRoom: Equatable, Sendable {
  /// What root may still write, in bytes.
  public let freeBytes: UInt64
  /// What others may, in bytes.
  public let availableBytes: UInt64
  /// How many inodes can still be made; `nil` where there are as many as are wanted.
  public let freeInodes: UInt64?
  /// What is given out at a time, in bytes; at least 1.
  public let blockBytes: UInt64

  /// What may still be written.
  ///
  /// - Parameter isPrivileged: Whether what is reserved for root counts.
  /// - Returns: How much, in bytes.
  public func bytes(isPrivileged: Bool) -> UInt64 { isPrivileged ? freeBytes : availableBytes }
}

/// A filesystem, as far as it makes a difference to the way of copying.
public enum FilesystemKind: Equatable, Sendable {
  /// btrfs.
  case btrfs
  /// ext4, and what its driver takes care of.
  case ext4
  /// XFS.
  case xfs
  /// In memory, so that nothing of it outlasts a power cut.
  case memory
  /// Another one that brings itself to stable storage when it is asked to (`syncfs`).
  case local
  /// Any other: behind a network, or a process (FUSE), where only a file that is asked for itself
  /// is sure to get anywhere.
  case other

  /// What an open file is on (`fstatfs`).
  public init(of descriptor: Int32) {
    self = Self.known[cl_filesystem_type(descriptor)] ?? .other
  }

  /// By the magic numbers of `statfs`.
  private static let known: [UInt64: FilesystemKind] = [
    0x9123_683e: .btrfs,
    0xef53: .ext4,
    0x5846_5342: .xfs,
    0x0102_1994: .memory,  // tmpfs
    0x8584_58f6: .memory,  // ramfs
    0x794c_7630: .local,  // overlayfs
    0xf2f5_2010: .local,  // F2FS
    0x2fc1_2fc1: .local,  // ZFS
    0xca45_1a4e: .local,  // bcachefs
    0x4d44: .local,  // FAT
    0x2011_bab0: .local,  // exFAT
    0x7366_746e: .local,  // NTFS
    0x3153_464a: .local,  // JFS
    0x5265_4973: .local,  // ReiserFS
    0x3434: .local,  // NILFS2
    0x482b: .local,  // HFS+
    0x1501_3346: .local,  // UDF
    0xf15f: .local,  // eCryptfs
  ]
}
