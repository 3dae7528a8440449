// SPDX-License-Identifier: Apache-2.0

internal import CLiburing

/// The kinds of directory entries.
@frozen
public enum EntryKind: Sendable {
  /// A regular file.
  case file
  /// A directory.
  case directory
  /// A symbolic link.
  case symbolicLink
  /// A character or block device.
  case device
  /// A FIFO or socket.
  case special
}

/// A point in time, as inodes keep it.
@frozen
public struct Timestamp: Equatable, Sendable {
  /// Whole seconds since 1970, negative before.
  public var seconds: Int64
  /// Nanoseconds after that, less than 1,000,000,000.
  public var nanoseconds: UInt32

  /// Makes a point in time.
  public init(seconds: Int64, nanoseconds: UInt32) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }
}

extension Timestamp: Comparable {
  /// Whether it is earlier.
  public static func < (one: Timestamp, other: Timestamp) -> Bool {
    (one.seconds, one.nanoseconds) < (other.seconds, other.nanoseconds)
  }
}

/// Names one inode of the machine.
@frozen
public struct InodeIdentity: Hashable, Sendable {
  /// The device: major number in the upper 32 bits, minor number in the lower.
  public var device: UInt64
  /// The inode number on that device.
  public var inode: UInt64

  /// Names an inode.
  public init(device: UInt64, inode: UInt64) {
    self.device = device
    self.inode = inode
  }
}

/// What a filesystem does with an inode beside what everybody may ask for (`stx_attributes`).
@frozen
public struct InodeFlags: OptionSet, Sendable {
  /// The bits; those that count are among the lowest.
  public let rawValue: UInt8
  /// Makes a set.
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Its data is compressed (STATX_ATTR_COMPRESSED).
  public static let compressed = InodeFlags(rawValue: 0x4)
  /// It can neither be changed nor removed (STATX_ATTR_IMMUTABLE).
  public static let immutable = InodeFlags(rawValue: 0x10)
  /// It can only get more, data or names, and lose none (STATX_ATTR_APPEND).
  public static let appendOnly = InodeFlags(rawValue: 0x20)
}

/// What an inode says of itself (`statx`).
@frozen
public struct EntryMetadata: Equatable, Sendable {
  /// Which inode it is.
  public var identity: InodeIdentity
  /// The size in bytes.
  public var size: UInt64
  /// What it occupies, in units of 512 bytes.
  public var blocks: UInt64
  /// The ID of the mount it was found on, 0 where the kernel does not tell.
  public var mount: UInt64
  /// Type and permission bits (`st_mode`).
  public var mode: UInt32
  /// The number of names it has.
  public var links: UInt32
  /// The owner's number.
  public var owner: UInt32
  /// The group's number.
  public var group: UInt32
  /// The major number of a device node.
  public var deviceMajor: UInt32
  /// The minor number of a device node.
  public var deviceMinor: UInt32
  /// When it was last read.
  public var accessTime: Timestamp
  /// When its contents were last changed.
  public var modificationTime: Timestamp
  /// What its filesystem does with it; empty where the kernel does not tell.
  public var flags: InodeFlags

  /// Takes over what the kernel said.
  internal init(_ raw: cl_stat) {
    identity = InodeIdentity(device: raw.device, inode: raw.inode)
    size = raw.size
    blocks = raw.blocks
    mount = raw.mount
    mode = raw.mode
    links = raw.links
    owner = raw.owner
    group = raw.group
    deviceMajor = raw.rdev_major
    deviceMinor = raw.rdev_minor
    accessTime = Timestamp(seconds: raw.atime_s, nanoseconds: raw.atime_ns)
    modificationTime = Timestamp(seconds: raw.mtime_s, nanoseconds: raw.mtime_ns)
    flags = InodeFlags(rawValue: UInt8(truncatingIfNeeded: raw.flags))
  }

  /// The type bits of `mode` (`S_IFMT`).
  @inlinable public var typeBits: UInt32 { mode & 0o170000 }
  /// The permission bits with setuid, setgid and sticky.
  @inlinable public var permissions: UInt32 { mode & 0o7777 }

  /// What kind of entry it is.
  @inlinable
  public var kind: EntryKind {
    switch typeBits {
    case 0o100000: .file
    case 0o040000: .directory
    case 0o120000: .symbolicLink
    case 0o020000, 0o060000: .device
    default: .special
    }
  }

  /// Whether it is the node of a block device.
  public var isBlockDevice: Bool { typeBits == 0o060000 }

  /// Whether a device, FIFO or socket is the same thing as another.
  public func isSameNode(as other: EntryMetadata) -> Bool {
    typeBits == other.typeBits
      && (kind != .device || deviceMajor == other.deviceMajor && deviceMinor == other.deviceMinor)
  }

  /// Whether a file that occupies less than its size may have holes.
  @inlinable public var mayHaveHoles: Bool {
    // A block count of at least the size says that nothing was left out; compressed files show
    // less, and their map then says that it is all data.
    blocks < size / 512
  }
}
