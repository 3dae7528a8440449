// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import SystemPackage
internal import Uring

/// How one direction is carried out.
struct TransferMode: Equatable {
  /// What offsets and lengths are multiples of, in bytes: 1, or that of direct I/O.
  var alignment = 1
  /// Whether nothing stays in the page cache (`RWF_DONTCACHE`).
  var dontCache = false

  var isDirect: Bool { alignment > 1 }
}

/// How the data of one file is moved: what was decided when it was opened.
struct TransferPlan {
  /// What runs of zeros of a file are measured in, in bytes: most filesystems can have no smaller
  /// hole.
  static let zeroGranuleBytes = 4096

  /// Holes of so many bytes are read with what is around them: a request costs more than these
  /// zeros.
  static let spannedHoleBytes: UInt64 = 32 << 10
  /// As much data is worth a request of its own, in bytes.
  static let spanBytes: UInt64 = 1 << 20

  /// The source, open for reading.
  var source: Int32
  /// The target, open for writing; `nil` where the file is only read into one buffer.
  var target: Int32?
  /// Where the source has data.
  var map: DataMap
  /// What is not moved all the same, in ascending order.
  var leftOut: [Range<UInt64>]?
  /// What runs of data are widened to, in bytes.
  var sectorBytes: UInt64 = 1
  /// Bytes to allocate before anything is written, or 0.
  var allocateBytes: UInt64 = 0
  /// Cache advice, for files that are large enough.
  var advisor: CacheAdvisor?
  /// The number of the filesystem or block device that is read, for those who measure.
  var device: UInt64 = 0
  /// How it is read.
  var reading = TransferMode()
  /// How it is written.
  var writing = TransferMode()
  /// What runs of zeros are measured in that are left out, since the target has zeros everywhere,
  /// in bytes; 0 where all is written, as it is by direct writes.
  var zeroGranuleBytes = 0

  /// Whether small pieces between holes are sent off as they are written (RWF_DONTCACHE): XFS,
  /// which leaves room for the holes on the disk, takes long to find places for many of them when a
  /// window is sent off in order: a copy of 131,072 takes 2.6 times as long.
  var sendsPieces = false
  /// Larger ones are sent off with what is around them, in bytes.
  static let sentPieceBytesMax = 8 << 10

  var skipsZeros: Bool { zeroGranuleBytes > 0 }

  /// The next run of data that is moved, or `nil` when there is none (`lseek`).
  func extent(from offset: UInt64) throws(Errno) -> DataExtent? {
    if let leftOut {
      return try map.extent(from: offset, in: source, sectorBytes: sectorBytes, without: leftOut)
    }
    guard sectorBytes == 1 else {
      return try map.extent(from: offset, in: source, sectorBytes: sectorBytes)
    }
    return try map.extent(
      from: offset,
      in: source,
      spanning: Self.spannedHoleBytes,
      upTo: Self.spanBytes
    )
  }

  /// What of bytes that were read is written next: all of them, unless there are holes in them or
  /// zeros that are left out.
  ///
  /// - Parameters:
  ///   - read: The bytes.
  ///   - offset: Where they lie in the file.
  ///   - spansHoles: Whether there are holes in them.
  /// - Returns: How many are left out before it, and how many it is.
  func part(
    of read: BufferSlice,
    at offset: UInt64,
    spansHoles: Bool
  ) -> (leftOut: Int, count: Int) {
    if skipsZeros {
      let zeros = read.run(ofZeros: true, granuleBytes: zeroGranuleBytes)
      return (zeros, read.run(from: zeros, ofZeros: false, granuleBytes: zeroGranuleBytes))
    }
    // Where somebody makes a hole of it meanwhile, the file is copied again for that.
    guard spansHoles, let data = try? map.extent(from: offset, in: source) else {
      return (0, read.count)
    }
    let start = min(data.offset - offset, UInt64(read.count))
    return (Int(start), Int(min(data.length, UInt64(read.count) - start)))
  }
}
