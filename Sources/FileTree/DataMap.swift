// SPDX-License-Identifier: Apache-2.0

public import Kernel
public import SystemPackage

/// A run of data in a file, in bytes.
public struct DataExtent: Equatable, Sendable {
  /// Where it starts.
  public var offset: UInt64
  /// How long it is, more than 0.
  public var length: UInt64
  /// Whether there are holes in it.
  public var spansHoles = false

  /// Where it ends.
  var end: UInt64 { offset + length }

  /// Names a run.
  public init(offset: UInt64, length: UInt64) {
    self.offset = offset
    self.length = length
  }
}

/// Where a file has data; asked for one extent at a time, so that its memory does not grow with the
/// file.
public enum DataMap: Equatable, Sendable {
  /// All of it is data, up to this size in bytes.
  case whole(UInt64)
  /// It has holes, which `lseek` with SEEK_DATA and SEEK_HOLE tells, up to this size in bytes.
  case sparse(UInt64)
  /// The size does not tell how much there is to read, as in `/proc`.
  case unknownSize

  /// What to expect of an open regular file.
  ///
  /// A map that calls everything a hole in a file that occupies blocks is not believed: some
  /// filesystems said so of data that was still on its way to the disk.
  public init(of descriptor: Int32, _ metadata: EntryMetadata, keepsHoles: Bool) {
    let size = metadata.size
    guard size > 0 else {
      self = .unknownSize
      return
    }
    guard keepsHoles, metadata.mayHaveHoles else {
      self = .whole(size)
      return
    }
    do throws(Errno) {
      let first = try FileCalls.nextData(of: descriptor, from: 0)
      self = first != nil || metadata.blocks == 0 ? .sparse(size) : .whole(size)
    } catch {
      self = .whole(size)
    }
  }

  /// Up to which size, in bytes; 0 where it is unknown.
  public var size: UInt64 {
    switch self {
    case .whole(let size), .sparse(let size): size
    case .unknownSize: 0
    }
  }

  /// The same for a target that is written in whole sectors: runs of data are widened to them, and
  /// an end that is no whole sector counts as data.
  ///
  /// - Parameters:
  ///   - offset: Where to look from: the start of a sector.
  ///   - descriptor: The file.
  ///   - sectorBytes: The size of a sector, in bytes.
  /// - Returns: The run, or `nil` when there is none.
  /// - Throws: The error of `lseek`.
  public func extent(
    from offset: UInt64,
    in descriptor: Int32,
    sectorBytes: UInt64
  ) throws(Errno) -> DataExtent? {
    let found = try extent(from: offset, in: descriptor)
    guard sectorBytes > 1, case .sparse(let size) = self else { return found }
    return Self.widened(found, to: sectorBytes, size, from: offset)
  }

  /// The next run of data at or after an offset, with those that follow it closely: one read takes
  /// them all, and the holes between them as zeros.
  ///
  /// - Parameters:
  ///   - offset: Where to look from.
  ///   - descriptor: The file.
  ///   - holeBytes: The size of the largest hole between two of them.
  ///   - byteCount: A run that is as long is not joined to others.
  /// - Returns: The run, or `nil` when there is none.
  /// - Throws: The error of `lseek`.
  public func extent(
    from offset: UInt64,
    in descriptor: Int32,
    spanning holeBytes: UInt64,
    upTo byteCount: UInt64
  ) throws(Errno) -> DataExtent? {
    guard var joined = try extent(from: offset, in: descriptor) else { return nil }
    while joined.length < byteCount, let next = try extent(from: joined.end, in: descriptor),
      next.offset - joined.end <= holeBytes
    {
      joined.length = next.end - joined.offset
      joined.spansHoles = true
    }
    return joined
  }

  /// The next run of data at or after an offset, or `nil` when there is none (`lseek`).
  public func extent(from offset: UInt64, in descriptor: Int32) throws(Errno) -> DataExtent? {
    switch self {
    case .unknownSize:
      return nil
    case .whole(let size):
      return offset < size ? DataExtent(offset: offset, length: size - offset) : nil
    case .sparse(let size):
      guard offset < size else { return nil }
      guard let start = try FileCalls.nextData(of: descriptor, from: offset) else { return nil }
      let end = try FileCalls.nextHole(of: descriptor, from: start)
      guard start < size, end > start else { return nil }
      return DataExtent(offset: start, length: min(end, size) - start)
    }
  }

  /// A run of data, or the end of the file where there is none, in whole sectors.
  private static func widened(
    _ extent: DataExtent?,
    to sectorBytes: UInt64,
    _ size: UInt64,
    from offset: UInt64
  ) -> DataExtent? {
    let lastStart = size - size % sectorBytes
    let start = extent.map { $0.offset.roundedDown(to: sectorBytes) } ?? lastStart
    guard start < size else { return nil }
    let dataEnd = extent.map { $0.offset + $0.length } ?? size
    let end = dataEnd > lastStart ? size : dataEnd.roundedUp(to: sectorBytes)
    let first = max(start, offset)
    return first < end ? DataExtent(offset: first, length: end - first) : nil
  }
}
