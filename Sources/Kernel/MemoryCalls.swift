// SPDX-License-Identifier: Apache-2.0

internal import Glibc
public import SystemPackage

/// Memory that is got from the kernel in whole pages.
public enum MemoryCalls {
  /// Maps memory, page aligned and filled with zeros (`mmap` with MAP_ANONYMOUS).
  public static func map(byteCount: Int) throws(Errno) -> UnsafeMutableRawPointer {
    let mapping = unsafe mmap(
      nil,
      byteCount,
      PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS,
      -1,
      0
    )
    guard let mapping = unsafe mapping, unsafe mapping != MAP_FAILED else {
      throw Errno(rawValue: errno)
    }
    return unsafe mapping
  }

  /// Gives mapped memory back (`munmap`).
  public static func unmap(_ start: UnsafeMutableRawPointer, byteCount: Int) {
    _ = unsafe munmap(start, byteCount)
  }

  /// Whether some bytes are all zero (`memcmp`).
  public static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard unsafe bytes.first == 0, let base = bytes.baseAddress else { return false }
    // If the first byte is zero and each equals the next one, all are.
    return unsafe memcmp(base, base + 1, bytes.count - 1) == 0
  }

  /// Whether so many bytes are the same in two places (`memcmp`).
  public static func areEqual(
    _ one: UnsafeRawPointer,
    _ other: UnsafeRawPointer,
    count: Int
  ) -> Bool {
    unsafe memcmp(one, other, count) == 0
  }
}
