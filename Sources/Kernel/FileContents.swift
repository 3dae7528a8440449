// SPDX-License-Identifier: Apache-2.0

internal import Glibc
public import SystemPackage

// Files of which all is read, whatever they are.
extension FileCalls {
  /// Fills a buffer, as far as the file goes (`pread`, again after a signal).
  ///
  /// - Returns: Whether it is full.
  public static func fill(
    _ buffer: UnsafeMutableRawBufferPointer,
    from file: Int32,
    at offset: UInt64
  ) throws(Errno) -> Bool {
    var filled = 0
    while filled < buffer.count {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      do {
        let count = unsafe try read(file, into: rest, at: offset + UInt64(filled))
        guard count > 0 else { return false }
        filled += count
      } catch {
        guard error == .interrupted else { throw error }
      }
    }
    return true
  }

  /// Writes all of a buffer (`pwrite`, again after a signal).
  public static func writeAll(
    _ buffer: UnsafeRawBufferPointer,
    to file: Int32,
    at offset: UInt64
  ) throws(Errno) {
    var written = 0
    while written < buffer.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[written...])
      do {
        written += unsafe try write(file, from: rest, at: offset + UInt64(written))
      } catch {
        guard error == .interrupted else { throw error }
      }
    }
  }

  /// Reads all that a path leads to (`open`, `read`).
  public static func readAll(path: FilePath) throws(Errno) -> [UInt8] {
    let file = try Descriptor(opening: path)
    defer { withExtendedLifetime(file) {} }
    return try readAll(of: file.rawValue)
  }

  /// Reads an open file, or a pipe, to its end (`read`).
  ///
  /// - Throws: `Errno.fileTooLarge` where it has more bytes than are allowed.
  public static func readAll(
    of descriptor: Int32,
    bytesMax: Int = .max
  ) throws(Errno) -> [UInt8] {
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
      guard contents.count <= bytesMax else { throw .fileTooLarge }
    }
  }
}
