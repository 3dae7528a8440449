// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import SystemPackage

/// The last bytes of what is written directly, where they are no whole sector.
enum FileEnd {
  /// Writes them through the cache (`pwrite`).
  ///
  /// - Parameters:
  ///   - end: The bytes.
  ///   - size: Where they end, in bytes.
  ///   - target: The file or device, which is not set to direct I/O any more afterwards.
  /// - Returns: Where and why that failed, or `nil`.
  static func write(
    _ end: [UInt8],
    upTo size: UInt64,
    of target: Int32
  ) -> (offset: UInt64, errno: Errno)? {
    guard !end.isEmpty else { return nil }
    _ = cl_set_direct(target, 0)
    var written = 0
    while written < end.count {
      let offset = size - UInt64(end.count - written)
      let result = unsafe end.withUnsafeBytes { bytes -> Int32 in
        guard let start = bytes.baseAddress else { return 0 }
        let count = UInt32(end.count - written)
        return unsafe cl_call_write(target, start + written, count, offset, false)
      }
      guard result > 0 else {
        return (offset, result == 0 ? Errno.ioError : Errno(rawValue: -result))
      }
      written += Int(result)
    }
    return nil
  }
}
