// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

/// What a copy leaves in the page cache.
@Suite(
  .serialized,
  .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
  .enabled(if: hasCachestat, "the kernel has no cachestat")
)
struct CacheTests {
  private static let megabytes = 256
  private static let pages = megabytes << 20 / 4096

  /// Makes a source file on a filesystem that can drop pages; tmpfs cannot.
  private func withFile(
    _ kind: Filesystem,
    _ body: (_ source: String, _ target: String) throws -> Void
  ) throws {
    try withSandbox { sandbox in
      let megabytes = 3 * CacheTests.megabytes
      let mount = try kind.make(in: sandbox, as: "disk", megabytes: megabytes)
      let contents = SeededContents(seed: testSeed)
      let size = CacheTests.megabytes << 20
      try contents.makeFile(1, OpenDirectory(mount), Bytes(text: "source"), size: size)
      try succeed("sync", ["-f", mount])
      try PageCache.kept { try body("\(mount)/source", "\(mount)/target") }
    }
  }

  /// Drops what is cached of a clean file.
  private func evict(_ path: String) throws {
    let file = try check(unsafe open(path, O_RDONLY | O_CLOEXEC), "open", Bytes(text: path))
    defer { close(file) }
    _ = posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
    #expect(try cachedPages(file) ?? 0 < CacheTests.pages / 100, "the test cannot evict the source")
  }

  private func copy(_ engine: String, _ cache: String, _ source: String, _ target: String) throws {
    let options = ["--io-engine=\(engine)", "--cache=\(cache)", "--reflink=never"]
    try expectFastsync(0, options + [source, target])
  }

  @Test(arguments: Filesystem.allCases, engines) func adviceLeavesLittleBehind(
    _ kind: Filesystem,
    _ engine: String
  ) throws {
    try withFile(kind) { source, target in
      try evict(source)
      try copy(engine, "advise", source, target)
      let left = try (pagesInCache(source) ?? 0, pagesInCache(target) ?? 0)
      #expect(left.0 < CacheTests.pages / 20, "of the source, \(kind) \(engine)")
      #expect(left.1 < CacheTests.pages / 20, "of the target, \(kind) \(engine)")
    }
  }

  @Test(arguments: engines) func whatWasCachedStays(_ engine: String) throws {
    try withFile(.ext4) { source, target in
      try succeed("dd", ["if=\(source)", "of=/dev/null", "bs=1M", "status=none"])
      try copy(engine, "advise", source, target)
      let kept = try pagesInCache(source) ?? 0
      #expect(kept >= CacheTests.pages * 99 / 100, "\(kept) of \(CacheTests.pages), \(engine)")
      let left = try pagesInCache(target) ?? 0
      #expect(left < CacheTests.pages / 20, "of the target, \(engine)")
    }
  }

  /// Only one half was cached: that half stays, and the other does not come in.
  @Test(arguments: engines) func halfOfItStays(_ engine: String) throws {
    try withFile(.ext4) { source, target in
      try evict(source)
      try succeed("dd", ["if=\(source)", "of=/dev/null", "bs=1M", "count=128", "status=none"])
      let before = try pagesInCache(source) ?? 0
      try copy(engine, "advise", source, target)
      let after = try pagesInCache(source) ?? 0
      #expect(after >= before * 99 / 100, "\(before) before, \(after) after, \(engine)")
      let more = after - before
      #expect(more < CacheTests.pages / 20, "\(before) before, \(after) after, \(engine)")
    }
  }

  @Test(arguments: engines) func keepLeavesItAll(_ engine: String) throws {
    try withFile(.ext4) { source, target in
      try evict(source)
      try copy(engine, "keep", source, target)
      for path in [source, target] {
        let kept = try pagesInCache(path) ?? 0
        #expect(kept >= CacheTests.pages * 99 / 100, "\(kept) of \(path), \(engine)")
      }
    }
  }
}

/// How many pages of a file are in the page cache.
private func pagesInCache(_ path: String) throws -> Int? {
  let file = try check(unsafe open(path, O_RDONLY | O_CLOEXEC), "open", Bytes(text: path))
  defer { close(file) }
  return try cachedPages(file)
}

/// Whether the kernel tells (Linux 6.5).
private let hasCachestat = (try? pagesInCache("/proc/self/exe")) != .some(nil)
