// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import SystemPackage

/// The last bytes of what is written directly, where they are no whole sector.
enum UnalignedTail {
  /// Writes them through the cache (`pwrite`).
  ///
  /// - Parameters:
  ///   - tail: The bytes.
  ///   - size: Where they end, in bytes.
  ///   - target: The file or device, which is not set to direct I/O any more afterwards.
  ///   - measured: What measures how long that takes, if anybody wants to know.
  /// - Returns: Where and why that failed, or `nil`.
  static func write(
    _ tail: [UInt8],
    upTo size: UInt64,
    of target: Int32,
    _ measured: MeasuredDevice?
  ) -> (offset: UInt64, errno: Errno)? {
    guard !tail.isEmpty else { return nil }
    try? FileCalls.setDirect(target, false)
    var written = 0
    while written < tail.count {
      let offset = size - UInt64(tail.count - written)
      do throws(Errno) {
        let rest = tail[written...]
        let count = try measured.time(.write) { () throws(Errno) in
          try write(rest, at: offset, to: target)
        }
        guard count > 0 else { throw .ioError }
        written += count
      } catch {
        return (offset, error)
      }
    }
    return nil
  }

  private static func write(
    _ bytes: ArraySlice<UInt8>,
    at offset: UInt64,
    to target: Int32
  ) throws(Errno) -> Int {
    let result = unsafe bytes.withUnsafeBytes { bytes -> Result<Int, Errno> in
      do throws(Errno) {
        return .success(unsafe try FileCalls.write(target, from: bytes, at: offset))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
