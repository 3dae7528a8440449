// SPDX-License-Identifier: Apache-2.0

import FileTree
import SystemPackage
import Testing

@testable import CopyEngine

@Suite("Files that cannot be copied")
struct CopyWindowFailureTests {
  private func started(_ blocks: Int = 1) -> CopyWindow {
    var window = CopyWindow(blockBytes: 4096, isUnsized: false)
    window.add(DataExtent(offset: 0, length: 100 * 4096))
    for lease in 0..<blocks { _ = window.start(lease: 10 + lease, linksPairs: true) }
    return window
  }

  private func expectEnded(_ window: CopyWindow, _ failure: CopyWindow.Failure) {
    #expect(window.failure == failure)
    #expect(!window.canStart(limit: .max))
    #expect(window.wantsExtent == nil)
    #expect(window.isDone == (window.activeBlocks == 0))
  }

  @Test(
    "an error of a read or a write ends the file",
    arguments: [Errno.ioError, .noSpace, .diskQuotaExceeded, .badFileDescriptor, .fileTooLarge]
  )
  func errors(errno: Errno) {
    var reading = started()
    #expect(reading.completedRead(0, -errno.rawValue) == (true, true))
    expectEnded(reading, .read(errno))
    var writing = started()
    #expect(writing.completedWrite(0, -errno.rawValue) == true)
    expectEnded(writing, .write(errno))
    var retried = started()
    _ = retried.completedWrite(0, 100)
    _ = retried.retry()
    #expect(retried.completedWrite(0, -errno.rawValue) == true)
    expectEnded(retried, .write(errno))
    #expect(retried.bytesWritten == 100)
    let places = [reading, writing, retried].map { $0.failed?.offset }
    #expect(places == [0, 0, 100])
  }

  @Test("interruptions without end are an error, but any progress starts the count anew")
  func fruitlessTries() {
    for isRead in [true, false] {
      var window = started()
      var tries = 0
      func interrupt() -> Bool {
        tries += 1
        let interrupted = -Errno.interrupted.rawValue
        return isRead
          ? window.completedRead(0, interrupted).released
          : window.completedWrite(0, interrupted)
      }
      func move() {
        _ = isRead ? window.completedRead(0, 1).released : window.completedWrite(0, 1)
        _ = window.retry()
      }
      for _ in 0..<3 {
        for _ in 0..<CopyWindow.fruitlessTriesMax {
          let released = interrupt()
          #expect(!released)
          _ = window.retry()
        }
        move()
      }
      tries = 0
      while !interrupt() {
        guard tries < 1000 else { break }
        _ = window.retry()
      }
      #expect(tries == CopyWindow.fruitlessTriesMax + 1)
      expectEnded(window, isRead ? .read(.interrupted) : .write(.interrupted))
    }
  }

  @Test("a write that moves nothing, again and again, is an error")
  func wroteNothing() {
    var window = started()
    var tries = 1
    while !window.completedWrite(0, 0) {
      #expect(window.retry() == .write(block: 0, offset: 0, at: 0, length: 4096))
      tries += 1
      guard tries < 1000 else { break }
    }
    #expect(tries == CopyWindow.fruitlessTriesMax + 1)
    expectEnded(window, .wroteNothing)
  }

  @Test("a source that ends early is told where", arguments: [0, 1000])
  func sourceEnded(filled: Int) {
    var window = started(2)
    _ = window.completedWrite(0, 4096)
    if filled > 0 {
      _ = window.completedRead(1, Int32(filled))
      _ = window.retry()
    }
    #expect(window.completedRead(1, 0) == (true, true))
    expectEnded(window, .sourceEnded(at: UInt64(4096 + filled)))
  }

  @Test("after a failure what is in flight drains, and what was due is let go of")
  func drains() {
    var window = started(5)
    _ = window.completedRead(1, 100)
    _ = window.completedWrite(2, 100)
    #expect(window.releaseAbandoned() == nil, "nothing is abandoned without a failure")
    #expect(window.completedRead(0, -Errno.ioError.rawValue) == (true, true))
    expectEnded(window, .read(.ioError))
    #expect(window.retry() == nil)
    let abandoned = [window.releaseAbandoned(), window.releaseAbandoned()]
    #expect(Set(abandoned) == [11, 12])
    #expect(window.releaseAbandoned() == nil)
    #expect(window.activeBlocks == 2 && !window.isDone)
    // One ends well, and one would have to be asked for again.
    #expect(window.completedWrite(3, 4096) == true)
    #expect(window.completedRead(4, 5) == (true, true))
    #expect(window.isDone)
    expectEnded(window, .read(.ioError))
  }

  @Test("the first failure is the one that counts, also against a stop")
  func firstCounts() {
    var window = started(2)
    window.giveUp(.stopped)
    #expect(window.completedWrite(0, -Errno.noSpace.rawValue) == true)
    #expect(window.completedWrite(1, -Errno.interrupted.rawValue) == true)
    expectEnded(window, .stopped)
    #expect(window.isDone)
  }
}
