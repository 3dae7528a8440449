// SPDX-License-Identifier: Apache-2.0

import Glibc
import SimulatedKernel
import SystemPackage
import Testing
import Uring

/// The rules of links and completions, as kernel measurements gave them; every queue keeps them.
@Suite struct QueueTests {
  static let canceled = -Errno.canceled.rawValue

  @Test(arguments: Engine.allCases, [true, false])
  func aPairCopiesABlock(_ engine: Engine, isRegistered: Bool) throws {
    var rig = try Rig(engine, isRegistered: isRegistered)
    let bytes = sampleBytes(Rig.blockBytes)
    let source = try rig.open(bytes)
    let target = try rig.open(isWritable: true)
    let lease = try rig.lease()
    rig.preparePair(source, target, lease, count: bytes.count, first: 1)
    let completions = try rig.run(waitFor: 1)
    rig.pool.giveBack(lease)
    #expect(completions == [Completion(tag: tag(2), result: Int32(bytes.count))])
    #expect(firstDifference(try rig.contents(of: target), bytes) == nil)
  }

  @Test(arguments: Engine.allCases)
  func withoutSkipBothComplete(_ engine: Engine) throws {
    var rig = try Rig(engine)
    let source = try rig.open(sampleBytes(5000))
    let target = try rig.open(isWritable: true)
    let lease = try rig.lease()
    rig.preparePair(source, target, lease, count: 5000, first: 1, readFlags: .link)
    let completions = try rig.run(waitFor: 2)
    rig.pool.giveBack(lease)
    #expect(completions.map(\.tag) == [tag(1), tag(2)])
    #expect(completions.map(\.result) == [5000, 5000])
  }

  @Test(arguments: Engine.allCases)
  func aShortReadIsAllThatIsHeardOfASilentPair(_ engine: Engine) throws {
    var rig = try Rig(engine)
    let source = try rig.open(sampleBytes(1000))
    let target = try rig.open(isWritable: true)
    let lease = try rig.lease()
    rig.preparePair(source, target, lease, count: 4096, first: 1)
    let completions = try rig.run(waitFor: 1)
    rig.pool.giveBack(lease)
    #expect(completions == [Completion(tag: tag(1), result: 1000)])
    #expect(try rig.contents(of: target).isEmpty)
  }

  @Test(arguments: Engine.allCases)
  func aShortReadCancelsTheRestOfItsChainOnly(_ engine: Engine) throws {
    var rig = try Rig(engine)
    let source = try rig.open(sampleBytes(1000))
    let target = try rig.open(isWritable: true)
    let first = try rig.lease()
    let second = try rig.lease()
    rig.preparePair(
      source,
      target,
      first,
      count: 4096,
      first: 1,
      readFlags: .link,
      writeFlags: .link
    )
    rig.preparePair(source, target, second, count: 1000, first: 3, readFlags: .link)
    rig.queue.prepare(
      .syncRange(target, offset: 0, length: 0, mode: SyncRange.write, tag: tag(5))
    )
    let results = Dictionary(
      uniqueKeysWithValues: try rig.run(waitFor: 5).map { ($0.tag.slot, $0.result) }
    )
    rig.pool.giveBack(first)
    rig.pool.giveBack(second)
    let canceled = Self.canceled
    #expect(results == [1: 1000, 2: canceled, 3: canceled, 4: canceled, 5: 0])
    #expect(try rig.contents(of: target).isEmpty)
  }

  @Test(arguments: Engine.allCases)
  func atTheEndOfTheFileAReadIsShortAndAnEmptyOneIsNot(_ engine: Engine) throws {
    var rig = try Rig(engine)
    let source = try rig.open(sampleBytes(1000))
    let lease = try rig.lease()
    let some = rig.pool.slice(of: lease, from: 0, count: 10)
    let none = rig.pool.slice(of: lease, from: 0, count: 0)
    rig.queue.prepare(.read(source, into: some, at: 1000, flags: .link, tag: tag(1)))
    rig.queue.prepare(.read(source, into: none, at: 0, tag: tag(2)))
    let atEnd = try rig.run(waitFor: 2)
    rig.queue.prepare(.read(source, into: none, at: 0, flags: .link, tag: tag(3)))
    rig.queue.prepare(.read(source, into: some, at: 0, tag: tag(4)))
    let empty = try rig.run(waitFor: 2)
    rig.pool.giveBack(lease)
    #expect(atEnd.map(\.result) == [0, Self.canceled])
    #expect(empty.map(\.result) == [0, 10])
  }

  @Test(arguments: Engine.real)
  func aFailedWriteCancelsEvenASilentSuccessorAloud(_ engine: Engine) throws {
    var rig = try Rig(engine)
    let source = try rig.open(sampleBytes(1000))
    let lease = try rig.lease()
    rig.preparePair(source, -1, lease, count: 1000, first: 1, writeFlags: .link)
    rig.queue.prepare(
      .advise(source, offset: 0, length: 0, advice: 4, flags: .skipSuccess, tag: tag(3))
    )
    let completions = try rig.run(waitFor: 2)
    rig.pool.giveBack(lease)
    #expect(completions.map(\.tag) == [tag(2), tag(3)])
    #expect(completions.map(\.error) == [.badFileDescriptor, .canceled])
  }

  @Test(arguments: Engine.allCases)
  func silentSuccessLeavesNoCompletion(_ engine: Engine) throws {
    var rig = try Rig(engine)
    let file = try rig.open(sampleBytes(100))
    for number in 1...3 {
      rig.queue.prepare(
        .advise(
          file,
          offset: 0,
          length: 0,
          advice: POSIX_FADV_SEQUENTIAL,
          flags: number == 3 ? [] : .skipSuccess,
          tag: tag(number)
        )
      )
    }
    #expect(try rig.run(waitFor: 1) == [Completion(tag: tag(3), result: 0)])
  }

  @Test(arguments: Engine.real)
  func aLinkOnTheLastRequestJoinsNothing(_ engine: Engine) throws {
    var rig = try Rig(engine)
    let source = try rig.open(sampleBytes(1000))
    let lease = try rig.lease()
    let slice = rig.pool.slice(of: lease, from: 0, count: 4096)
    rig.queue.prepare(.read(source, into: slice, at: 0, flags: .link, tag: tag(1)))
    #expect(try rig.run(waitFor: 1).map(\.result) == [1000])
    rig.queue.prepare(.read(source, into: slice, at: 500, tag: tag(2)))
    #expect(try rig.run(waitFor: 1).map(\.result) == [500])
    rig.pool.giveBack(lease)
  }

  @Test(arguments: Engine.allCases)
  func submitsWithoutWaiting(_ engine: Engine) throws {
    var rig = try Rig(engine)
    let file = try rig.open(sampleBytes(100), isWritable: true)
    #expect(try rig.run(waitFor: 0).isEmpty)
    rig.queue.prepare(.advise(file, offset: 0, length: 0, advice: 4, tag: tag(1)))
    var completions: [Completion] = []
    // DONTNEED runs on a kernel thread, so it may take a few turns.
    for _ in 0..<600_000 where completions.isEmpty {
      completions += try rig.run(waitFor: 0)
      if completions.isEmpty { usleep(100) }
    }
    #expect(completions == [Completion(tag: tag(1), result: 0)])
  }
}
