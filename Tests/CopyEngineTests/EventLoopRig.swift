// SPDX-License-Identifier: Apache-2.0

import FileTree
import Kernel
import SimulatedKernel
import SystemPackage
import Testing
import Uring

@testable import CopyEngine

/// One file of a simulated copy.
struct SimulatedCopy {
  var byteCount: Int
  var map: DataMap?
  var allocates = false
  var isAdvised = false
  /// What reads and writes are aligned to, in bytes.
  var readAlignment = 1
  var writeAlignment = 1
  /// Whether it is read into one buffer, and not written by the loop.
  var isLoaded = false
}

/// What came of one file.
struct SimulatedResult {
  let outcome: FileTask.Outcome
  let source: [UInt8]
  let target: [UInt8]
}

/// Copies files through an event loop on a simulated kernel, and holds the invariants against it in
/// every turn.
struct EventLoopRig {
  var blockBytes = 4096
  var blocks = 4
  var filesMax = 8
  var linksPairs = true
  var dirtyBytesMax = UInt64.max
  /// Whether reads and writes take turns, and how often they may.
  var alternates = false
  var turnsOfDirectionMax = Int.max
  /// Whether each file is written from its beginning to its end.
  var writesInOrder = false
  /// What limits the rate.
  var pacer: Pacer?
  /// What is counted with.
  var meter: CopyMeter?

  /// Windows as small as the simulated files, so that they have several.
  static let windowBytes: UInt64 = 32 << 10

  /// Made once, since making random bytes takes longer than copying them here.
  private static let contentsBytes = 256 << 10
  private static let contents: [UInt8] = {
    var random = SplitMix64(seed: 20_26)
    return (0..<contentsBytes).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }()

  /// More turns than any of these copies can need: a copy that takes them waits for ever.
  private static let turnsMax = 100_000

  /// Makes a kernel with the sources and empty targets of files.
  func makeKernel(_ files: [SimulatedCopy], seed: UInt64, faults: Faults) -> SimulatedKernel {
    var kernel = SimulatedKernel(seed: seed, depth: 32, linksPairs: linksPairs, faults: faults)
    var random = SplitMix64(seed: seed ^ 0x5eed)
    for (number, file) in files.enumerated() {
      let offset = Int.random(in: 0..<Self.contentsBytes, using: &random)
      let contents = Array((Self.contents + Self.contents)[offset..<(offset + file.byteCount)])
      var source = SimulatedFile(contents: contents, isWritable: false)
      source.alignment = file.readAlignment
      kernel.open(self.source(number), source)
      var target = SimulatedFile(contents: [], isWritable: true)
      target.alignment = file.writeAlignment
      kernel.open(self.target(number), target)
    }
    return kernel
  }

  /// Copies files.
  ///
  /// - Parameters:
  ///   - files: What to copy.
  ///   - seed: Decides contents, faults and the order of completions.
  ///   - faults: What goes wrong.
  ///   - stopAfter: After how many turns the loop is told to stop.
  /// - Returns: What came of each file.
  /// - Throws: The error of the queue.
  func copy(
    _ files: [SimulatedCopy],
    seed: UInt64,
    faults: Faults,
    stopAfter: Int? = nil
  ) throws -> [SimulatedResult] {
    let kernel = makeKernel(files, seed: seed, faults: faults)
    let pool = try BufferPool(count: blocks, bytesEach: blockBytes)
    var loop = EventLoop<SimulatedKernel, Int>(
      queue: kernel,
      pool: pool,
      filesMax: filesMax,
      dirtyBytesMax: dirtyBytesMax,
      alternates: alternates,
      writesInOrder: writesInOrder,
      pacer: pacer,
      meter: meter
    )
    var outcomes: [Int: FileTask.Outcome] = [:]
    var loaded: [Int: [UInt8]] = [:]
    var tails: [Int: [UInt8]] = [:]
    var next = 0
    var turns = 0
    while outcomes.count < files.count {
      while next < files.count && !loop.isFull {
        loop.admit(plan(next, files[next]), file: next)
        next += 1
      }
      if turns == stopAfter { loop.stop() }
      try turn(&loop, seed)
      while var finished = loop.nextFinished() {
        outcomes[finished.file] = finished.outcome
        tails[finished.file] = finished.takeTail()
        if let contents = finished.contents { loaded[finished.file] = bytes(of: contents) }
        if finished.outcome == .loaded, let slot = finished.slot { loop.release(slot) }
      }
      turns += 1
      try #require(turns < Self.turnsMax, "the copy never ends; seed \(seed)")
    }
    let (freeBuffers, violations) = (loop.pool.freeCount, loop.queue.violations)
    #expect(freeBuffers == blocks, "a buffer was not given back; seed \(seed)")
    #expect(violations.isEmpty)
    let directions = loop.queue.records.map(\.operation).filter { $0 == .read || $0 == .write }
    let changes = zip(directions, directions.dropFirst()).count { $0 != $1 }
    #expect(changes <= turnsOfDirectionMax, "seed \(seed)")
    return files.indices.map { number in
      SimulatedResult(
        outcome: outcomes[number] ?? .failed(.stopped),
        source: loop.queue.files[source(number)]?.contents ?? [],
        target: loaded[number] ?? target(number, files[number], loop) + (tails[number] ?? [])
      )
    }
  }

  /// What the loop wrote: of a file that is written directly only whole sectors.
  private func target(
    _ number: Int,
    _ file: SimulatedCopy,
    _ loop: borrowing EventLoop<SimulatedKernel, Int>
  ) -> [UInt8] {
    let contents = loop.queue.files[target(number)]?.contents ?? []
    guard file.writeAlignment > 1 else { return contents }
    #expect(contents.count % file.writeAlignment == 0 || file.allocates)
    return Array(contents.prefix(file.byteCount.roundedDown(to: file.writeAlignment)))
  }

  private func bytes(of slice: BufferSlice) -> [UInt8] {
    (0..<slice.count).map { unsafe slice.start.load(fromByteOffset: $0, as: UInt8.self) }
  }

  private func turn(_ loop: inout EventLoop<SimulatedKernel, Int>, _ seed: UInt64) throws {
    do {
      try loop.turn()
    } catch {
      loop.abandon()
      throw error
    }
    let buffers = loop.leases.count + loop.pool.freeCount
    #expect(buffers == blocks, "leases and free buffers; seed \(seed)")
  }

  func source(_ number: Int) -> Int32 { Int32(100 + 2 * number) }
  func target(_ number: Int) -> Int32 { Int32(101 + 2 * number) }

  func plan(_ number: Int, _ file: SimulatedCopy) -> TransferPlan {
    let size = UInt64(file.byteCount)
    return TransferPlan(
      source: source(number),
      target: file.isLoaded ? nil : target(number),
      map: file.map ?? .whole(size),
      allocateBytes: file.allocates ? size : 0,
      advisor: !file.isAdvised
        ? nil
        : CacheAdvisor(
          size: size,
          residency: .nothing,
          windowBytes: Self.windowBytes
        ),
      device: UInt64(number % 2),
      reading: TransferMode(alignment: file.readAlignment),
      writing: TransferMode(alignment: file.writeAlignment)
    )
  }
}
