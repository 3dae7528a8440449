// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// The mounts of the process (`/proc/self/mountinfo`).
public struct MountTable: Sendable {
  /// One mount.
  public struct Mount: Sendable, Equatable {
    /// The mount ID, as `statx` has it.
    public let identifier: UInt64
    /// The number of the filesystem: major in the upper 32 bits, minor in the lower.
    public let device: UInt64
    /// The kernel's name for the kind of filesystem.
    public let type: String
    /// The block device, or another name for what is mounted.
    public let source: String
    /// The options of the filesystem itself.
    public let options: [String]
  }

  package let mounts: [Mount]

  /// Reads the table; it is empty where there is no `/proc`.
  package init() {
    self.init(parsing: SmallFile.bytes("/proc/self/mountinfo") ?? [])
  }

  /// Takes a table apart, as text.
  package init(parsing text: String) { self.init(parsing: Array(text.utf8)) }

  /// Takes a table apart: `36 35 98:0 /root /point options optional... - type source options`.
  ///
  /// By plain loops over bytes: generic code over text would be a quarter of what a run needs that
  /// has nothing to do.
  package init(parsing bytes: [UInt8]) {
    var mounts: [Mount] = []
    var fields: [Range<Int>] = []
    var start = 0
    for index in 0...bytes.count {
      let isEnd = index == bytes.count || bytes[index] == UInt8(ascii: "\n")
      guard isEnd || bytes[index] == UInt8(ascii: " ") else { continue }
      fields.append(start..<index)
      start = index + 1
      guard isEnd else { continue }
      if let mount = Self.mount(fields, bytes) { mounts.append(mount) }
      fields.removeAll(keepingCapacity: true)
    }
    self.mounts = mounts
  }

  /// The mount that the fields of a line tell of.
  private static func mount(_ fields: [Range<Int>], _ bytes: [UInt8]) -> Mount? {
    var dash = 3
    func isDash(_ field: Range<Int>) -> Bool {
      field.count == 1 && bytes[field.lowerBound] == UInt8(ascii: "-")
    }
    while dash < fields.count, !isDash(fields[dash]) { dash += 1 }
    guard fields.count >= dash + 4, let identifier = number(bytes[fields[0]]) else { return nil }
    var options: [String] = []
    var start = fields[dash + 3].lowerBound
    for index in fields[dash + 3].lowerBound...fields[dash + 3].upperBound {
      let isEnd = index == fields[dash + 3].upperBound
      guard isEnd || bytes[index] == UInt8(ascii: ",") else { continue }
      if index > start { options.append(String(decoding: bytes[start..<index], as: UTF8.self)) }
      start = index + 1
    }
    return Mount(
      identifier: identifier,
      device: device(bytes[fields[2]]),
      type: String(decoding: bytes[fields[dash + 1]], as: UTF8.self),
      source: unescape(bytes[fields[dash + 2]]),
      options: options
    )
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
    guard !digits.isEmpty else { return nil }
    var number: UInt64 = 0
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
      number = number &* 10 &+ UInt64(digit - UInt8(ascii: "0"))
    }
    return number
  }

  /// Reads a number such as `8:17`; 0 where it is none.
  private static func device(_ field: ArraySlice<UInt8>) -> UInt64 {
    var colon = field.startIndex
    while colon < field.endIndex, field[colon] != UInt8(ascii: ":") { colon += 1 }
    guard colon < field.endIndex, let major = number(field[field.startIndex..<colon]),
      let minor = number(field[(colon + 1)..<field.endIndex])
    else { return 0 }
    return major << 32 | minor
  }

  /// Undoes the kernel's escapes: a space, tab, newline or backslash is written as `\ooo`.
  private static func unescape(_ field: ArraySlice<UInt8>) -> String {
    String(decoding: unescaped(field), as: UTF8.self)
  }

  /// The same, in bytes.
  static func unescaped(_ field: ArraySlice<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    var index = field.startIndex
    while index < field.endIndex {
      if field[index] == UInt8(ascii: "\\"), index + 3 < field.endIndex,
        let code = octal(field[index + 1], field[index + 2], field[index + 3])
      {
        bytes.append(code)
        index += 4
      } else {
        bytes.append(field[index])
        index += 1
      }
    }
    return bytes
  }

  private static func octal(_ digits: UInt8...) -> UInt8? {
    var code = 0
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "7") else { return nil }
      code = code << 3 | Int(digit - UInt8(ascii: "0"))
    }
    return UInt8(exactly: code)
  }

  /// The mount of an ID that `statx` gave.
  package func mount(_ identifier: UInt64) -> Mount? {
    mounts.first { $0.identifier == identifier }
  }

  /// Filesystems that never share extents between files (`FICLONE`).
  private static let withoutSharing = [
    "ext2", "ext3", "ext4", "tmpfs", "ramfs", "f2fs", "vfat", "exfat", "msdos", "ntfs", "ntfs3",
    "virtiofs", "9p", "nilfs2", "jfs", "reiserfs", "udf", "hfsplus",
  ]
  /// Filesystems of which one can be seen under several device numbers.
  private static let withManyDevices = ["btrfs", "bcachefs", "overlay"]

  /// Whether files of two entries may share extents (`FICLONE`), as far as their filesystems say.
  ///
  /// The kernel shares none between two filesystems. What is not in the table may.
  package func mayShareExtents(_ one: EntryMetadata, _ other: EntryMetadata) -> Bool {
    guard let mount = mount(other.mount) else { return true }
    guard !Self.withoutSharing.contains(mount.type), !mount.type.hasPrefix("fuse") else {
      return false
    }
    if one.identity.device == other.identity.device { return true }
    guard let second = self.mount(one.mount) else { return true }
    return Self.withManyDevices.contains(mount.type) && second.type == mount.type
      && second.source == mount.source
  }
}
