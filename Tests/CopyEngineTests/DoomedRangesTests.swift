// SPDX-License-Identifier: Apache-2.0

import FileTree
import Glibc
import Kernel
import SimulatedKernel
import Testing

@testable import CopyEngine

@Suite("Trees that are to be removed, shared by workers")
struct DoomedRangesTests {
  private func works(_ inodes: some Sequence<UInt64>) throws -> [DoomedWork] {
    let descriptor = unsafe open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    try #require(descriptor >= 0)
    let source = OpenDirectory(Descriptor(owning: descriptor))
    let root = CopyDirectory.root(DirectorySides(source: source, target: nil))
    let name = EntryName("d".utf8)
    return inodes.map { DoomedWork(directory: DoomedDirectory(name, in: root), inode: $0) }
  }

  @Test("one worker goes by the inodes, what was found last first")
  func order() throws {
    var ranges = DoomedRanges(try works([7, 3, 5]))
    #expect(ranges.takeNext()?.inode == 3)
    ranges.push(try works([2, 9, 1]))
    var taken: [UInt64] = []
    while let next = ranges.takeNext() { taken.append(next.inode) }
    #expect(taken == [1, 2, 9, 5, 7])
  }

  @Test(
    "others get the far parts of what would be done last, in parts of one size",
    arguments: [
      (9, 2, [3, 3, 3]), (10, 2, [3, 4, 3]), (2, 1, [1, 1]), (1, 1, [0, 1]), (1, 3, [0, 1]),
      (2, 3, [0, 1, 1]), (5, 0, [5]), (0, 2, [0]),
    ] as [(Int, Int, [Int])]
  )
  func parts(count: Int, workers: Int, sizes: [Int]) throws {
    var ranges = DoomedRanges(try works((0..<UInt64(count)).reversed()))
    ranges.push(try works([100]))
    let shared = ranges.share(among: count == 0 ? 0 : workers)
    #expect(ranges.takeNext()?.inode == 100)
    let parts = [ranges.takeAll()] + shared
    #expect(parts.map(\.count) == sizes)
    #expect(parts.joined().map(\.inode) == Array(0..<UInt64(count)))
  }

  @Test(
    "each is done once, whoever finds, takes and shares",
    arguments: 1...200 as ClosedRange<UInt64>
  )
  func chance(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var workers = (0..<Int.random(in: 1...5, using: &random)).map { _ in DoomedRanges() }
    var waiting: [[DoomedWork]] = []
    var found: UInt64 = 0
    var done: [UInt64] = []
    func find() throws -> [DoomedWork] {
      let first = found
      found += UInt64.random(in: 0...9, using: &random)
      return try works((first..<found).shuffled(using: &random))
    }
    workers[0].push(try find())
    for step in 0... {
      let index = Int.random(in: workers.indices, using: &random)
      if let next = workers[index].takeNext() {
        done.append(next.inode)
        if step < 100 { workers[index].push(try find()) }
        waiting += workers[index].share(among: Int.random(in: 0...3, using: &random))
      } else if let part = waiting.popLast() {
        workers[index].push(part)
      } else if workers.allSatisfy({ $0.isDone }) {
        break
      }
    }
    #expect(done.sorted() == Array(0..<found), "seed \(seed)")
  }
}

extension DoomedRanges {
  fileprivate var isDone: Bool {
    var copy = self
    return copy.takeNext() == nil
  }
}
