// SPDX-License-Identifier: Apache-2.0

import SimulatedKernel
import SystemPackage
import Testing
import Uring

@testable import CopyEngine

/// Two workers share a pool, and the queue of one fails: what its kernel still fills or reads must
/// not be a buffer of the other.
@Suite("What becomes of buffers when a queue fails")
struct EventLoopFailureTests {
  private typealias Loop = EventLoop<SimulatedKernel, Int>

  private static let blocks = 6
  private static let filesOfFirst = [
    SimulatedCopy(byteCount: 20_000, allocates: true, isAdvised: true),
    SimulatedCopy(byteCount: 3000, isLoaded: true), SimulatedCopy(byteCount: 9000),
  ]
  private static let filesOfSecond = [
    SimulatedCopy(byteCount: 40_000), SimulatedCopy(byteCount: 2500, isLoaded: true),
    SimulatedCopy(byteCount: 30_000),
  ]

  private let rig = EventLoopRig()

  /// Which requests are in flight, and when, is up to the seed.
  private func delayed(_ seed: UInt64) -> Faults {
    var faults = seed % 3 == 0 ? Faults() : Faults.survivable
    faults.delayProbability = 0.8
    return faults
  }

  private func makeLoop(
    _ files: [SimulatedCopy],
    _ pool: BufferPool,
    seed: UInt64,
    faults: Faults
  ) -> Loop {
    var rig = rig
    rig.linksPairs = seed % 4 != 1
    var loop = Loop(
      queue: rig.makeKernel(files, seed: seed, faults: faults),
      pool: pool,
      filesMax: files.count
    )
    for (number, file) in files.enumerated() { loop.admit(rig.plan(number, file), file: number) }
    return loop
  }

  /// Copies with one loop until the submit of a number fails.
  ///
  /// - Returns: Whether it failed, and was not done before.
  private func failFirst(_ loop: inout Loop, _ label: String) throws -> Bool {
    for _ in 0..<10_000 {
      do {
        try loop.turn()
      } catch {
        loop.abandon()
        return true
      }
      while let finished = loop.nextFinished() {
        if let slot = finished.slot { loop.release(slot) }
      }
      if loop.isEmpty { return false }
    }
    throw Stuck(label: label)
  }

  private struct Stuck: Error { let label: String }

  /// Copies with the other loop, while the first kernel goes on with what it has in flight.
  private func finishSecond(
    _ loop: inout Loop,
    beside first: inout Loop,
    seed: UInt64,
    _ label: String
  ) throws {
    var random = SplitMix64(seed: ~seed)
    for _ in 0..<10_000 where !loop.isEmpty {
      try loop.turn()
      first.queue.finishInFlight(stepsMax: Int.random(in: 0...2, using: &random))
      while let finished = loop.nextFinished() {
        let number = finished.file
        let source = loop.queue.files[rig.source(number)]?.contents
        if let contents = finished.contents {
          let isEqual = contents.bytes == source
          #expect(isEqual, "file \(number) is loaded with bytes of another; \(label)")
        } else {
          let isEqual = loop.queue.files[rig.target(number)]?.contents == source
          #expect(isEqual, "file \(number) has bytes of another; \(label)")
          let outcome = finished.outcome
          #expect(outcome == .copied(bytes: UInt64(source?.count ?? 0)), "\(label)")
        }
        if let slot = finished.slot { loop.release(slot) }
      }
    }
    let isEmpty = loop.isEmpty
    #expect(isEmpty, "the copy never ends; \(label)")
  }

  /// What the first loop wrote, early or late, are bytes of its own sources in their places.
  private func expectOwnBytes(_ loop: borrowing Loop, _ label: String) {
    for number in Self.filesOfFirst.indices {
      let source = loop.queue.files[rig.source(number)]?.contents ?? []
      let target = loop.queue.files[rig.target(number)]?.contents ?? []
      let isOwn = zip(source, target).allSatisfy { $1 == 0 || $0 == $1 }
      #expect(isOwn, "file \(number) of the failed queue has bytes of another; \(label)")
    }
  }

  /// - Returns: Whether the submit of the number was there to fail.
  private func failAndGoOn(seed: UInt64, submit: Int, cancelFails: Bool) throws -> Bool {
    let label = "seed \(seed), submit \(submit), cancelFails \(cancelFails)"
    let pool = try BufferPool(count: Self.blocks, bytesEach: rig.blockBytes)
    var faults = delayed(seed)
    faults.submitErrors = [submit: .badFileDescriptor]
    faults.cancelFails = cancelFails
    // Both have joined, so that each has its half of the buffers.
    var first = makeLoop(Self.filesOfFirst, pool, seed: seed, faults: faults)
    var second = makeLoop(Self.filesOfSecond, pool, seed: ~seed, faults: delayed(seed))
    let hasFailed = try failFirst(&first, label)
    if hasFailed && !cancelFails {
      let isIdle = first.queue.isIdle
      #expect(isIdle, "something is in flight after all; \(label)")
    }
    try finishSecond(&second, beside: &first, seed: seed, label)
    first.queue.finishInFlight()
    expectOwnBytes(first, label)
    let violations = first.queue.violations + second.queue.violations
    #expect(violations == [], "\(label)")
    let free = pool.freeCount
    #expect(cancelFails && hasFailed || free == Self.blocks, "a buffer is lost; \(label)")
    return hasFailed
  }

  @Test(
    "no byte gets into a file of another worker, whichever submit fails",
    arguments: [false, true]
  )
  func buffersStayApart(cancelFails: Bool) throws {
    for seed in UInt64(0)..<16 {
      var submit = 1
      while try failAndGoOn(seed: seed, submit: submit, cancelFails: cancelFails) { submit += 1 }
      #expect(submit > 5, "hardly anything was submitted; seed \(seed)")
    }
  }

  @Test("buffers that a kernel may still use are retired")
  func retires() throws {
    var retired = 0
    for seed in UInt64(0)..<40 {
      let pool = try BufferPool(count: Self.blocks, bytesEach: rig.blockBytes)
      var faults = delayed(seed)
      faults.submitErrors = [4: .badFileDescriptor]
      faults.cancelFails = true
      var loop = makeLoop(Self.filesOfFirst, pool, seed: seed, faults: faults)
      #expect(try failFirst(&loop, "seed \(seed)"))
      let (leases, inFlight) = (loop.leases.count, loop.queue.inFlight)
      #expect(leases == 0, "seed \(seed)")
      if inFlight == 0 { #expect(pool.freeCount == Self.blocks, "seed \(seed)") }
      retired += Self.blocks - pool.freeCount
    }
    #expect(retired > 40, "hardly any was in flight")
  }
}
