// SPDX-License-Identifier: Apache-2.0

import SimulatedKernel
import Testing

@testable import CopyEngine

@Suite("Which runs of a source may be dropped")
struct ResidencyTests {
  @Test("all of it when nothing was cached, nothing when everything was")
  func extremes() {
    #expect(Residency.nothing.droppable(from: 3, to: 10) == 3..<10)
    #expect(Residency.everything.droppable(from: 3, to: 10) == nil)
    for residency in [Residency.nothing, .everything, .some(granuleBytes: 4, bits: [0])] {
      #expect(residency.droppable(from: 5, to: 5) == nil)
      #expect(residency.droppable(from: 6, to: 5) == nil)
    }
  }

  @Test("runs between cached granules, also from within one")
  func runs() {
    let residency = Residency.some(granuleBytes: 10, bits: [0b0010_0110])
    #expect(residency.droppable(from: 0, to: 100) == 0..<10)
    #expect(residency.droppable(from: 7, to: 100) == 7..<10)
    #expect(residency.droppable(from: 10, to: 100) == 30..<50)
    #expect(residency.droppable(from: 15, to: 100) == 30..<50)
    #expect(residency.droppable(from: 33, to: 47) == 33..<47)
    #expect(residency.droppable(from: 50, to: 100) == 60..<100)
    #expect(residency.droppable(from: 50, to: 55) == nil)
    #expect(residency.droppable(from: 10, to: 30) == nil)
  }

  @Test("the same as byte for byte, for any map")
  func anyMap() {
    var random = SplitMix64(seed: 11)
    for round in 0..<3000 {
      let granuleBytes = UInt64.random(in: 1...5, using: &random)
      let size = granuleBytes * UInt64.random(in: 1...150, using: &random)
      let granules = Int(size / granuleBytes)
      let cached = (0..<granules).map { _ in Int.random(in: 0..<3, using: &random) == 0 }
      var bits = [UInt64](repeating: 0, count: (granules + 63) / 64)
      for granule in 0..<granules where cached[granule] {
        bits[granule / 64] |= 1 << UInt64(granule % 64)
      }
      let start = UInt64.random(in: 0..<size, using: &random)
      let end = UInt64.random(in: start...size, using: &random)

      let free = (start..<end).map { !cached[Int($0 / granuleBytes)] }
      let first = free.firstIndex(of: true)
      let length = first.map { free[$0...].prefix { $0 }.count }
      let expected = first.flatMap { first in
        length.map { start + UInt64(first)..<start + UInt64(first + $0) }
      }
      let residency = Residency.some(granuleBytes: granuleBytes, bits: bits)
      #expect(residency.droppable(from: start, to: end) == expected, "seed 11, round \(round)")
    }
  }
}
