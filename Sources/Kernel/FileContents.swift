// SPDX-License-Identifier: Apache-2.0

internal import Glibc
public import SystemPackage

// Files that are read to their end, whatever they are.
extension FileCalls {
  /// Reads all that a path leads to (`open`, `read`).
  public static func readAll(path: FilePath) throws(Errno) -> [UInt8] {
    let file = try Descriptor(opening: path)
    defer { withExtendedLifetime(file) {} }
    return try readAll(of: file.rawValue)
  }

  /// Reads an open file, or a pipe, to its end (`read`).
  public static func readAll(of descriptor: Int32) throws(Errno) -> [UInt8] {
    let blockBytes = 1 << 16
    var contents: [UInt8] = []
    var block = [UInt8](repeating: 0, count: blockBytes)
    while true {
      let count = unsafe block.withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw Errno(rawValue: errno) }
      if count == 0 { return contents }
      contents += block[..<count]
    }
  }
}
