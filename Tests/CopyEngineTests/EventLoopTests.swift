// SPDX-License-Identifier: Apache-2.0

import FileTree
import SimulatedKernel
import SystemPackage
import Testing
import Uring

@testable import CopyEngine

@Suite("Event loop on a simulated kernel")
struct EventLoopTests {
  /// Sizes about the edges of blocks of 4 KiB, with 4 buffers.
  static let byteCounts = [1, 4095, 4096, 4097, 16_384, 16_385, 50_000]

  private func expectCopied(
    _ result: SimulatedResult,
    _ seed: UInt64,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(
      result.outcome == .copied(bytes: UInt64(result.source.count)),
      "seed \(seed)",
      sourceLocation: sourceLocation
    )
    #expect(result.target == result.source, "seed \(seed)", sourceLocation: sourceLocation)
  }

  @Test("files of every size, alone", arguments: byteCounts, [true, false])
  func sizes(byteCount: Int, linksPairs: Bool) throws {
    let rig = EventLoopRig(linksPairs: linksPairs)
    let results = try rig.copy([SimulatedCopy(byteCount: byteCount)], seed: 1, faults: Faults())
    expectCopied(results[0], 1)
  }

  @Test("a file of unknown size is read to its end", arguments: [0, 1, 4096, 10_000])
  func unsized(byteCount: Int) throws {
    let file = SimulatedCopy(byteCount: byteCount, map: .unknownSize)
    for seed in UInt64(0)..<50 {
      let results = try EventLoopRig().copy([file], seed: seed, faults: .survivable)
      expectCopied(results[0], seed)
    }
  }

  @Test("short reads and writes, interruptions and late completions change nothing")
  func survives() throws {
    let advised = 3 * Int(EventLoopRig.windowBytes) + 5000
    for seed in UInt64(0)..<400 {
      var files = Self.byteCounts.map { SimulatedCopy(byteCount: $0, allocates: $0 > 16_000) }
      files.append(SimulatedCopy(byteCount: advised, allocates: true, isAdvised: true))
      let rig = EventLoopRig(linksPairs: seed % 3 != 0)
      for result in try rig.copy(files, seed: seed, faults: .survivable) {
        expectCopied(result, seed)
      }
    }
  }

  @Test("direct reads and writes are aligned, and lose nothing either")
  func direct() throws {
    for seed in UInt64(0)..<400 {
      var files: [SimulatedCopy] = []
      for byteCount in Self.byteCounts {
        var file = SimulatedCopy(byteCount: byteCount, allocates: seed % 2 == 0)
        file.readAlignment = seed % 3 == 0 ? 1 : 512
        file.writeAlignment = seed % 3 == 1 ? 1 : 4096
        files.append(file)
      }
      let rig = EventLoopRig(linksPairs: seed % 5 != 0)
      for result in try rig.copy(files, seed: seed, faults: .survivable) {
        expectCopied(result, seed)
      }
    }
  }

  @Test("small files share buffers, beside large ones and alone")
  func loads() throws {
    for seed in UInt64(0)..<400 {
      var files = [1, 4096, 4095, 100, 2000, 3000, 4000, 1, 1, 700].map { byteCount in
        var file = SimulatedCopy(byteCount: byteCount, isLoaded: true)
        file.readAlignment = seed % 2 == 0 ? 512 : 1
        return file
      }
      if seed % 3 == 0 { files.insert(SimulatedCopy(byteCount: 30_000), at: Int(seed % 7)) }
      // Of one block each, and of blocks for four.
      let rig = EventLoopRig(blockBytes: seed % 5 == 0 ? 4096 : 16_384, blocks: 2)
      let results = try rig.copy(files, seed: seed, faults: .survivable)
      for (file, result) in zip(files, results) {
        if file.isLoaded {
          #expect(result.outcome == .loaded, "seed \(seed)")
          #expect(result.target == result.source, "seed \(seed)")
        } else {
          expectCopied(result, seed)
        }
      }
    }
  }

  @Test("a source that shrinks while it is read directly is told from a short read")
  func shrinksDirectly() throws {
    for seed in UInt64(0)..<50 {
      var faults = Faults()
      let size = 10_000 + Int(seed) * 37
      faults.scheduled = [
        ScheduledFault(.read, 2, .resize(descriptor: 100, byteCount: size))
      ]
      let file = SimulatedCopy(byteCount: 20_000, readAlignment: 512)
      let result = try EventLoopRig(blocks: 1).copy([file], seed: seed, faults: faults)[0]
      #expect(result.outcome == .failed(.sourceEnded(at: UInt64(size))), "seed \(seed)")
    }
  }

  @Test("files beside the oldest wait while too much is on its way")
  func dirtyBound() throws {
    for seed in UInt64(0)..<100 {
      let files = (0..<5).map { _ in SimulatedCopy(byteCount: 70_000, isAdvised: true) }
      var rig = EventLoopRig(blocks: 8)
      rig.dirtyBytesMax = 40_000
      for result in try rig.copy(files, seed: seed, faults: .survivable) {
        expectCopied(result, seed)
      }
    }
  }

  @Test("on one disk all buffers are filled before any is written")
  func alternates() throws {
    for seed in UInt64(0)..<200 {
      var rig = EventLoopRig(blocks: 8)
      rig.alternates = true
      var files = Self.byteCounts.map { SimulatedCopy(byteCount: $0, allocates: $0 > 16_000) }
      files.append(SimulatedCopy(byteCount: 100_000, isAdvised: true))
      files.append(SimulatedCopy(byteCount: 3000, isLoaded: true))
      for (file, result) in zip(files, try rig.copy(files, seed: seed, faults: .survivable))
      where !file.isLoaded { expectCopied(result, seed) }
      // Eight blocks at a time, there and back.
      rig.turnsOfDirectionMax = 2 * (100_000 / 4096 / 8 + 1)
      let file = SimulatedCopy(byteCount: 100_000)
      expectCopied(try rig.copy([file], seed: seed, faults: Faults())[0], seed)
    }
  }

  @Test("a shingled disk gets the blocks of a file in their order, whatever order they are read in")
  func writesInOrder() throws {
    for seed in UInt64(0)..<200 {
      var rig = EventLoopRig(blocks: 8)
      rig.writesInOrder = true
      let files = Self.byteCounts.map { SimulatedCopy(byteCount: $0, allocates: $0 > 16_000) }
      for result in try rig.copy(files, seed: seed, faults: .survivable) {
        expectCopied(result, seed)
      }
    }
  }

  @Test("a short read of every length at every block", arguments: [true, false])
  func shortReads(linksPairs: Bool) throws {
    try everyShortTransfer(.read, linksPairs)
  }

  @Test("a short write of every length at every block", arguments: [true, false])
  func shortWrites(linksPairs: Bool) throws {
    try everyShortTransfer(.write, linksPairs)
  }

  private func everyShortTransfer(
    _ operation: Submission.Operation,
    _ linksPairs: Bool
  ) throws {
    let rig = EventLoopRig(blocks: 3, linksPairs: linksPairs)
    let blocks = 5
    for ordinal in 1...blocks {
      for count in [1, 2, 511, 512, 2048, 4094, 4095] {
        var faults = Faults()
        faults.scheduled = [ScheduledFault(operation, ordinal, .short(count))]
        faults.loudCancelProbability = ordinal % 2 == 0 ? 1 : 0
        let seed = UInt64(ordinal * 10_000 + count)
        let file = SimulatedCopy(byteCount: blocks * 4096 - 100)
        expectCopied(try rig.copy([file], seed: seed, faults: faults)[0], seed)
      }
    }
  }

  @Test("a stop drains what is in flight and leaves nothing half counted")
  func stops() throws {
    let files = (0..<6).map { _ in SimulatedCopy(byteCount: 100_000) }
    for turn in 0..<30 {
      let results = try EventLoopRig().copy(
        files,
        seed: UInt64(turn),
        faults: .survivable,
        stopAfter: turn
      )
      for result in results {
        switch result.outcome {
        case .copied: #expect(result.target == result.source)
        case .failed(.stopped): break
        default: Issue.record("\(result.outcome)")
        }
      }
    }
  }

  @Test("a failing queue ends the loop with its error, and no buffer is lost")
  func queueFails() {
    for submit in 1...8 {
      var faults = Faults()
      faults.submitErrors = [submit: .badFileDescriptor]
      #expect(throws: Errno.badFileDescriptor) {
        try EventLoopRig().copy(
          [SimulatedCopy(byteCount: 200_000)],
          seed: UInt64(submit),
          faults: faults
        )
      }
    }
  }

  @Test("a file that shrinks is told from a short read")
  func shrinks() throws {
    for seed in UInt64(0)..<100 {
      var faults = Faults.survivable
      let ordinal = Int(seed % 7) + 1
      faults.scheduled = [
        ScheduledFault(.read, ordinal, .resize(descriptor: 100, byteCount: 9000))
      ]
      let result = try EventLoopRig().copy(
        [SimulatedCopy(byteCount: 50_000)],
        seed: seed,
        faults: faults
      )[0]
      guard case .failed(.sourceEnded(let offset)) = result.outcome else {
        Issue.record("\(result.outcome), seed \(seed)")
        continue
      }
      #expect(offset >= 9000, "seed \(seed)")
    }
  }
}
