// SPDX-License-Identifier: Apache-2.0

internal import Kernel

/// Which parts of a source were in the page cache before it was read, and so must stay there.
enum Residency: Equatable {
  /// Nothing was: all that is there later was brought in by this copy.
  case nothing
  /// All of it was.
  case everything
  /// The kernel does not tell: nothing is dropped, since it could be somebody's working set.
  case unknown
  /// One bit for each granule, set where any page was.
  case some(granuleBytes: UInt64, bits: [UInt64])

  /// Large folios are dropped only by ranges that cover them; 2 MiB covers every folio.
  static let granuleBytesMin: UInt64 = 2 << 20
  /// Keeps a map at 8 KiB, by coarser granules for files beyond 128 GiB.
  static let granulesMax: UInt64 = 65_536

  /// Asks the kernel about an open file (`cachestat`), but not about its holes (`lseek`).
  init(of descriptor: Int32, size: UInt64, pageBytes: UInt64) {
    // Before Linux 6.5, and for files of others, the kernel does not tell.
    let cached = FileCalls.cachedPages(of: descriptor, offset: 0, length: size)
    guard let cached, cached > 0 else {
      self = cached == 0 ? .nothing : .unknown
      return
    }
    guard UInt64(cached) < (size + pageBytes - 1) / pageBytes else {
      self = .everything
      return
    }
    var granuleBytes = Self.granuleBytesMin
    while size / granuleBytes >= Self.granulesMax { granuleBytes *= 2 }
    let granules = (size + granuleBytes - 1) / granuleBytes
    var bits = [UInt64](repeating: 0, count: Int(granules + 63) / 64)
    var next: UInt64 = 0
    while next < size, let data = Self.nextData(of: descriptor, from: next) {
      let granule = data / granuleBytes
      let cached = FileCalls.cachedPages(
        of: descriptor,
        offset: granule * granuleBytes,
        length: granuleBytes
      )
      if cached != 0 { bits[Int(granule / 64)] |= 1 << (granule % 64) }
      next = (granule + 1) * granuleBytes
    }
    self = .some(granuleBytes: granuleBytes, bits: bits)
  }

  /// Where data goes on; where the filesystem does not tell of holes it is everywhere.
  private static func nextData(of descriptor: Int32, from offset: UInt64) -> UInt64? {
    do {
      return try FileCalls.nextData(of: descriptor, from: offset)
    } catch {
      return offset
    }
  }

  /// The first run at or after `start` that may be dropped, and ends at `end` at the latest.
  func droppable(from start: UInt64, to end: UInt64) -> Range<UInt64>? {
    guard start < end else { return nil }
    switch self {
    case .nothing: return start..<end
    case .everything, .unknown: return nil
    case .some(let granuleBytes, let bits):
      func isFree(_ offset: UInt64) -> Bool {
        let granule = offset / granuleBytes
        return bits[Int(granule / 64)] & 1 << (granule % 64) == 0
      }
      var first = start
      while first < end && !isFree(first) { first = (first / granuleBytes + 1) * granuleBytes }
      guard first < end else { return nil }
      var last = first
      while last < end && isFree(last) { last = (last / granuleBytes + 1) * granuleBytes }
      return first..<min(last, end)
    }
  }
}
