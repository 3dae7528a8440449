// SPDX-License-Identifier: Apache-2.0

internal import Kernel

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
    self.init(parsing: SmallFile.text("/proc/self/mountinfo") ?? "")
  }

  /// Takes a table apart: `36 35 98:0 /root /point options optional... - type source options`.
  package init(parsing text: String) {
    mounts = text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ", omittingEmptySubsequences: false)
      guard let identifier = fields.first.flatMap({ UInt64($0) }),
        let dash = fields.firstIndex(of: "-"), dash >= 3, fields.count >= dash + 4
      else { return nil }
      return Mount(
        identifier: identifier,
        device: Self.number(fields[2]),
        type: String(fields[dash + 1]),
        source: Self.unescape(fields[dash + 2]),
        options: fields[dash + 3].split(separator: ",").map(String.init)
      )
    }
  }

  /// Reads a number such as `8:17`; 0 where it is none.
  private static func number(_ field: Substring) -> UInt64 {
    let parts = field.split(separator: ":").map { UInt64($0) ?? 0 }
    return parts.count == 2 ? parts[0] << 32 | parts[1] : 0
  }

  /// Undoes the kernel's escapes: a space, tab, newline or backslash is written as `\ooo`.
  private static func unescape(_ field: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(field.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      if byte == UInt8(ascii: "\\"), digits.count == 3,
        let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
      {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The mount of an ID that `statx` gave.
  package func mount(_ identifier: UInt64) -> Mount? {
    mounts.first { $0.identifier == identifier }
  }
}
