// SPDX-License-Identifier: Apache-2.0

import FileTree
import Glibc
import Testing

@testable import CopyEngine

@Suite("What cannot be read is left out, and the rest is found")
struct UnreadableRangesTests {
  @Test("runs of data go around what is left out")
  func extents() throws {
    func runs(_ leftOut: [Range<UInt64>]) throws -> [Range<UInt64>] {
      var runs: [Range<UInt64>] = []
      var offset: UInt64 = 0
      let map = DataMap.whole(100)
      while let run = try map.extent(from: offset, in: -1, sectorBytes: 1, without: leftOut) {
        offset = run.offset + run.length
        runs.append(run.offset..<offset)
      }
      return runs
    }
    #expect(try runs([]) == [0..<100])
    #expect(try runs([0..<10]) == [10..<100])
    #expect(try runs([0..<10, 10..<20, 50..<60, 90..<100]) == [20..<50, 60..<90])
    #expect(try runs([0..<30, 20..<40]) == [40..<100])
    #expect(try runs([0..<100]) == [])
    #expect(try runs([95..<200]) == [0..<95])
  }

  @Test("a file that ends early is unreadable nowhere, a closed one everywhere")
  func scans() throws {
    let scratch = try OracleDirectory()
    let file = unsafe open("\(scratch.path)/f", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    try #require(file >= 0)
    var unreadable = UnreadableRanges()
    let failed = FailedRange(offset: 5_000, length: 10_000)
    let isNew = unreadable.scan(failed, size: 20_000, of: file)
    #expect(!isNew)
    close(file)
    let rest = [failed, failed, FailedRange(offset: 0, length: 1)].map {
      (unreadable.scan($0, size: 14_000, of: -1), unreadable.byteCount)
    }
    #expect(rest.map(\.0) == [true, false, true], "only what is new")
    #expect(rest.map(\.1) == [9_904, 9_904, 14_000])
    #expect(unreadable.ranges == [0..<14_000])
    #expect(unreadable.leftOut(below: 0) == [0..<14_000])
    #expect(unreadable.leftOut(below: 14_000) == [0..<14_000])
    #expect(unreadable.leftOut(below: 4_000) == [0..<4_000, 0..<14_000])
  }

  @Test("a mapfile covers the whole source")
  func mapfile() {
    var unreadable = UnreadableRanges()
    _ = unreadable.scan(FailedRange(offset: 65_536, length: 1), size: 100_000, of: -1)
    _ = unreadable.scan(FailedRange(offset: 0, length: 1), size: 100_000, of: -1)
    let text = String(decoding: unreadable.mapfile(size: 100_000), as: UTF8.self)
    let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(
      lines == [
        "0x0  +  1", "0x0  0x1000  -", "0x1000  0xF000  +", "0x10000  0x1000  -",
        "0x11000  0x76A0  +",
      ]
    )
  }
}
