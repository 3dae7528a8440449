// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage
import Testing
import Uring

/// `SYNC_FILE_RANGE_*`, which Swift's Glibc module does not have.
enum SyncRange {
  static let waitBefore: Int32 = 1
  static let write: Int32 = 2
  static let waitAfter: Int32 = 4
}

/// What each operation does and answers.
@Suite struct QueueOperationTests {
  @Test(
    arguments: Engine.allCases,
    [POSIX_FADV_NORMAL, POSIX_FADV_SEQUENTIAL, POSIX_FADV_DONTNEED, POSIX_FADV_NOREUSE]
  )
  func advises(_ engine: Engine, advice: Int32) throws {
    var rig = try Rig(engine)
    let file = try rig.open(sampleBytes(10_000))
    for (number, length) in [0, 4096, 1 << 32, 5 << 32, UInt64(Int64.max)].enumerated() {
      rig.queue.prepare(
        .advise(file, offset: 4096, length: length, advice: advice, tag: tag(number))
      )
    }
    #expect(try rig.run(waitFor: 5).map(\.result) == [0, 0, 0, 0, 0])
  }

  @Test(arguments: Engine.real)
  func longAdviceIsNotCutTo32Bits(_ engine: Engine) throws {
    var rig = try Rig(engine)
    let file = try rig.open()
    let bytes = sampleBytes(4 << 20)
    let start = 5 << 30
    #expect(unsafe pwrite(file, bytes, bytes.count, off_t(start)) == bytes.count)
    #expect(fsync(file) == 0)
    // 4 GiB that end before the data: cut to 32 bits this is 0, up to the end of the file.
    rig.queue.prepare(
      .advise(file, offset: 0, length: 1 << 32, advice: POSIX_FADV_DONTNEED, tag: tag(1))
    )
    #expect(try rig.run(waitFor: 1).map(\.result) == [0])
    #expect(cachedPages(of: file, at: start, byteCount: bytes.count) == 1024)
    // 6 GiB that take the data in: cut to 32 bits this is 2 GiB.
    rig.queue.prepare(
      .advise(file, offset: 0, length: 6 << 30, advice: POSIX_FADV_DONTNEED, tag: tag(2))
    )
    #expect(try rig.run(waitFor: 1).map(\.result) == [0])
    #expect(cachedPages(of: file, at: start, byteCount: bytes.count) == 0)
  }

  @Test(arguments: Engine.allCases)
  func writesBack(_ engine: Engine) throws {
    var rig = try Rig(engine)
    let file = try rig.open(sampleBytes(100_000), isWritable: true)
    for (number, length) in [0, 65536, 1 << 32, 5 << 32].enumerated() {
      rig.queue.prepare(
        .syncRange(
          file,
          offset: 0,
          length: UInt64(length),
          mode: SyncRange.waitBefore | SyncRange.write | SyncRange.waitAfter,
          tag: tag(number)
        )
      )
    }
    #expect(try rig.run(waitFor: 4).map(\.result) == [0, 0, 0, 0])
  }

  @Test(arguments: Engine.allCases)
  func allocates(_ engine: Engine) throws {
    var rig = try Rig(engine)
    let file = try rig.open(sampleBytes(10), isWritable: true)
    rig.queue.prepare(.allocate(file, offset: 0, length: 1 << 20, tag: tag(1)))
    #expect(try rig.run(waitFor: 1).map(\.result) == [0])
    #expect(try rig.contents(of: file).count == 1 << 20)
    rig.queue.prepare(.allocate(file, offset: 0, length: 0, tag: tag(2)))
    #expect(try rig.run(waitFor: 1).map(\.error) == [.invalidArgument])
  }

  @Test(arguments: Engine.allCases, Submission.Operation.allCases)
  func refusesAClosedFile(_ engine: Engine, operation: Submission.Operation) throws {
    var rig = try Rig(engine)
    let lease = try rig.lease()
    let slice = rig.pool.slice(of: lease, from: 0, count: 10)
    let submission: Submission =
      switch operation {
      case .read: .read(-1, into: slice, at: 0, tag: tag(1))
      case .write: .write(-1, from: slice, at: 0, tag: tag(1))
      case .advise: .advise(-1, offset: 0, length: 0, advice: POSIX_FADV_DONTNEED, tag: tag(1))
      case .syncRange: .syncRange(-1, offset: 0, length: 0, mode: SyncRange.write, tag: tag(1))
      case .allocate: .allocate(-1, offset: 0, length: 1, tag: tag(1))
      }
    rig.queue.prepare(submission)
    #expect(try rig.run(waitFor: 1).map(\.error) == [.badFileDescriptor])
    rig.pool.giveBack(lease)
  }

  @Test(arguments: Engine.real)
  func refusesWhatIsInvalid(_ engine: Engine) throws {
    var rig = try Rig(engine)
    let file = try rig.open(sampleBytes(10), isWritable: true)
    rig.queue.prepare(.advise(file, offset: 0, length: 0, advice: 99, tag: tag(1)))
    rig.queue.prepare(.syncRange(file, offset: 0, length: 0, mode: 64, tag: tag(2)))
    let errors = try rig.run(waitFor: 2).sorted { $0.tag.slot < $1.tag.slot }.map(\.error)
    #expect(errors == [.invalidArgument, .invalidArgument])
  }

  @Test(arguments: Engine.allCases, [1, 4, 16])
  func copiesAFileWithManyPairsInFlight(_ engine: Engine, depth: Int) throws {
    var rig = try Rig(engine, depth: 2 * depth)
    let bytes = sampleBytes(1_234_567)
    let source = try rig.open(bytes)
    let target = try rig.open(isWritable: true)
    var copier = PairCopier(source: source, target: target, byteCount: bytes.count)
    try copier.run(&rig.queue, rig.pool)
    #expect(rig.pool.freeCount == rig.pool.count)
    #expect(firstDifference(try rig.contents(of: target), bytes) == nil)
  }
}
