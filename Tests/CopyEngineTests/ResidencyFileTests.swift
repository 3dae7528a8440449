// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import CopyEngine

/// Real files, whose pages in the cache `mincore` tells.
@Suite("What was cached of a file")
struct ResidencyFileTests {
  static let granuleBytes = Int(Residency.granuleBytesMin)
  static let pageBytes = sysconf(Int32(_SC_PAGESIZE))

  /// A file of a size on disk that is not in the page cache, if that can be had here.
  private func withDroppedFile(_ size: Int, _ body: (Int32) throws -> Void) throws {
    try withScratchDirectory { scratch in
      let file = try scratch.open("file")
      defer { close(file) }
      let bytes = [UInt8](repeating: 0x5a, count: 1 << 20)
      for offset in stride(from: 0, to: size, by: bytes.count) {
        let count = min(bytes.count, size - offset)
        try #require(unsafe pwrite(file, bytes, count, offset) == count)
      }
      try #require(fsync(file) == 0)
      // No readahead, so that exactly what is read gets cached.
      posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM)
      posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
      guard try !cachedPages(file, size).contains(true) else {
        try Test.cancel("what is written to TMPDIR cannot be dropped from the cache")
      }
      guard hasCacheStatistics(file) else {
        #expect(residency(file, size) == .everything)
        try Test.cancel("the kernel does not tell what is cached (Linux 6.5 does)")
      }
      #expect(residency(file, size) == .nothing)
      try PageCache.kept { try body(file) }
    }
  }

  /// Whether the kernel has `cachestat`, which Swift's Glibc module has not.
  private func hasCacheStatistics(_ file: Int32) -> Bool {
    typealias Call = @convention(c) (Int, Int, UnsafeRawPointer, UnsafeRawPointer, Int) -> Int
    guard let address = unsafe dlsym(nil, "syscall") else { return false }
    let call = unsafe unsafeBitCast(address, to: Call.self)
    let range: [UInt64] = [0, 0]
    let counts: [UInt64] = [0, 0, 0, 0, 0]
    return unsafe call(451, Int(file), range, counts, 0) == 0
  }

  private func residency(_ file: Int32, _ size: Int) -> Residency {
    Residency(of: file, size: UInt64(size), pageBytes: UInt64(Self.pageBytes))
  }

  private func touch(_ file: Int32, from start: Int, count: Int) throws {
    var bytes = [UInt8](repeating: 0, count: count)
    try #require(unsafe pread(file, &bytes, count, start) == count)
  }

  @Test("all of it", arguments: [4096, (16 << 20) - 5, 16 << 20])
  func fullyCached(size: Int) throws {
    try withDroppedFile(size) { file in
      try touch(file, from: 0, count: size)
      try #require(try !cachedPages(file, size).contains(false))
      #expect(residency(file, size) == .everything)
    }
  }

  @Test("the first half", arguments: [16 << 20, (16 << 20) + 4097])
  func halfCached(size: Int) throws {
    try withDroppedFile(size) { file in
      try touch(file, from: 0, count: 8 << 20)
      try expectSameAsPages(file, size)
      // The half that was not cached is one run.
      let run = residency(file, size).droppable(from: 0, to: UInt64(size))
      #expect(run == 8 << 20..<UInt64(size))
    }
  }

  @Test("single pages here and there, also the last")
  func someCached() throws {
    let size = (24 << 20) + 100
    try withDroppedFile(size) { file in
      for offset in [3 << 20, (9 << 20) + 4096, (10 << 20) - 4096, size - 1] {
        try touch(file, from: offset, count: 1)
      }
      try expectSameAsPages(file, size)
    }
  }

  /// Compares each granule with the pages that it has.
  private func expectSameAsPages(_ file: Int32, _ size: Int) throws {
    let residency = residency(file, size)
    let pages = try cachedPages(file, size)
    let pagesEach = Self.granuleBytes / Self.pageBytes
    for granule in 0..<(size + Self.granuleBytes - 1) / Self.granuleBytes {
      let end = min((granule + 1) * pagesEach, pages.count)
      let isCached = pages[granule * pagesEach..<end].contains(true)
      let start = UInt64(granule * Self.granuleBytes)
      let run = residency.droppable(from: start, to: min(start + 4096, UInt64(size)))
      #expect((run == nil) == isCached, "granule \(granule)")
    }
  }

  @Test("a map of 1 TiB is of 8 KiB at most")
  func hugeFile() throws {
    let size = 1 << 40
    try withDroppedFile(0x10_0000) { file in
      guard ftruncate(file, size) == 0 else { try Test.cancel("TMPDIR has no files of 1 TiB") }
      try touch(file, from: 0, count: 1)
      guard case .some(let granuleBytes, let bits) = residency(file, size) else {
        Issue.record("a map is expected")
        return
      }
      #expect(bits.count * 8 <= 8192)
      #expect(granuleBytes % Residency.granuleBytesMin == 0)
      #expect(UInt64(bits.count) * 64 * granuleBytes >= UInt64(size))
      #expect(bits.reduce(0) { $0 + $1.nonzeroBitCount } == 1)
      #expect(bits.first == 1)
    }
  }

  @Test("where the kernel does not tell, nothing is known")
  func unknown() {
    #expect(residency(-1, 1 << 30) == .unknown)
  }
}
