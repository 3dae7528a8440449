// SPDX-License-Identifier: Apache-2.0

import FileTree
import Testing

@testable import CopyEngine

@Suite("The blocks of a file on their way")
struct CopyWindowTests {
  static let blockBytes = 4096

  private func window(size: UInt64, isUnsized: Bool = false) -> CopyWindow {
    var window = CopyWindow(blockBytes: Self.blockBytes, isUnsized: isUnsized)
    if !isUnsized { window.add(DataExtent(offset: 0, length: size)) }
    return window
  }

  /// Starts all that can be started, and returns what is asked for.
  private func startAll(
    _ window: inout CopyWindow,
    limit: UInt64 = .max
  ) -> [CopyWindow.Request] {
    var requests: [CopyWindow.Request] = []
    while window.canStart(limit: limit) {
      requests.append(window.start(lease: requests.count, linksPairs: true))
    }
    return requests
  }

  @Test("blocks cover a file exactly", arguments: [1, 2, 4095, 4096, 4097, 8192, 12_289, 131_072])
  func exactTail(size: UInt64) throws {
    var window = window(size: size)
    var next: UInt64 = 0
    for (number, request) in startAll(&window).enumerated() {
      guard case .pair(let block, let offset, let length) = request else {
        Issue.record("a pair is expected, not \(request)")
        return
      }
      #expect(block == number && offset == next)
      #expect(length == Int(min(4096, size - next)))
      next += UInt64(length)
      let released = window.completedWrite(block, Int32(length))
      #expect(released)
    }
    #expect(next == size && window.bytesWritten == size)
    #expect(!window.isDone, "there may be another extent")
    #expect(window.wantsExtent == size)
    window.add(nil)
    #expect(window.isDone && window.wantsExtent == nil && window.failure == nil)
  }

  @Test("no more than 32 blocks are on their way")
  func depth() {
    var window = window(size: 100 * 4096)
    let requests = startAll(&window)
    #expect(requests.count == CopyWindow.depthMax)
    #expect(window.activeBlocks == CopyWindow.depthMax)
    let lease = window.lease(of: 17)
    #expect(lease == 17)
    let isReleased = window.completedWrite(17, 4096)
    #expect(isReleased && window.canStart(limit: .max))
    let next = window.start(lease: 99, linksPairs: true)
    #expect(next == .pair(block: 17, offset: 32 * 4096, length: 4096))
    #expect(window.lease(of: 17) == 99)
    #expect(!window.canStart(limit: .max))
  }

  @Test("nothing at or beyond a limit is started")
  func limit() {
    var window = window(size: 100 * 4096)
    #expect(!window.canStart(limit: 0))
    #expect(startAll(&window, limit: 3 * 4096).count == 3)
    #expect(startAll(&window, limit: 3 * 4096 + 1).count == 1)
    #expect(startAll(&window, limit: 4 * 4096).isEmpty)
  }

  @Test("without links a block is read, then written")
  func withoutLinks() {
    var window = window(size: 5000)
    #expect(
      window.start(lease: 0, linksPairs: false)
        == .read(block: 0, offset: 0, at: 0, length: 4096)
    )
    #expect(
      window.start(lease: 1, linksPairs: false)
        == .read(block: 1, offset: 4096, at: 0, length: 904)
    )
    #expect(window.completedRead(1, 904) == (true, false))
    #expect(window.retry() == .write(block: 1, offset: 4096, at: 0, length: 904))
    #expect(window.retry() == nil)
    #expect(window.completedRead(0, 4096) == (true, false))
    #expect(window.retry() == .write(block: 0, offset: 0, at: 0, length: 4096))
    #expect(window.completedWrite(0, 4096) == true)
    #expect(window.completedWrite(1, 904) == true)
    #expect(window.bytesWritten == 5000 && window.activeBlocks == 0)
  }

  @Test("holes between extents are skipped")
  func extents() {
    var window = CopyWindow(blockBytes: Self.blockBytes, isUnsized: false)
    #expect(window.wantsExtent == 0)
    #expect(!window.canStart(limit: .max) && !window.isDone)
    window.add(DataExtent(offset: 8192, length: 5000))
    #expect(window.wantsExtent == nil)
    #expect(
      startAll(&window) == [
        .pair(block: 0, offset: 8192, length: 4096), .pair(block: 1, offset: 12_288, length: 904),
      ]
    )
    #expect(window.wantsExtent == 13_192)
    // The next is wanted and started while the first is on its way.
    window.add(DataExtent(offset: 1 << 40, length: 1))
    #expect(startAll(&window) == [.pair(block: 2, offset: 1 << 40, length: 1)])
    window.add(nil)
    #expect(!window.isDone && window.wantsExtent == nil)
    for (block, length) in [(0, 4096), (1, 904), (2, 1)] {
      let released = window.completedWrite(block, Int32(length))
      #expect(released)
    }
    #expect(window.isDone && window.bytesWritten == 5001)
  }

  @Test("a file that is all hole is done at once")
  func allHole() {
    var window = CopyWindow(blockBytes: Self.blockBytes, isUnsized: false)
    window.add(nil)
    #expect(window.isDone && window.bytesWritten == 0 && window.failure == nil)
    #expect(!window.canStart(limit: .max))
  }

  @Test("the watermarks are the lowest that is not done")
  func watermarks() {
    var window = CopyWindow(blockBytes: Self.blockBytes, isUnsized: false)
    window.add(DataExtent(offset: 0, length: 3 * 4096))
    #expect(window.readUpTo == 0 && window.writtenUpTo == 0)
    _ = startAll(&window)
    #expect(window.readUpTo == 0 && window.writtenUpTo == 0)
    _ = window.completedWrite(1, 4096)
    #expect(window.readUpTo == 0 && window.writtenUpTo == 0)
    // A short read of the first: read so far, not written.
    _ = window.completedRead(0, 1000)
    #expect(window.readUpTo == 1000 && window.writtenUpTo == 0)
    #expect(window.retry() == .read(block: 0, offset: 1000, at: 1000, length: 3096))
    _ = window.completedRead(0, 3096)
    // Two blocks are read; that may be told late, never early.
    #expect((4096...8192).contains(window.readUpTo) && window.writtenUpTo == 0)
    #expect(window.retry() == .write(block: 0, offset: 0, at: 0, length: 4096))
    _ = window.completedWrite(0, 96)
    #expect(window.writtenUpTo == 96)
    #expect(window.retry() == .write(block: 0, offset: 96, at: 96, length: 4000))
    _ = window.completedWrite(0, 4000)
    #expect(window.readUpTo == 8192 && window.writtenUpTo == 8192)
    _ = window.completedWrite(2, 4096)
    #expect(window.readUpTo == 3 * 4096 && window.writtenUpTo == 3 * 4096)
    // A hole counts as soon as what comes after it is known.
    window.add(DataExtent(offset: 1 << 20, length: 10))
    #expect(window.readUpTo == 1 << 20 && window.writtenUpTo == 1 << 20)
  }
}

@Suite("Files whose size says nothing")
struct CopyWindowUnsizedTests {
  private func startOne(_ window: inout CopyWindow, offset: UInt64) {
    #expect(window.canStart(limit: .max))
    #expect(
      window.start(lease: 0, linksPairs: true)
        == .read(block: 0, offset: offset, at: 0, length: 4096)
    )
    #expect(!window.canStart(limit: .max), "one block at a time")
  }

  @Test("they are read until a read returns nothing", arguments: [0, 1, 4095])
  func endsWithin(tail: Int) {
    var window = CopyWindow(blockBytes: 4096, isUnsized: true)
    #expect(window.wantsExtent == nil)
    startOne(&window, offset: 0)
    #expect(window.completedRead(0, 4096) == (true, false))
    #expect(window.retry() == .write(block: 0, offset: 0, at: 0, length: 4096))
    #expect(window.completedWrite(0, 4096) == true)
    startOne(&window, offset: 4096)
    if tail > 0 {
      #expect(window.completedRead(0, Int32(tail)) == (true, false))
      #expect(
        window.retry()
          == .read(block: 0, offset: UInt64(4096 + tail), at: tail, length: 4096 - tail)
      )
      #expect(window.completedRead(0, 0) == (true, false))
      #expect(!window.isDone)
      #expect(window.retry() == .write(block: 0, offset: 4096, at: 0, length: tail))
      #expect(window.completedWrite(0, Int32(tail)) == true)
    } else {
      #expect(window.completedRead(0, 0) == (true, true))
    }
    #expect(window.isDone && window.failure == nil)
    #expect(window.bytesWritten == UInt64(4096 + tail))
    #expect(!window.canStart(limit: .max) && window.wantsExtent == nil)
  }

  @Test("an empty one is done after one read")
  func empty() {
    var window = CopyWindow(blockBytes: 4096, isUnsized: true)
    #expect(!window.isDone)
    startOne(&window, offset: 0)
    #expect(window.completedRead(0, 0) == (true, true))
    #expect(window.isDone && window.bytesWritten == 0 && window.activeBlocks == 0)
  }
}
