// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage
import Testing
import Uring

/// Writes of several files in one call, against what the files have afterwards.
@Suite struct AioWriteBatchTests {
  /// Files without names in a directory; closed when the test lets go of them.
  @safe
  private final class Files {
    let descriptors: [Int32]

    init(_ count: Int, in directory: String = "/tmp") throws {
      var made: [Int32] = []
      for _ in 0..<count {
        var template = Array("\(directory)/writebatch-tests-XXXXXX".utf8CString)
        let descriptor = unsafe mkstemp(&template)
        try #require(descriptor >= 0)
        _ = unsafe unlink(template)
        made.append(descriptor)
      }
      descriptors = made
    }

    deinit { for descriptor in descriptors { close(descriptor) } }

    func contents(_ index: Int) -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: 1 << 16)
      let count = unsafe pread(descriptors[index], &bytes, bytes.count, 0)
      return Array(bytes.prefix(max(0, count)))
    }
  }

  /// Cuts the sample into a part for each file, writes them, and returns the results.
  private func write(
    _ parts: [[UInt8]],
    to descriptors: [Int32],
    dontCache: Bool = false
  ) throws -> [Int32] {
    let pool = try BufferPool(count: 1, bytesEach: 1 << 20)
    guard let lease = pool.lease() else {
      Issue.record("a new pool lends nothing")
      return []
    }
    var batch = AioWriteBatch()
    var start = 0
    for (part, descriptor) in zip(parts, descriptors) {
      let slice = pool.slice(of: lease, from: start, count: part.count)
      unsafe slice.start.copyMemory(from: part, byteCount: part.count)
      batch.add(slice, to: descriptor, dontCache: dontCache)
      start += part.count
    }
    let results = batch.run()
    #expect(batch.run().isEmpty, "what was written is forgotten")
    pool.giveBack(lease)
    return results
  }

  @Test(arguments: [1, 2, 37, AioWriteBatch.countMax]) func writesEach(_ count: Int) throws {
    let files = try Files(count)
    let parts = (0..<count).map { number in
      (0..<(1 + number * 7 % 2000)).map { UInt8(truncatingIfNeeded: number &* 31 &+ $0) }
    }
    #expect(try write(parts, to: files.descriptors) == parts.map { Int32($0.count) })
    for index in 0..<count {
      #expect(files.contents(index) == parts[index], "file \(index) of \(count)")
    }
  }

  /// A batch goes on behind a write that is refused, whatever the reason.
  ///
  /// - Parameter times: How often each is written: few writes are calls of their own.
  /// - Throws: Why the files could not be made.
  @Test(arguments: [1, 9]) func refusesOneByOne(_ times: Int) throws {
    let files = try Files(5)
    let readOnly = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
    try #require(readOnly >= 0)
    defer { close(readOnly) }
    let written = files.descriptors
    let some = [-1, written[0], readOnly, written[1], written[2], -1, written[3]]
    let targets = (0..<times).flatMap { _ in some }
    let part = Array("some bytes".utf8)
    let results = try write(targets.map { _ in part }, to: targets)
    let bad = -Errno.badFileDescriptor.rawValue
    #expect(results == (0..<times).flatMap { _ in [bad, 10, bad, 10, 10, bad, 10] })
    for index in 0..<4 { #expect(files.contents(index) == part) }
    #expect(files.contents(4).isEmpty)
  }

  /// What a filesystem says that has no RWF_DONTCACHE is said of each file, and nothing is written.
  @Test func tellsOfDontCache() throws {
    let files = try Files(3, in: "/dev/shm")
    let parts = [[UInt8]](repeating: [1, 2, 3], count: 3)
    let plain = try write(parts, to: files.descriptors)
    #expect(plain == [3, 3, 3])
    let others = try Files(3, in: "/dev/shm")
    let results = try write(parts, to: others.descriptors, dontCache: true)
    let refused = -Errno.notSupported.rawValue
    #expect(results == [3, 3, 3] || results == [refused, refused, refused], "\(results)")
    for index in 0..<3 {
      #expect(others.contents(index) == (results[index] == 3 ? parts[index] : []))
    }
  }
}
