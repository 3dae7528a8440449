// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An open file that is compared with another one: its data, and where it has any.
struct FileContents: ~Copyable {
  private let descriptor: Int32
  /// The size, in bytes.
  let size: Int
  /// The allocated bytes.
  let allocated: Int

  /// Opens a file of a directory.
  init(_ directory: OpenDirectory, _ name: Bytes) throws {
    let status = try directory.status(name)
    let opened = try directory.openFile(name, O_RDONLY | O_NONBLOCK)
    descriptor = opened
    size = status.st_size
    allocated = status.st_blocks * 512
  }

  deinit { close(descriptor) }

  /// The ranges with data (SEEK_DATA, SEEK_HOLE).
  func dataRanges() throws -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var offset = 0
    while offset < size {
      let start = lseek(descriptor, offset, Hidden.seekData)
      if start < 0 && errno == ENXIO { break }
      try check(start, "lseek(SEEK_DATA)")
      let end = try check(lseek(descriptor, start, Hidden.seekHole), "lseek(SEEK_HOLE)")
      ranges.append(start..<end)
      offset = end
    }
    return ranges
  }

  /// The first offset at which two files of one size are not the same; holes are zeros.
  func firstDifference(from other: borrowing FileContents) throws -> Int? {
    let blockBytes = 256 << 10
    var left = Bytes(repeating: 0, count: blockBytes)
    var right = Bytes(repeating: 0, count: blockBytes)
    for range in try dataRanges() + other.dataRanges() {
      var offset = range.lowerBound
      while offset < range.upperBound {
        let wanted = min(blockBytes, range.upperBound - offset)
        try read(&left, wanted, offset)
        try other.read(&right, wanted, offset)
        if unsafe memcmp(left, right, wanted) != 0 {
          let place = (0..<wanted).first { left[$0] != right[$0] } ?? 0
          return offset + place
        }
        offset += wanted
      }
    }
    return nil
  }

  private func read(_ buffer: inout Bytes, _ wanted: Int, _ offset: Int) throws {
    var done = 0
    while done < wanted {
      let count = try unsafe buffer.withUnsafeMutableBytes { bytes in
        let place = unsafe bytes.baseAddress.map { unsafe $0 + done }
        return try check(
          unsafe pread(descriptor, place, wanted - done, offset + done),
          "pread"
        )
      }
      // The end of the file, which a range of SEEK_DATA can go beyond.
      if count == 0 {
        for index in done..<wanted { buffer[index] = 0 }
        return
      }
      done += count
    }
  }
}

/// Whether two files have the same size and the same bytes.
func haveSameContents(
  _ left: OpenDirectory,
  _ leftName: Bytes,
  _ right: OpenDirectory,
  _ rightName: Bytes
) throws -> Bool {
  let one = try FileContents(left, leftName)
  let two = try FileContents(right, rightName)
  return try one.size == two.size && one.firstDifference(from: two) == nil
}
