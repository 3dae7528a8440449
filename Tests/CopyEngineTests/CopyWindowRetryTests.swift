// SPDX-License-Identifier: Apache-2.0

import FileTree
import SystemPackage
import Testing

@testable import CopyEngine

@Suite("What a pair leaves undone is done again")
struct CopyWindowRetryTests {
  /// A window with some blocks of 4096 bytes on their way as pairs.
  private func started(_ blocks: Int = 1) -> CopyWindow {
    var window = CopyWindow(blockBytes: 4096, isUnsized: false)
    window.add(DataExtent(offset: 0, length: UInt64(blocks) * 4096))
    window.add(nil)
    for lease in 0..<blocks { _ = window.start(lease: lease, linksPairs: true) }
    return window
  }

  /// Finishes a block that is read in full, and checks that the file is done.
  private func write(_ window: inout CopyWindow, from written: Int = 0) {
    #expect(
      window.retry()
        == .write(block: 0, offset: UInt64(written), at: written, length: 4096 - written)
    )
    #expect(window.completedWrite(0, Int32(4096 - written)) == true)
    #expect(window.isDone && window.failure == nil && window.bytesWritten == 4096)
  }

  @Test("the rest of a short read, then all of the write", arguments: [1, 2048, 4095])
  func shortRead(count: Int) {
    var window = started()
    #expect(window.completedRead(0, Int32(count)) == (true, false))
    #expect(
      window.retry()
        == .read(block: 0, offset: UInt64(count), at: count, length: 4096 - count)
    )
    // And that may come up short too.
    if count < 4095 {
      #expect(window.completedRead(0, 1) == (true, false))
      #expect(
        window.retry()
          == .read(block: 0, offset: UInt64(count + 1), at: count + 1, length: 4095 - count)
      )
      #expect(window.completedRead(0, Int32(4095 - count)) == (true, false))
    } else {
      #expect(window.completedRead(0, 1) == (true, false))
    }
    write(&window)
  }

  @Test("the rest of a short write", arguments: [1, 2048, 4095])
  func shortWrite(count: Int) {
    var window = started()
    #expect(window.completedWrite(0, Int32(count)) == false)
    #expect(window.bytesWritten == UInt64(count))
    write(&window, from: count)
  }

  @Test(
    "a read that was interrupted",
    arguments: [Errno.interrupted, .resourceTemporarilyUnavailable]
  )
  func interruptedRead(errno: Errno) {
    var window = started()
    #expect(window.completedRead(0, -errno.rawValue) == (true, false))
    #expect(window.retry() == .read(block: 0, offset: 0, at: 0, length: 4096))
    #expect(window.completedRead(0, -errno.rawValue) == (true, false))
    #expect(window.retry() == .read(block: 0, offset: 0, at: 0, length: 4096))
    #expect(window.completedRead(0, 4096) == (true, false))
    write(&window)
  }

  @Test(
    "a write that was interrupted",
    arguments: [Errno.interrupted, .resourceTemporarilyUnavailable]
  )
  func interruptedWrite(errno: Errno) {
    var window = started()
    // The write ran, so the read was done in full, and is not done again.
    #expect(window.completedWrite(0, -errno.rawValue) == false)
    #expect(window.retry() == .write(block: 0, offset: 0, at: 0, length: 4096))
    #expect(window.completedWrite(0, 96) == false)
    #expect(window.retry() == .write(block: 0, offset: 96, at: 96, length: 4000))
    #expect(window.completedWrite(0, -errno.rawValue) == false)
    write(&window, from: 96)
  }

  @Test("a pair that was cancelled without a word of its read is read again")
  func quietCancel() {
    var window = started()
    #expect(window.awaits(0, attempt: window.attempt(of: 0), isRead: false))
    #expect(window.completedWrite(0, -Errno.canceled.rawValue) == false)
    #expect(window.retry() == .read(block: 0, offset: 0, at: 0, length: 4096))
    #expect(window.completedRead(0, 4096) == (true, false))
    write(&window)
  }

  @Test("a read in full that is told goes on with its write")
  func loudRead() {
    var window = started()
    #expect(window.completedRead(0, 4096) == (false, false))
    #expect(window.awaits(0, attempt: window.attempt(of: 0), isRead: false))
    #expect(window.completedWrite(0, 4096) == true)
    #expect(window.isDone && window.bytesWritten == 4096)
  }

  @Test("the cancelled write of an earlier try is not awaited", arguments: [1, 0, -4])
  func leftovers(readResult: Int32) {
    // Of a short read, of one that read nothing (a failure), of one that was interrupted.
    var window = started()
    let first = window.attempt(of: 0)
    #expect(window.awaits(0, attempt: first, isRead: true))
    _ = window.completedRead(0, readResult)
    #expect(!window.awaits(0, attempt: first, isRead: false), "before it is asked for again")
    guard readResult != 0 else { return }
    _ = window.retry()
    let second = window.attempt(of: 0)
    #expect(second != first)
    #expect(!window.awaits(0, attempt: first, isRead: false))
    #expect(!window.awaits(0, attempt: first, isRead: true))
    #expect(!window.awaits(0, attempt: second, isRead: false), "a read is on its way")
    #expect(window.awaits(0, attempt: second, isRead: true))
    _ = window.completedRead(0, readResult == 1 ? 4095 : 4096)
    _ = window.retry()
    let third = window.attempt(of: 0)
    #expect(window.awaits(0, attempt: third, isRead: false))
    #expect(!window.awaits(0, attempt: third, isRead: true))
    for old in [first, second] { #expect(!window.awaits(0, attempt: old, isRead: false)) }
  }

  @Test("what comes late for a block does not reach the next that takes its place")
  func reused() {
    var window = CopyWindow(blockBytes: 4096, isUnsized: false)
    window.add(DataExtent(offset: 0, length: 100 * 4096))
    var attempts: [UInt8] = []
    for lease in 0..<100 {
      let request = window.start(lease: lease, linksPairs: true)
      #expect(request == .pair(block: 0, offset: UInt64(lease) * 4096, length: 4096))
      let attempt = window.attempt(of: 0)
      for old in attempts {
        #expect(!window.awaits(0, attempt: old, isRead: true))
        #expect(!window.awaits(0, attempt: old, isRead: false))
      }
      attempts.append(attempt)
      _ = window.completedWrite(0, 4096)
      #expect(!window.awaits(0, attempt: attempt, isRead: false))
    }
    #expect(!window.awaits(CopyWindow.depthMax, attempt: 0, isRead: true))
    #expect(!window.awaits(0xf0, attempt: 0, isRead: false))
  }

  @Test("what is due again is handed out once each, lowest first")
  func severalDue() {
    var window = started(3)
    _ = window.completedRead(2, 10)
    _ = window.completedWrite(0, 20)
    #expect(window.retry() == .write(block: 0, offset: 20, at: 20, length: 4076))
    #expect(window.retry() == .read(block: 2, offset: 8202, at: 10, length: 4086))
    #expect(window.retry() == nil)
  }

  @Test("in order, a block waits until all before it are being written")
  func inOrder() {
    var window = CopyWindow(blockBytes: 4096, isUnsized: false)
    window.add(DataExtent(offset: 0, length: 4 * 4096))
    window.add(nil)
    for lease in 0..<4 { _ = window.start(lease: lease, linksPairs: false) }
    func write(_ block: Int) -> CopyWindow.Request {
      .write(block: block, offset: UInt64(block) * 4096, at: 0, length: 4096)
    }
    for block in [2, 1, 3] {
      _ = window.completedRead(block, 4096)
      #expect(window.retry(writesInOrder: true) == nil)
    }
    _ = window.completedRead(0, 4096)
    for block in 0..<4 { #expect(window.retry(writesInOrder: true) == write(block)) }
    // What was written in part goes before what is behind it.
    _ = window.completedWrite(1, 100)
    #expect(
      window.retry(writesInOrder: true) == .write(block: 1, offset: 4196, at: 100, length: 3996)
    )
    #expect(window.retry(writesInOrder: true) == nil)
  }

  @Test("where reads and writes take turns, only the one or the other is handed out")
  func inTurns() {
    var window = started(2)
    _ = window.completedRead(0, 10)
    _ = window.completedWrite(1, 20)
    #expect(window.retry(.writing) == .write(block: 1, offset: 4116, at: 20, length: 4076))
    #expect(window.retry(.writing) == nil)
    #expect(window.retry(.reading) == .read(block: 0, offset: 10, at: 10, length: 4086))
    #expect(window.retry() == nil)
  }
}
