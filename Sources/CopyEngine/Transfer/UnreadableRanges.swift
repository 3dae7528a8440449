// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// What of a file or device could not be read, where the rest is to be copied all the same.
struct UnreadableRanges {
  /// What is read at once to find out, in bytes: the smallest that the page cache reads.
  static let granuleBytes: UInt64 = 4096

  /// The ranges, in ascending order; none touches the next.
  private(set) var ranges: [Range<UInt64>] = []

  /// Whether an errno says that this part of a source cannot be read, and others may be.
  ///
  /// ENODATA is what the block layer says of a bad sector, EILSEQ of a wrong checksum of the disk,
  /// EBADMSG and EUCLEAN filesystems of theirs.
  static func isMeant(by errno: Errno) -> Bool {
    switch errno {
    case .ioError, .noData, .illegalByteSequence, .badMessage, Errno(rawValue: 117): true
    default: false
    }
  }

  var isEmpty: Bool { ranges.isEmpty }
  /// How much it is, in bytes.
  var byteCount: UInt64 { ranges.reduce(0) { $0 + UInt64($1.count) } }

  /// Finds out what of a range in which a request failed cannot be read (`pread`).
  ///
  /// - Parameters:
  ///   - failed: The range of the request.
  ///   - size: The size of the source, in bytes.
  ///   - source: The open source, which is not set to direct I/O any more afterwards.
  /// - Returns: Whether there is anything new.
  mutating func scan(_ failed: FailedRange, size: UInt64, of source: Int32) -> Bool {
    let before = byteCount
    Self.forEachUnreadable(in: failed, size: size, of: source) { range in
      add(range)
      return true
    }
    return byteCount > before
  }

  /// The first part of a range in which a request failed that cannot be read; `nil` where all of it
  /// can be.
  static func first(in failed: FailedRange, size: UInt64, of source: Int32) -> FailedRange? {
    var first: FailedRange?
    forEachUnreadable(in: failed, size: size, of: source) { range in
      first = FailedRange(offset: range.lowerBound, length: UInt64(range.count))
      return false
    }
    return first
  }

  private static func forEachUnreadable(
    in failed: FailedRange,
    size: UInt64,
    of source: Int32,
    _ body: (Range<UInt64>) -> Bool
  ) {
    try? FileCalls.setDirect(source, false)
    FileCalls.advise(source, .random)
    defer { FileCalls.advise(source, .sequential) }
    var granule = [UInt8](repeating: 0, count: Int(granuleBytes))
    let end = min(failed.offset + max(failed.length, 1), size)
    var offset = failed.offset.roundedDown(to: granuleBytes)
    while offset < end {
      let next = min(offset + granuleBytes, size)
      let count = unsafe granule.withUnsafeMutableBytes { buffer in
        unsafe try? FileCalls.read(source, into: buffer, at: offset)
      }
      if count == nil && !body(offset..<next) { return }
      offset = next
    }
  }

  private mutating func add(_ range: Range<UInt64>) {
    let index = ranges.firstIndex { $0.upperBound >= range.lowerBound } ?? ranges.endIndex
    guard index < ranges.endIndex, ranges[index].lowerBound <= range.upperBound else {
      return ranges.insert(range, at: index)
    }
    let lower = min(ranges[index].lowerBound, range.lowerBound)
    var upper = max(ranges[index].upperBound, range.upperBound)
    if index + 1 < ranges.endIndex, ranges[index + 1].lowerBound <= upper {
      upper = max(upper, ranges.remove(at: index + 1).upperBound)
    }
    ranges[index] = lower..<upper
  }

  /// What is not to be read, when everything below an offset has been copied.
  func leftOut(below offset: UInt64) -> [Range<UInt64>] {
    let rest = ranges.filter { $0.upperBound > offset }
    return offset > 0 ? [0..<offset] + rest : rest
  }

  /// Writes zeros in their place (`pwrite`).
  ///
  /// - Returns: Where and why that failed, or `nil`.
  func fill(_ target: Int32) -> (offset: UInt64, errno: Errno)? {
    for range in ranges {
      for offset in stride(from: range.lowerBound, to: range.upperBound, by: 1 << 20) {
        let end = min(offset + 1 << 20, range.upperBound)
        let zeros = [UInt8](repeating: 0, count: Int(end - offset))
        if let failure = UnalignedTail.write(zeros, upTo: end, of: target, nil) { return failure }
      }
    }
    return nil
  }

  /// Describes what could not be read, when the rest was copied.
  func error(_ path: FilePath, _ errno: Errno?, areFilled: Bool) -> CopyError {
    CopyError(
      .readRanges(ranges.count, bytes: byteCount, areFilled: areFilled),
      path,
      errno,
      .entry,
      offset: ranges.first?.lowerBound,
      length: ranges.first.map { UInt64($0.count) }
    )
  }

  /// A mapfile as GNU ddrescue writes and reads it: what was copied (`+`) and what was not (`-`).
  func mapfile(size: UInt64) -> [UInt8] {
    var text = "# Mapfile in the format of GNU ddrescue, by fastsync\n"
    text += "# current_pos  current_status  current_pass\n0x0  +  1\n#  pos  size  status\n"
    func line(_ range: Range<UInt64>, _ status: Character) -> String {
      guard !range.isEmpty else { return "" }
      let numbers = [range.lowerBound, range.upperBound - range.lowerBound]
      return numbers.map { "0x" + String($0, radix: 16, uppercase: true) + "  " }.joined()
        + "\(status)\n"
    }
    var copied: UInt64 = 0
    for range in ranges {
      text += line(copied..<range.lowerBound, "+") + line(range, "-")
      copied = range.upperBound
    }
    text += line(copied..<max(size, copied), "+")
    return Array(text.utf8)
  }
}

extension DataMap {
  /// The next run of data at or after an offset, without what is left out.
  ///
  /// - Parameters:
  ///   - offset: Where to look from.
  ///   - source: The open source.
  ///   - sectorBytes: What runs are widened to, in bytes.
  ///   - leftOut: Ranges in ascending order.
  /// - Returns: The run, or `nil` where there is none.
  /// - Throws: The error of `lseek`.
  func extent(
    from offset: UInt64,
    in source: Int32,
    sectorBytes: UInt64,
    without leftOut: [Range<UInt64>]
  ) throws(Errno) -> DataExtent? {
    var offset = offset
    while var found = try extent(from: offset, in: source, sectorBytes: sectorBytes) {
      guard let next = leftOut.first(where: { $0.upperBound > found.offset }),
        next.lowerBound < found.offset + found.length
      else { return found }
      if next.lowerBound > found.offset {
        found.length = next.lowerBound - found.offset
        return found
      }
      offset = next.upperBound
    }
    return nil
  }
}
