// SPDX-License-Identifier: Apache-2.0

import SimulatedKernel
import Testing

@testable import CopyEngine

/// A file that is copied in random steps, with the advice that is due carried out late, and what
/// has to hold at each of them.
private struct AdvisedCopy {
  static let window = CacheAdvisor.windowBytes
  static let blockBytes: UInt64 = 1 << 20

  let size: UInt64
  let residency: Residency
  var advisor: CacheAdvisor
  var random: SplitMix64

  var read: UInt64 = 0
  var written: UInt64 = 0
  var started: UInt64 = 0
  var settled: UInt64 = 0
  var settling: Range<UInt64>?
  var dropping: Range<UInt64>?
  var dropped: [Range<UInt64>] = []
  var violations: [String] = []

  init(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    size = Self.size(&random)
    residency = Self.residency(size, &random)
    advisor = CacheAdvisor(size: size, residency: residency)
    self.random = random
  }

  private static func size(_ random: inout SplitMix64) -> UInt64 {
    let windows = UInt64.random(in: 0...12, using: &random)
    switch Int.random(in: 0..<4, using: &random) {
    case 0: return windows * window
    case 1: return windows * window + 1
    case 2: return windows * window + window - 1
    default: return UInt64.random(in: 1...12 * window, using: &random)
    }
  }

  private static func residency(_ size: UInt64, _ random: inout SplitMix64) -> Residency {
    let granuleBytes = UInt64(2 << 20) << UInt64.random(in: 0...3, using: &random)
    switch Int.random(in: 0..<4, using: &random) {
    case 0: return .nothing
    case 1: return .everything
    default:
      let density = UInt64.random(in: 0...4, using: &random)
      var bits = [UInt64](repeating: 0, count: Int(size / granuleBytes / 64 + 1))
      for granule in 0...Int(size / granuleBytes)
      where UInt64.random(in: 0..<4, using: &random) < density {
        bits[granule / 64] |= 1 << UInt64(granule % 64)
      }
      return .some(granuleBytes: granuleBytes, bits: bits)
    }
  }

  var isComplete: Bool { read == size && written == size }

  /// Whether a byte of the source was cached before the copy.
  func wasResident(_ offset: UInt64) -> Bool {
    switch residency {
    case .nothing: return false
    case .everything, .unknown: return true
    case .some(let granuleBytes, let bits):
      let granule = Int(offset / granuleBytes)
      return bits[granule / 64] >> UInt64(granule % 64) & 1 == 1
    }
  }

  private mutating func expect(_ condition: Bool, _ rule: String) {
    if !condition { violations.append(rule) }
  }

  /// Reads and writes on by a random amount.
  mutating func progress() {
    read = min(size, read + UInt64.random(in: 0...4 * Self.blockBytes, using: &random))
    let limit = min(read, advisor.writeLimit)
    expect(advisor.writeLimit <= settled + 3 * Self.window, "dirty data is bounded")
    written = max(
      written,
      min(limit, written + UInt64.random(in: 0...4 * Self.blockBytes, using: &random))
    )
  }

  /// Asks for advice, up to a random number of times.
  mutating func ask(atMost count: Int) -> Bool {
    var isAny = false
    for _ in 0..<count {
      let advice = advisor.next(readUpTo: read, writtenUpTo: written, isComplete: isComplete)
      guard let advice else { return isAny }
      isAny = true
      take(advice)
    }
    return isAny
  }

  private mutating func take(_ advice: CacheAdvisor.Advice) {
    switch advice {
    case .startWriteback(let range):
      expect(range.lowerBound == started && !range.isEmpty, "windows are started in order, once")
      expect(range.upperBound <= written, "only what is written is started")
      expectWindow(range)
      started = range.upperBound
    case .settle(let range):
      expect(settling == nil, "one window is settled at a time")
      expect(range.lowerBound == settled && !range.isEmpty, "windows are settled in order, once")
      let newest = isComplete ? started : started - min(started, Self.window)
      expect(range.upperBound <= newest, "the newest window is left to the disk")
      expect(written < started + Self.window, "the newest window is started before")
      expectWindow(range)
      settling = range
    case .dropSource(let range):
      expect(dropping == nil, "one range is dropped at a time")
      let last = dropped.last?.upperBound ?? 0
      expect(range.lowerBound >= last && !range.isEmpty, "each byte is dropped once at most")
      expect(range.upperBound <= read, "only what is read is dropped")
      dropping = range
      dropped.append(range)
    }
  }

  private mutating func expectWindow(_ range: Range<UInt64>) {
    expect(range.lowerBound % Self.window == 0, "windows are aligned")
    let isWhole = range.upperBound - range.lowerBound == Self.window
    expect(isWhole || range.upperBound == size && isComplete, "only the last is partial")
  }

  /// Carries out some of what was given out.
  mutating func carryOut(always: Bool = false) {
    if let range = settling, always || Bool.random(using: &random) {
      settling = nil
      settled = range.upperBound
      advisor.settled(range)
    }
    if let range = dropping, always || Bool.random(using: &random) {
      dropping = nil
      advisor.dropped(range)
    }
  }

  /// What must have happened by the end.
  mutating func finish() {
    expect(started == size, "all of it is started")
    expect(settled == size, "all of it is settled")
    expect(settling == nil && dropping == nil, "everything was carried out")
    // Granules are of 2 MiB at least, so one byte in each tells.
    for offset in stride(from: UInt64(0), to: size, by: 1 << 20) {
      let isDropped = dropped.contains { $0.contains(offset) }
      expect(isDropped != wasResident(offset), "dropped is what was not cached, and only that")
    }
    if size > 0 {
      let isDropped = dropped.contains { $0.contains(size - 1) }
      expect(isDropped != wasResident(size - 1), "up to the last byte")
    }
  }
}

@Suite("Cache advice for any progress")
struct CacheAdvisorPropertyTests {
  @Test("what is due is in order, in bounds, once, and all of it in the end")
  func anyProgress() throws {
    for seed in UInt64(0)..<1500 {
      var copy = AdvisedCopy(seed: seed)
      var turns = 0
      while !copy.advisor.isSettled || !copy.isComplete {
        copy.progress()
        let eagerness = Int.random(in: 0...3, using: &copy.random)
        _ = copy.ask(atMost: eagerness)
        copy.carryOut()
        turns += 1
        try #require(turns < 10_000, "the copy never ends; seed \(seed), size \(copy.size)")
      }
      copy.finish()
      #expect(copy.violations == [], "seed \(seed), size \(copy.size)")
    }
  }

  @Test("writing is never held back for ever")
  func neverStuck() throws {
    for seed in UInt64(0)..<300 {
      var copy = AdvisedCopy(seed: seed)
      // Everything is read and written that may be, and all advice is carried out at once.
      while !copy.isComplete {
        let before = copy.written
        copy.read = copy.size
        copy.written = min(copy.size, copy.advisor.writeLimit)
        while copy.ask(atMost: 100) { copy.carryOut(always: true) }
        try #require(copy.written > before, "stuck at \(before); seed \(seed), size \(copy.size)")
      }
      while copy.ask(atMost: 100) { copy.carryOut(always: true) }
      #expect(copy.advisor.isSettled, "seed \(seed)")
      copy.finish()
      #expect(copy.violations == [], "seed \(seed), size \(copy.size)")
    }
  }
}
