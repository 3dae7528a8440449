// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import Glibc
internal import SystemPackage

/// The mounts of the process (`/proc/self/mountinfo`).
struct MountTable: Sendable {
  /// One mount.
  struct Mount: Sendable, Equatable {
    let identifier: UInt64
    /// The number of the filesystem: major in the upper 32 bits, minor in the lower.
    let device: UInt64
    let type: String
    /// The block device, or another name for what is mounted.
    let source: String
    /// The options of the filesystem itself.
    let options: [String]
  }

  let mounts: [Mount]

  /// Reads the table; it is empty where there is no `/proc`.
  init() {
    self.init(parsing: readSmallFile("/proc/self/mountinfo") ?? "")
  }

  /// Takes a table apart: `36 35 98:0 /root /point options optional... - type source options`.
  init(parsing text: String) {
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
  func mount(_ identifier: UInt64) -> Mount? {
    mounts.first { $0.identifier == identifier }
  }
}

/// Reads a file of `/proc` or `/sys`, or returns `nil`; at most 1 MiB.
func readSmallFile(_ path: String) -> String? {
  let descriptor = unsafe path.withCString { unsafe cl_open_path($0, O_RDONLY) }
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  let bytesMax = 1 << 20
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 16 << 10)
  while bytes.count < bytesMax {
    let count = unsafe read(descriptor, &chunk, chunk.count)
    guard count > 0 else { break }
    bytes.append(contentsOf: chunk[..<count])
  }
  return String(decoding: bytes, as: UTF8.self)
}
