// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kernel
import SystemPackage
import Testing
import Uring

@Suite struct BufferPoolTests {
  @Test func lendsEachBufferOnce() throws {
    let pool = try BufferPool(count: 3, bytesEach: 8192)
    guard let first = pool.lease(), let second = pool.lease(), let third = pool.lease() else {
      Issue.record("three buffers are there to be lent")
      return
    }
    #expect(Set([first.index, second.index, third.index]) == [0, 1, 2])
    #expect(pool.freeCount == 0)
    let isRefused = pool.lease() == nil
    #expect(isRefused)

    let index = second.index
    pool.giveBack(second)
    #expect(pool.freeCount == 1)
    guard let again = pool.lease() else {
      Issue.record("a buffer that was given back can be lent")
      return
    }
    #expect(again.index == index)
    pool.giveBack(again)
    pool.giveBack(first)
    pool.giveBack(third)
    #expect(pool.freeCount == 3)
  }

  @Test func slicesAreApartAndAligned() throws {
    let pool = try BufferPool(count: 2, bytesEach: 5000)
    #expect(pool.blockBytes == 8192)
    guard let first = pool.lease(), let second = pool.lease() else {
      Issue.record("two buffers are there to be lent")
      return
    }
    let whole = pool.slice(of: first, from: 0, count: pool.blockBytes)
    let other = pool.slice(of: second, from: 0, count: pool.blockBytes)
    let part = pool.slice(of: second, from: 100, count: 50)
    #expect(unsafe UInt(bitPattern: whole.start) % 4096 == 0)
    #expect(unsafe abs(whole.start - other.start) == pool.blockBytes)
    #expect(unsafe part.start - other.start == 100)
    #expect(part.count == 50)
    #expect(part.bufferIndex == second.index)
    pool.giveBack(first)
    pool.giveBack(second)
  }

  @Test func usersShareTheBuffers() throws {
    let pool = try BufferPool(count: 4, bytesEach: 4096)
    #expect(pool.share == 4)
    pool.join()
    #expect(pool.share == 4)
    pool.join()
    #expect(pool.share == 2)
    let isRefused = pool.lease(holding: 2) == nil
    #expect(isRefused)
    guard let lease = pool.lease(holding: 1) else {
      Issue.record("who holds less than the share gets one")
      return
    }
    pool.giveBack(lease)
    pool.leave()
    #expect(pool.share == 4)
    for _ in 0..<9 { pool.join() }
    #expect(pool.share == 1, "everybody may have one, as soon as there is one")
  }

  // With threads: tasks that sleep for each other would take all of the few that run them.
  @Test func whoHasNoneWaitsForABuffer() throws {
    let pool = try BufferPool(count: 1, bytesEach: 4096)
    guard let lease = pool.lease() else {
      Issue.record("a buffer is there to be lent")
      return
    }
    let waiter = try Thread { pool.waitForBuffer() }
    usleep(20_000)
    pool.giveBack(lease)
    waiter.join()
    #expect(pool.freeCount == 1)
  }

  @Test func aRetiredBufferIsNeverLentAgain() throws {
    let pool = try BufferPool(count: 2, bytesEach: 4096)
    guard let first = pool.lease(), let second = pool.lease() else {
      Issue.record("two buffers are there to be lent")
      return
    }
    let index = second.index
    pool.retire(first)
    #expect(pool.freeCount == 0)
    pool.giveBack(second)
    #expect(pool.freeCount == 1)
    guard let again = pool.lease() else {
      Issue.record("the other buffer can be lent")
      return
    }
    #expect(again.index == index)
    let isRefused = pool.lease() == nil
    #expect(isRefused)
    pool.giveBack(again)
  }

  @Test func whoWaitsGoesOnWhenTheLastBufferIsRetired() throws {
    let pool = try BufferPool(count: 2, bytesEach: 4096)
    guard let first = pool.lease(), let second = pool.lease() else {
      Issue.record("two buffers are there to be lent")
      return
    }
    let waiter = try Thread { pool.waitForBuffer() }
    usleep(20_000)
    pool.retire(first)
    pool.retire(second)
    waiter.join()
    #expect(pool.freeCount == 0)
    pool.waitForBuffer()
    let isRefused = pool.lease() == nil
    #expect(isRefused)
  }

  /// A request may still use the memory after the pool is gone: it stays mapped.
  @Test func retiredMemoryStays() async {
    await #expect(processExitsWith: .success) {
      let slice = try Self.sliceOfDroppedPool()
      unsafe slice.start.storeBytes(of: 1, as: UInt8.self)
      #expect(slice.bytes.first == 1)
    }
  }

  /// Part of a retired buffer, whose pool is gone.
  private static func sliceOfDroppedPool() throws -> BufferSlice {
    let pool = try BufferPool(count: 2, bytesEach: 4096)
    guard let lease = pool.lease() else { throw Errno.noBufferSpace }
    let slice = pool.slice(of: lease, from: 0, count: 4096)
    pool.retire(lease)
    return slice
  }

  @Test func whatIsRetiredMakesUpForNoOtherLease() async {
    await #expect(processExitsWith: .failure) {
      var table = SlotTable<BufferLease>(capacity: 1)
      try Self.dropPool(keepingIn: &table)
      exit(0)
    }
  }

  /// Drops a pool with one buffer retired and the other one lent.
  private static func dropPool(keepingIn table: inout SlotTable<BufferLease>) throws {
    let pool = try BufferPool(count: 2, bytesEach: 4096)
    guard let first = pool.lease(), let second = pool.lease() else { throw Errno.noBufferSpace }
    pool.retire(first)
    _ = table.insert(second)
  }

  @Test func runsOfZerosAreMeasuredInGranules() throws {
    let granule = 4096
    let pool = try BufferPool(count: 1, bytesEach: 4 * granule)
    guard let lease = pool.lease() else {
      Issue.record("a buffer is there to be lent")
      return
    }
    // The third granule ends in a byte that is not zero; the last one is shorter.
    let slice = pool.slice(of: lease, from: 0, count: 3 * granule + 100)
    unsafe slice.start.storeBytes(of: 7, toByteOffset: 3 * granule - 1, as: UInt8.self)
    func run(from position: Int, ofZeros areZeros: Bool) -> Int {
      slice.run(from: position, ofZeros: areZeros, granuleBytes: granule)
    }
    #expect(run(from: 0, ofZeros: true) == 2 * granule)
    #expect(run(from: 0, ofZeros: false) == 0)
    #expect(run(from: 2 * granule, ofZeros: true) == 0)
    #expect(run(from: 2 * granule, ofZeros: false) == granule)
    #expect(run(from: 3 * granule, ofZeros: true) == 100)
    #expect(slice.bytes.count == 3 * granule + 100)
    #expect(slice.bytes.lastIndex(of: 7) == 3 * granule - 1)
    pool.giveBack(lease)
  }

  @Test func memoryThatCannotBeHadIsAnError() {
    #expect(throws: Errno.noMemory) {
      // 16 TiB, more than any machine commits.
      _ = try BufferPool(count: BufferPool.countMax, bytesEach: BufferPool.blockBytesMax)
    }
  }

  @Test func aDroppedLeaseTraps() async {
    await #expect(processExitsWith: .failure) {
      let pool = try BufferPool(count: 1, bytesEach: 4096)
      _ = pool.lease()
    }
  }

  @Test func aSliceBeyondTheBufferTraps() async {
    await #expect(processExitsWith: .failure) {
      let pool = try BufferPool(count: 1, bytesEach: 4096)
      guard let lease = pool.lease() else { return }
      _ = pool.slice(of: lease, from: 4000, count: 97)
      pool.giveBack(lease)
    }
  }
}
