// SPDX-License-Identifier: Apache-2.0

import FileTree
import SimulatedKernel
import SystemPackage
import Testing

@testable import CopyEngine

/// A file that is copied in memory by the requests of a window, with completions at random.
private struct CopiedInMemory {
  static let blockBytes = 64
  /// What no source contains: the target where nothing was written.
  static let untouched: UInt8 = 0

  let source: [UInt8]
  let extents: [DataExtent]
  let isUnsized: Bool
  var target: [UInt8]
  var window: CopyWindow
  var random: SplitMix64
  var buffers: [Int: [UInt8]] = [:]
  var freeLeases: [Int]
  var inFlight: [(request: CopyWindow.Request, attempt: UInt8)] = []
  /// Cancelled writes of pairs that are told late.
  var late: [(block: Int, attempt: UInt8)] = []
  var nextExtent = 0
  /// How often a completion is an error that ends the file.
  let fatalEvery: Int?

  init(seed: UInt64, fatalEvery: Int? = nil) {
    var random = SplitMix64(seed: seed)
    isUnsized = Int.random(in: 0..<4, using: &random) == 0
    let size = Int.random(in: 0...3000, using: &random)
    source = (0..<size).map { _ in UInt8.random(in: 1...255, using: &random) }
    target = [UInt8](repeating: Self.untouched, count: size + 1000)
    var extents: [DataExtent] = []
    var offset = UInt64(Int.random(in: 0...200, using: &random))
    while offset < UInt64(size) && !isUnsized {
      let length = min(UInt64(Int.random(in: 1...900, using: &random)), UInt64(size) - offset)
      extents.append(DataExtent(offset: offset, length: length))
      offset += length + UInt64(Int.random(in: 1...300, using: &random))
    }
    self.extents = isUnsized ? [DataExtent(offset: 0, length: UInt64(size))] : extents
    window = CopyWindow(blockBytes: Self.blockBytes, isUnsized: isUnsized)
    freeLeases = Array(0..<Int.random(in: 1...40, using: &random))
    self.fatalEvery = fatalEvery
    self.random = random
  }

  /// Asks for whatever can be asked for.
  mutating func ask() {
    while let request = window.retry() { send(request) }
    while true {
      while window.wantsExtent != nil {
        window.add(nextExtent < extents.count ? extents[nextExtent] : nil)
        nextExtent += 1
      }
      guard window.canStart(limit: .max), let lease = freeLeases.popLast() else { return }
      buffers[lease] = [UInt8](repeating: 0xee, count: Self.blockBytes)
      send(window.start(lease: lease, linksPairs: Bool.random(using: &random)))
    }
  }

  private mutating func send(_ request: CopyWindow.Request) {
    let block: Int
    switch request {
    case .pair(let index, _, _), .read(let index, _, _, _), .write(let index, _, _, _):
      block = index
    }
    inFlight.append((request, window.attempt(of: block)))
  }

  /// Completes one request, any of those in flight.
  mutating func complete() {
    if !late.isEmpty && Bool.random(using: &random) {
      let old = late.remove(at: Int.random(in: 0..<late.count, using: &random))
      return deliver(old.block, old.attempt, isRead: false, -Errno.canceled.rawValue)
    }
    guard !inFlight.isEmpty else { return }
    let (request, attempt) = inFlight.remove(
      at: Int.random(in: 0..<inFlight.count, using: &random)
    )
    switch request {
    case .read(let block, let offset, let position, let length):
      deliver(block, attempt, isRead: true, read(block, offset, position, length))
    case .write(let block, let offset, let position, let length):
      deliver(block, attempt, isRead: false, write(block, offset, position, length))
    case .pair(let block, let offset, let length):
      completePair(block, attempt, offset, length)
    }
  }

  private mutating func completePair(
    _ block: Int,
    _ attempt: UInt8,
    _ offset: UInt64,
    _ length: Int
  ) {
    // Sometimes the whole chain is cancelled, and only its write is told.
    guard Int.random(in: 0..<10, using: &random) > 0 else {
      return deliver(block, attempt, isRead: false, -Errno.canceled.rawValue)
    }
    let result = read(block, offset, 0, length)
    if result == length {
      if Bool.random(using: &random) { deliver(block, attempt, isRead: true, result) }
      return deliver(block, attempt, isRead: false, write(block, offset, 0, length))
    }
    deliver(block, attempt, isRead: true, result)
    if Bool.random(using: &random) { late.append((block, attempt)) }
  }

  private mutating func outcome(_ length: Int) -> Int32 {
    if let fatalEvery, Int.random(in: 0..<fatalEvery, using: &random) == 0 {
      return -Errno.ioError.rawValue
    }
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return -Errno.interrupted.rawValue
    case 1: return Int32(Int.random(in: 1...length, using: &random))
    default: return Int32(length)
    }
  }

  private mutating func read(
    _ block: Int,
    _ offset: UInt64,
    _ position: Int,
    _ length: Int
  ) -> Int32 {
    let available = max(0, min(length, source.count - Int(offset)))
    guard available > 0 else { return 0 }
    let result = outcome(available)
    let lease = window.lease(of: block)
    for index in 0..<max(0, Int(result)) {
      buffers[lease]?[position + index] = source[Int(offset) + index]
    }
    return result
  }

  private mutating func write(
    _ block: Int,
    _ offset: UInt64,
    _ position: Int,
    _ length: Int
  ) -> Int32 {
    let result = outcome(length)
    guard let buffer = buffers[window.lease(of: block)] else { return result }
    for index in 0..<max(0, Int(result)) {
      target[Int(offset) + index] = buffer[position + index]
    }
    return result
  }

  private mutating func deliver(
    _ block: Int,
    _ attempt: UInt8,
    isRead: Bool,
    _ result: Int32
  ) {
    guard window.awaits(block, attempt: attempt, isRead: isRead) else { return }
    let lease = window.lease(of: block)
    let released =
      isRead
      ? window.completedRead(block, result).released : window.completedWrite(block, result)
    if released { giveBack(lease) }
    while let abandoned = window.releaseAbandoned() { giveBack(abandoned) }
  }

  private mutating func giveBack(_ lease: Int) {
    precondition(buffers.removeValue(forKey: lease) != nil, "a lease was given back twice")
    freeLeases.append(lease)
  }

  /// Whether the target is the source up to an offset, wherever that has data.
  func isCopied(upTo end: UInt64) -> Bool {
    extents.allSatisfy { extent in
      let stop = min(extent.offset + extent.length, end)
      guard stop > extent.offset else { return true }
      let range = Int(extent.offset)..<Int(stop)
      return target[range] == source[range]
    }
  }

  var expectedTarget: [UInt8] {
    var expected = [UInt8](repeating: Self.untouched, count: target.count)
    for extent in extents {
      let range = Int(extent.offset)..<Int(extent.offset + extent.length)
      expected.replaceSubrange(range, with: source[range])
    }
    return expected
  }
}

@Suite("Any completions, in any order")
struct CopyWindowPropertyTests {
  /// Runs a copy to its end, and checks at each step what the window says of its progress.
  private func run(_ copy: inout CopiedInMemory, seed: UInt64) throws {
    let leases = copy.freeLeases.count
    var (read, written): (UInt64, UInt64) = (0, 0)
    var steps = 0
    while !copy.window.isDone {
      copy.ask()
      copy.complete()
      steps += 1
      try #require(steps < 100_000, "the copy never ends; seed \(seed)")
      let (readNow, writtenNow) = (copy.window.readUpTo, copy.window.writtenUpTo)
      guard copy.window.failure == nil else { continue }
      try #require(readNow >= read && writtenNow >= written, "progress is lost; seed \(seed)")
      (read, written) = (readNow, writtenNow)
      try #require(copy.isCopied(upTo: written), "not written; seed \(seed), \(written)")
      #expect(copy.freeLeases.count + copy.window.activeBlocks == leases, "seed \(seed)")
    }
    #expect(copy.freeLeases.sorted() == Array(0..<leases), "seed \(seed)")
    #expect(copy.inFlight.isEmpty, "seed \(seed)")
  }

  @Test("the target is the source, holes are untouched, and nothing lies beyond the end")
  func copies() throws {
    for seed in UInt64(0)..<400 {
      var copy = CopiedInMemory(seed: seed)
      try run(&copy, seed: seed)
      #expect(copy.window.failure == nil, "seed \(seed)")
      #expect(copy.target == copy.expectedTarget, "seed \(seed)")
      let bytes = copy.extents.reduce(0) { $0 + $1.length }
      #expect(copy.window.bytesWritten == bytes, "seed \(seed)")
    }
  }

  @Test("an error ends the file when all that is in flight is back")
  func fails() throws {
    for seed in UInt64(0)..<400 {
      var copy = CopiedInMemory(seed: seed, fatalEvery: 20)
      try run(&copy, seed: seed)
      let isComplete = copy.target == copy.expectedTarget
      let failure = copy.window.failure
      #expect(
        failure == nil ? isComplete : failure == .read(.ioError) || failure == .write(.ioError),
        "seed \(seed)"
      )
    }
  }
}
