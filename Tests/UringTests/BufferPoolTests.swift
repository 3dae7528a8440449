// SPDX-License-Identifier: Apache-2.0

import SystemPackage
import Testing
import Uring

@Suite struct BufferPoolTests {
  @Test func lendsEachBufferOnce() throws {
    var pool = try BufferPool(count: 3, bytesEach: 8192)
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
    var pool = try BufferPool(count: 2, bytesEach: 5000)
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
    #expect(part.registeredIndex == -1)
    pool.giveBack(first)
    pool.giveBack(second)
  }

  @Test func memoryThatCannotBeHadIsAnError() {
    #expect(throws: Errno.noMemory) {
      // 16 TiB, more than any machine commits.
      _ = try BufferPool(count: BufferPool.countMax, bytesEach: BufferPool.blockBytesMax)
    }
  }

  @Test func aDroppedLeaseTraps() async {
    await #expect(processExitsWith: .failure) {
      var pool = try BufferPool(count: 1, bytesEach: 4096)
      _ = pool.lease()
    }
  }

  @Test func aSliceBeyondTheBufferTraps() async {
    await #expect(processExitsWith: .failure) {
      var pool = try BufferPool(count: 1, bytesEach: 4096)
      guard let lease = pool.lease() else { return }
      _ = pool.slice(of: lease, from: 4000, count: 97)
      pool.giveBack(lease)
    }
  }
}
