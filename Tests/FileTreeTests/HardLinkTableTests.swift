// SPDX-License-Identifier: Apache-2.0

import FileTree
import Kernel
import Synchronization
import Testing
import TestSupport

@Suite("The table of hard links")
struct HardLinkTableTests {
  private let inode = InodeIdentity(device: 1, inode: 2)
  private let table = HardLinkTable<NumberedName>()

  private func claim(_ name: Int, links: UInt32 = 4) -> HardLinkTable<NumberedName>.Claim {
    table.claim(inode, links: links, name: name)
  }

  @Test("the first name is copied, later ones are linked to it")
  func linksAfterwards() {
    #expect(claim(1) == .copy)
    #expect(table.published(inode, as: 1) == [])
    #expect(claim(2) == .link(1))
    #expect(claim(3) == .link(1))
    #expect(claim(4) == .link(1))
  }

  @Test("names that are found meanwhile wait, and are handed out in their order")
  func waits() {
    #expect(claim(1) == .copy)
    #expect(claim(2) == .wait)
    #expect(claim(3) == .wait)
    #expect(table.published(inode, as: 1) == [2, 3])
    #expect(claim(4) == .link(1))
  }

  @Test("a file may be published under another name than the one that was claimed")
  func publishedElsewhere() {
    #expect(claim(1) == .copy)
    #expect(table.published(inode, as: 17) == [])
    #expect(claim(2) == .link(17))
  }

  @Test("an inode is forgotten when its last name was seen", arguments: [1, 2, 3, 5])
  func forgets(links: Int) {
    for round in 0..<3 {
      #expect(claim(0, links: UInt32(links)) == .copy, "round \(round)")
      // As many wait as are linked afterwards.
      let waiting = (links - 1) / 2
      for name in 0..<waiting { #expect(claim(name, links: UInt32(links)) == .wait) }
      #expect(table.published(inode, as: 9) == Array(0..<waiting))
      for name in waiting..<(links - 1) { #expect(claim(name, links: UInt32(links)) == .link(9)) }
    }
  }

  @Test("an inode that is met once more is still known")
  func remembersWhatOverlaps() {
    let table = HardLinkTable<NumberedName>(passes: 2)
    #expect(table.claim(inode, links: 2, name: 0) == .copy)
    #expect(table.published(inode, as: 9) == [])
    for name in 1...3 { #expect(table.claim(inode, links: 2, name: name) == .link(9)) }
    #expect(table.claim(inode, links: 2, name: 4) == .copy)
  }

  @Test("after a failure the first that waits copies, and the others go on waiting")
  func nextCopies() {
    #expect(claim(1) == .copy)
    #expect(claim(2) == .wait)
    #expect(claim(3) == .wait)
    #expect(table.failed(inode) == 2)
    #expect(claim(4) == .wait)
    #expect(table.failed(inode) == 3)
    #expect(table.published(inode, as: 3) == [4])
    #expect(claim(1) == .copy, "all four names were seen")
  }

  @Test("when all names failed, the next to come is a first one")
  func allFail() {
    #expect(claim(1) == .copy)
    #expect(claim(2) == .wait)
    #expect(table.failed(inode) == 2)
    #expect(table.failed(inode) == nil)
    #expect(claim(3) == .copy)
    #expect(table.published(inode, as: 3) == [])
    #expect(claim(4) == .link(3))
  }

  @Test("inodes of the same number on other devices are others")
  func devices() {
    for device in UInt64(0)..<200 {
      let other = InodeIdentity(device: device, inode: 5)
      #expect(table.claim(other, links: 2, name: Int(device)) == .copy)
    }
    for device in UInt64(0)..<200 {
      let other = InodeIdentity(device: device, inode: 5)
      #expect(table.published(other, as: Int(device)) == [])
      #expect(table.claim(other, links: 2, name: -1) == .link(NumberedName(Int(device))))
    }
  }

  @Test("more names than were said, made meanwhile, are copied or linked and never lost")
  func moreNames() {
    #expect(claim(1, links: 2) == .copy)
    #expect(claim(2, links: 2) == .wait)
    #expect(claim(3, links: 3) == .wait)
    #expect(table.published(inode, as: 1) == [2, 3])
    #expect(claim(4, links: 4) == .copy)
  }
}

@Suite("The table of hard links, shared by threads")
struct HardLinkTableThreadTests {
  /// What became of each name.
  private struct Outcome {
    var copies: [Int: Int] = [:]
    var links: [Int: Int] = [:]
    var failures: [Int: Int] = [:]
    var settled: [Int] = []
    var forgotten = 0
  }

  /// Copies one name and all that is handed out for it, as a worker does.
  private static func copy(
    _ first: Int,
    _ inode: Int,
    table: HardLinkTable<NumberedName>,
    fails: (Int) -> Bool,
    into outcome: borrowing Mutex<Outcome>
  ) {
    let identity = InodeIdentity(device: 7, inode: UInt64(inode))
    var next: Int? = first
    while let name = next {
      guard fails(name) else {
        let waiting = table.published(identity, as: name)
        return outcome.withLock {
          $0.copies[inode, default: 0] += 1
          $0.links[inode, default: 0] += waiting.count
          $0.settled += [name] + waiting
        }
      }
      outcome.withLock {
        $0.failures[inode, default: 0] += 1
        $0.settled.append(name)
      }
      next = table.failed(identity)
    }
  }

  /// Claims all names of all inodes from 8 threads, in an order by seed.
  private func run(seed: UInt64, inodes: Int, links: Int, failEvery: Int) -> Outcome {
    let table = HardLinkTable<NumberedName>()
    let outcome = Shared(Outcome())
    var random = SeededRandom(seed: seed)
    let names = (0..<inodes * links).shuffled(using: &random)
    let threads = 8
    Threads.run(threads) { thread in
      let fails = { (name: Int) in failEvery > 0 && name % failEvery == 0 }
      for position in stride(from: thread, to: names.count, by: threads) {
        let name = names[position]
        let inode = name / links
        let identity = InodeIdentity(device: 7, inode: UInt64(inode))
        switch table.claim(identity, links: UInt32(links), name: name) {
        case .copy:
          Self.copy(name, inode, table: table, fails: fails, into: outcome.value)
        case .link(let first):
          precondition(first.number / links == inode && first.number != name)
          outcome.value.withLock {
            $0.links[inode, default: 0] += 1
            $0.settled.append(name)
          }
        case .wait:
          break  // Whoever copies it will be told.
        }
      }
    }
    for inode in 0..<inodes {
      let identity = InodeIdentity(device: 7, inode: UInt64(inode))
      guard case .copy = table.claim(identity, links: 1, name: -1) else { continue }
      outcome.value.withLock { $0.forgotten += 1 }
    }
    return outcome.value.withLock { $0 }
  }

  @Test("exactly one name is copied, all others are linked", .timeLimit(.minutes(30)))
  func oneCopies() {
    for seed in UInt64(0)..<20 {
      let outcome = run(seed: seed, inodes: 200, links: 17, failEvery: 0)
      #expect(outcome.copies.count == 200, "seed \(seed)")
      #expect(outcome.copies.values.allSatisfy { $0 == 1 }, "seed \(seed)")
      #expect(outcome.links.values.allSatisfy { $0 == 16 }, "seed \(seed)")
      #expect(outcome.settled.sorted() == Array(0..<200 * 17), "seed \(seed)")
      #expect(outcome.forgotten == 200, "seed \(seed)")
    }
  }

  @Test("with copies that fail, each name is settled once", .timeLimit(.minutes(30)))
  func someFail() {
    for seed in UInt64(0)..<20 {
      let outcome = run(seed: seed, inodes: 200, links: 7, failEvery: 3)
      #expect(outcome.settled.sorted() == Array(0..<200 * 7), "seed \(seed)")
      #expect(outcome.copies.count == 200, "seed \(seed)")
      #expect(outcome.copies.values.allSatisfy { $0 == 1 }, "seed \(seed)")
      for inode in 0..<200 {
        let parts = [outcome.copies, outcome.links, outcome.failures]
        #expect(parts.reduce(0) { $0 + ($1[inode] ?? 0) } == 7, "inode \(inode), seed \(seed)")
      }
    }
  }
}

/// Lets threads share a value that cannot be copied.
private final class Shared<Value>: Sendable {
  let value: Mutex<Value>

  init(_ value: sending Value) { self.value = Mutex(value) }
}

@Suite("Hard links after a failure")
struct HardLinkFailureTests {
  @Test("an inode is forgotten also when a copy failed and nobody waited")
  func forgetsAfterFailure() {
    let inode = InodeIdentity(device: 1, inode: 2)
    let table = HardLinkTable<NumberedName>()
    _ = table.claim(inode, links: 3, name: 1)
    #expect(table.failed(inode) == nil)
    guard case .copy = table.claim(inode, links: 3, name: 2) else { return #expect(Bool(false)) }
    #expect(table.published(inode, as: 2) == [])
    guard case .link(2) = table.claim(inode, links: 3, name: 3) else { return #expect(Bool(false)) }
    // All three names were seen.
    guard case .copy = table.claim(inode, links: 3, name: 4) else { return #expect(Bool(false)) }
  }

  @Test("the first name beyond the limit on links is copied, and the others become its names")
  func overflows() {
    let inode = InodeIdentity(device: 1, inode: 3)
    let table = HardLinkTable<NumberedName>()
    _ = table.claim(inode, links: 5, name: 1)
    #expect(table.published(inode, as: 1) == [])
    guard case .link(1) = table.claim(inode, links: 5, name: 2),
      case .copy = table.overflowed(inode, at: 1, name: 2),
      case .wait = table.overflowed(inode, at: 1, name: 3),
      case .wait = table.claim(inode, links: 5, name: 4)
    else { return #expect(Bool(false)) }
    #expect(table.published(inode, as: 2) == [3, 4])
    guard case .link(2) = table.overflowed(inode, at: 1, name: 5) else {
      return #expect(Bool(false))
    }
  }

  @Test("a limit that is met when all names were seen gives a new first name all the same")
  func overflowsAtTheEnd() {
    let inode = InodeIdentity(device: 1, inode: 4)
    let table = HardLinkTable<NumberedName>()
    _ = table.claim(inode, links: 3, name: 1)
    guard case .wait = table.claim(inode, links: 3, name: 2),
      case .wait = table.claim(inode, links: 3, name: 3)
    else { return #expect(Bool(false)) }
    #expect(table.published(inode, as: 1) == [2, 3])
    guard case .copy = table.overflowed(inode, at: 1, name: 2),
      case .wait = table.overflowed(inode, at: 1, name: 3)
    else { return #expect(Bool(false)) }
    #expect(table.published(inode, as: 2) == [3])
  }
}
