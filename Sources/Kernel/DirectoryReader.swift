// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import Glibc
public import SystemPackage

/// One name of a directory, as the directory itself has it.
public struct DirectoryEntry: Equatable, Sendable {
  /// The name.
  public let name: EntryName
  /// The number of its inode, or for a mount point of the directory that lies below the mount.
  public let inode: UInt64
  /// What it is; `nil` where the filesystem does not tell.
  public let kind: EntryKind?

  /// Names what somebody listed, of which no more is known.
  public init(listed name: EntryName) {
    self.init(name: name, inode: 0, kind: nil)
  }

  init(name: EntryName, inode: UInt64, kind: EntryKind?) {
    self.name = name
    self.inode = inode
    self.kind = kind
  }

  /// Whether it may be a directory.
  public var mayBeDirectory: Bool { kind == nil || kind == .directory }
}

extension EntryKind {
  /// What a directory says of a name (`d_type`).
  fileprivate init?(directoryType: UInt8) {
    switch Int(directoryType) {
    case DT_REG: self = .file
    case DT_DIR: self = .directory
    case DT_LNK: self = .symbolicLink
    case DT_CHR, DT_BLK: self = .device
    case DT_FIFO, DT_SOCK: self = .special
    default: return nil
    }
  }
}

/// Reads a directory's names in batches of one buffer (`getdents64`).
///
/// Between batches only the position in the open directory is left, so a directory can be put
/// aside for as long as it takes to copy what was found.
@safe
public struct DirectoryReader: ~Copyable {
  /// The size of the buffer, in bytes: some 500 names of usual length.
  ///
  /// Each directory on the way to the one being read may have a batch of subdirectories waiting,
  /// so this bounds the memory for directories at about 100 bytes * 500 * depth.
  public static let bufferBytes = 16 << 10
  /// The longest entry, in bytes.
  private static let recordBytesMax = 280

  private let buffer: UnsafeMutableRawBufferPointer
  private var filled = 0
  private var position = 0

  /// Allocates the buffer.
  public init() {
    unsafe buffer = .allocate(byteCount: Self.bufferBytes, alignment: 16)
  }

  deinit {
    unsafe buffer.deallocate()
  }

  /// Reads the next batch of an open directory (`getdents64`).
  ///
  /// - Returns: Whether there was anything left.
  public mutating func fill(from directory: Int32) throws(Errno) -> Bool {
    position = 0
    filled = 0
    let count = unsafe cl_read_directory(directory, buffer.baseAddress, buffer.count)
    guard count >= 0 else { throw Errno(rawValue: Int32(-count)) }
    filled = count
    return count > 0
  }

  /// Whether the batch has room for another name of any length, so that there is most likely none.
  public var hasRoom: Bool { filled + Self.recordBytesMax <= Self.bufferBytes }

  /// The next entry of the batch, without `.` and `..`.
  public mutating func next() -> DirectoryEntry? {
    while position < filled {
      // struct linux_dirent64: d_ino (8), d_off (8), d_reclen (2), d_type (1), d_name.
      let record = position
      let recordBytes = unsafe Int(
        buffer.loadUnaligned(fromByteOffset: record + 16, as: UInt16.self)
      )
      position += recordBytes
      let field = unsafe buffer[(record + 19)..<(record + recordBytes)]
      let name = unsafe field.prefix { $0 != 0 }
      if unsafe !isDotOrDotDot(name) {
        let inode = unsafe buffer.loadUnaligned(fromByteOffset: record, as: UInt64.self)
        let kind = unsafe buffer[record + 18]
        return unsafe DirectoryEntry(
          name: EntryName(name),
          inode: inode,
          kind: EntryKind(directoryType: kind)
        )
      }
    }
    return nil
  }

  /// Whether an open directory has any names behind its position (`getdents64`).
  public static func hasNames(_ directory: Int32) throws(Errno) -> Bool {
    var reader = DirectoryReader()
    while try reader.fill(from: directory) {
      if reader.next() != nil { return true }
    }
    return false
  }

  /// Goes to an opaque position of an open directory, 0 being its start (`lseek`).
  public static func seek(_ directory: Int32, to position: Int64) throws(Errno) {
    try value(of: cl_seek_directory(directory, position))
  }

  /// The opaque position that an open directory is at (`lseek`).
  public static func position(of directory: Int32) throws(Errno) -> Int64 {
    try value(of: cl_directory_position(directory))
  }

  private func isDotOrDotDot(_ name: Slice<UnsafeMutableRawBufferPointer>) -> Bool {
    let dot = UInt8(ascii: ".")
    return unsafe name.count <= 2 && name.allSatisfy { $0 == dot }
  }
}
