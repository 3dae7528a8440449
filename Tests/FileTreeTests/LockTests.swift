// SPDX-License-Identifier: Apache-2.0

import Kernel
import SystemPackage
import Testing

@Suite("What is behind a lock")
struct LockTests {
  @Test("one thread at a time has it")
  func excludes() async {
    let rounds = 20_000
    let lock = SharedLock()
    await withTaskGroup { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<rounds { lock.state.withLock { $0.append($0.count) } }
        }
      }
    }
    #expect(lock.state.withLock { $0 == Array(0..<4 * rounds) })
  }

  private final class SharedLock: Sendable {
    let state = Lock([Int]())
  }

  @Test("it is let go of when the body throws")
  func throwing() {
    let lock = Lock(1)
    #expect(throws: Errno.resourceBusy) {
      try lock.withLock { (state) throws(Errno) in
        state += 1
        throw .resourceBusy
      }
    }
    #expect(lock.withLock { $0 } == 2)
  }

  @Test("what has to be aligned to more is, and is gone with the lock")
  func alignmentAndEnd() {
    final class Noted: Sendable {}
    weak var noted: Noted?
    do {
      let lock = Lock((SIMD16<UInt64>(repeating: 7), Noted()))
      noted = lock.withLock { $0.1 }
      #expect(lock.withLock { $0.0.wrappedSum() } == 7 * 16)
      #expect(noted != nil)
    }
    #expect(noted == nil)
  }
}
