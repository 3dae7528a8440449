// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CopyEngine

@Suite("Which cache advice is due")
struct CacheAdvisorTests {
  static let window = CacheAdvisor.windowBytes

  /// A range in units of windows.
  private func windows(_ first: UInt64, _ end: UInt64) -> Range<UInt64> {
    first * Self.window..<end * Self.window
  }

  /// All that is due at some progress, nothing of it being carried out yet.
  private func due(
    _ advisor: inout CacheAdvisor,
    read: UInt64,
    written: UInt64,
    isComplete: Bool = false
  ) -> [CacheAdvisor.Advice] {
    var all: [CacheAdvisor.Advice] = []
    while let advice = advisor.next(
      readUpTo: read,
      writtenUpTo: written,
      isComplete: isComplete
    ) {
      all.append(advice)
      guard all.count < 1000 else { break }
    }
    return all
  }

  @Test("a window is 8 MiB, a multiple of every folio")
  func size() {
    #expect(CacheAdvisor.windowBytes == 8 << 20)
    #expect(CacheAdvisor.windowBytes % (2 << 20) == 0)
  }

  @Test("nothing is due before a whole window was read or written")
  func nothingYet() {
    var advisor = CacheAdvisor(size: 10 * Self.window, residency: .nothing)
    #expect(due(&advisor, read: 0, written: 0).isEmpty)
    #expect(due(&advisor, read: Self.window - 1, written: Self.window - 1).isEmpty)
    #expect(due(&advisor, read: Self.window, written: 0) == [.dropSource(windows(0, 1))])
    #expect(!advisor.isSettled)
  }

  @Test("holes are passed in one step, and what is around them is advised")
  func holes() {
    let (kept, size) = (3 * Self.window, UInt64(1) << 62)
    var advisor = CacheAdvisor(size: size, residency: .nothing)
    advisor.noteHole(kept - 5..<size - kept)
    var advice: [CacheAdvisor.Advice] = []
    while let next = advisor.next(readUpTo: size, writtenUpTo: size, isComplete: true) {
      advice.append(next)
      guard advice.count < 100 else { break }
      switch next {
      case .startWriteback: break
      case .settle(let range): advisor.settled(range)
      case .dropSource(let range): advisor.dropped(range)
      }
    }
    #expect(advisor.isSettled)
    let starts = advice.compactMap { advice -> Range<UInt64>? in
      guard case .startWriteback(let range) = advice else { return nil }
      return range
    }
    let last = size / Self.window
    let numbers = Array(0..<3) + Array(last - 3..<last)
    #expect(starts == numbers.map { windows($0, $0 + 1) })
    #expect(advice.count == 3 * starts.count)
  }

  @Test("a hole that is passed over by one head is still there for another")
  func holesAreKept() {
    var advisor = CacheAdvisor(size: 100 * Self.window, residency: .everything)
    advisor.noteHole(windows(1, 90))
    let written = 91 * Self.window
    #expect(
      due(&advisor, read: 0, written: written) == [
        .startWriteback(windows(0, 1)), .startWriteback(windows(90, 91)), .settle(windows(0, 1)),
      ]
    )
    advisor.settled(windows(0, 1))
    #expect(due(&advisor, read: 0, written: written).isEmpty)
    #expect(advisor.writeLimit == 93 * Self.window)
  }

  @Test("the newest window is started before the one before it is settled")
  func order() {
    var advisor = CacheAdvisor(size: 10 * Self.window, residency: .everything)
    #expect(due(&advisor, read: 0, written: Self.window) == [.startWriteback(windows(0, 1))])
    #expect(
      due(&advisor, read: 0, written: 2 * Self.window) == [
        .startWriteback(windows(1, 2)), .settle(windows(0, 1)),
      ]
    )
    // While one is settled, the next is started all the same, but not settled.
    #expect(due(&advisor, read: 0, written: 3 * Self.window) == [.startWriteback(windows(2, 3))])
    advisor.settled(windows(0, 1))
    #expect(due(&advisor, read: 0, written: 3 * Self.window) == [.settle(windows(1, 2))])
    advisor.settled(windows(1, 2))
    #expect(due(&advisor, read: 0, written: 3 * Self.window).isEmpty)
  }

  @Test("while one window is being sent off, others are settled and dropped, and no other is sent")
  func oneAtATime() {
    var advisor = CacheAdvisor(size: 10 * Self.window, residency: .nothing)
    let written = 3 * Self.window
    func next(_ maySend: Bool) -> CacheAdvisor.Advice? {
      advisor.next(readUpTo: written, writtenUpTo: written, isComplete: false, maySend: maySend)
    }
    #expect(next(true) == .startWriteback(windows(0, 1)))
    #expect(next(false) == .dropSource(windows(0, 1)))
    #expect(next(false) == nil, "the newest window that was sent off is not waited for")
    #expect(next(true) == .startWriteback(windows(1, 2)))
    #expect(next(false) == .settle(windows(0, 1)))
    #expect(next(false) == nil)
    #expect(next(true) == .startWriteback(windows(2, 3)))
  }

  @Test("a range alone is waited for at once, and then all is settled")
  func rangeAlone() {
    var advisor = CacheAdvisor(settling: 40_960..<42_000)
    #expect(due(&advisor, read: 0, written: 0, isComplete: true) == [.settle(40_960..<42_000)])
    #expect(!advisor.isSettled)
    advisor.settled(40_960..<42_000)
    #expect(advisor.isSettled)
    #expect(due(&advisor, read: 0, written: 0, isComplete: true).isEmpty)
  }

  @Test("several windows at once are started in order, each once")
  func catchesUp() {
    var advisor = CacheAdvisor(size: 10 * Self.window, residency: .nothing)
    let written = 3 * Self.window + 5
    #expect(
      due(&advisor, read: written, written: written) == [
        .startWriteback(windows(0, 1)), .startWriteback(windows(1, 2)),
        .startWriteback(windows(2, 3)), .settle(windows(0, 1)), .dropSource(windows(0, 1)),
      ]
    )
    #expect(due(&advisor, read: written, written: written).isEmpty)
  }

  @Test(
    "the last, partial window ends with the file",
    arguments: [1, 4096, 8 << 20, (8 << 20) - 1]
  )
  func tail(bytes: UInt64) {
    let size = Self.window + bytes
    var advisor = CacheAdvisor(size: size, residency: .nothing)
    let last = Self.window..<size
    _ = due(&advisor, read: Self.window, written: Self.window)
    advisor.dropped(windows(0, 1))
    #expect(
      due(&advisor, read: size, written: size, isComplete: true) == [
        .startWriteback(last), .settle(windows(0, 1)), .dropSource(last),
      ]
    )
    advisor.settled(windows(0, 1))
    #expect(due(&advisor, read: size, written: size, isComplete: true) == [.settle(last)])
    advisor.dropped(last)
    #expect(!advisor.isSettled)
    advisor.settled(last)
    #expect(advisor.isSettled)
    #expect(due(&advisor, read: size, written: size, isComplete: true).isEmpty)
  }

  @Test("a file that ends in a hole is advised up to its size")
  func endsInHole() {
    let size = 2 * Self.window
    var advisor = CacheAdvisor(size: size, residency: .everything)
    // The window of blocks knows nothing beyond the last data.
    #expect(
      due(&advisor, read: 5, written: 5, isComplete: true) == [
        .startWriteback(windows(0, 1)), .startWriteback(windows(1, 2)), .settle(windows(0, 1)),
      ]
    )
  }

  @Test("of a source that was cached before, nothing is dropped")
  func keepsResident() {
    var advisor = CacheAdvisor(size: 3 * Self.window, residency: .everything)
    let all = due(&advisor, read: 3 * Self.window, written: 0, isComplete: false)
    #expect(all.isEmpty)
    _ = due(&advisor, read: 3 * Self.window, written: 3 * Self.window, isComplete: true)
    for window in UInt64(0)..<3 {
      advisor.settled(windows(window, window + 1))
      _ = due(&advisor, read: 3 * Self.window, written: 3 * Self.window, isComplete: true)
    }
    #expect(advisor.isSettled)
  }

  @Test("a granule that was cached splits what is dropped")
  func splitsDrops() {
    // The second of four granules of 2 MiB.
    let granule = UInt64(2 << 20)
    let residency = Residency.some(granuleBytes: granule, bits: [0b10])
    var advisor = CacheAdvisor(size: Self.window, residency: residency)
    #expect(due(&advisor, read: Self.window, written: 0) == [.dropSource(0..<granule)])
    advisor.dropped(0..<granule)
    // From there on it is less than a window, which waits for the end of the file.
    #expect(due(&advisor, read: Self.window, written: 0).isEmpty)
    let rest = 2 * granule..<Self.window
    #expect(
      due(&advisor, read: Self.window, written: Self.window, isComplete: true)
        == [.startWriteback(windows(0, 1)), .settle(windows(0, 1)), .dropSource(rest)]
    )
  }

  @Test("writing stops three windows beyond what is settled")
  func limit() {
    var advisor = CacheAdvisor(size: 100 * Self.window, residency: .everything)
    #expect(advisor.writeLimit == 3 * Self.window)
    _ = due(&advisor, read: 0, written: 3 * Self.window)
    #expect(advisor.writeLimit == 3 * Self.window)
    advisor.settled(windows(0, 1))
    #expect(advisor.writeLimit == 4 * Self.window)
  }

  @Test("an empty file has nothing to advise")
  func empty() {
    var advisor = CacheAdvisor(size: 0, residency: .nothing)
    #expect(due(&advisor, read: 0, written: 0, isComplete: true).isEmpty)
    #expect(advisor.isSettled)
  }
}
