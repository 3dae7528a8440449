// SPDX-License-Identifier: Apache-2.0

import FileTree
import Glibc
import Kernel
import Synchronization
import SystemPackage
import Testing
import TestSupport
import Uring

@testable import CopyEngine

extension WorkStack {
  /// Waits for work alone.
  fileprivate func pop() -> WorkItem? {
    guard case .item(let item) = pop(orUntil: { false }) else { return nil }
    return item
  }
}

@Suite("Work that is shared by threads", .timeLimit(.minutes(30)))
struct WorkStackTests {
  /// A directory that no one looks into; items are told apart by their positions.
  private static func makeDirectory() throws -> CopyDirectory {
    CopyDirectory.root(try makeSides())
  }

  private static func makeSides() throws -> DirectorySides {
    let descriptor = unsafe open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    try #require(descriptor >= 0)
    let directory = OpenDirectory(Descriptor(owning: descriptor))
    return DirectorySides(source: directory, target: nil)
  }

  private static func number(_ item: WorkItem?) -> Int64? {
    guard case .directory(_, let position) = item else { return nil }
    return position
  }

  private func items(_ numbers: [Int64]) throws -> [WorkItem] {
    let directory = try Self.makeDirectory()
    return numbers.map { .directory(directory, position: $0) }
  }

  @Test("operands come in their order")
  func order() throws {
    let stack = WorkStack(try items([1, 2, 3]))
    for number in [Int64(1), 2, 3] {
      #expect(Self.number(stack.pop()) == number)
      stack.finishItem()
    }
    #expect(stack.pop() == nil)
    #expect(stack.tryPop() == nil)
  }

  @Test("who waits for something else is woken for that, and looks before it sleeps")
  func somethingElse() throws {
    let stack = WorkStack(try items([1]))
    _ = stack.tryPop()
    let hasCome = Atomic(false)
    let seen = Atomic(0)
    Threads.run(2) { number in
      if number == 0 {
        let next = stack.pop { hasCome.load(ordering: .acquiring) }
        if case .otherwise = next { seen.add(1, ordering: .relaxed) }
      } else {
        while !stack.lacksWork { sched_yield() }
        hasCome.store(true, ordering: .releasing)
        stack.wake()
      }
    }
    #expect(seen.load(ordering: .relaxed) == 1)
    guard case .otherwise = stack.pop(orUntil: { true }) else {
      Issue.record("it slept, though what it waits for had come")
      return
    }
    guard case .late = stack.pop(orUntil: { false }, seconds: 0) else {
      Issue.record("it waited longer than it was to")
      return
    }
    stack.finishItem()
    guard case .over = stack.pop(orUntil: { false }) else {
      Issue.record("it is not over")
      return
    }
  }

  @Test("the walk goes deep before it goes wide")
  func deepFirst() throws {
    let stack = WorkStack(try items([1, 2]))
    var seen: [Int64] = []
    let below: [Int64: [Int64]] = [1: [11, 12], 11: [111, 112], 12: [121], 2: [21]]
    while let item = stack.pop() {
      let number = try #require(Self.number(item))
      seen.append(number)
      stack.push(try items(below[number] ?? []))
      stack.finishItem()
    }
    #expect(seen == [1, 11, 111, 112, 12, 121, 2, 21])
  }

  @Test("who asks for what is there only does not wait")
  func tryPop() throws {
    let stack = WorkStack(try items([1]))
    #expect(Self.number(stack.tryPop()) == 1)
    #expect(stack.tryPop() == nil)
    stack.push(try items([2]))
    #expect(Self.number(stack.tryPop()) == 2)
    stack.finishItem()
    stack.finishItem()
    #expect(stack.pop() == nil)
  }

  @Test("a file is left to a worker that is on its way, and to nobody else")
  func filesAreLeft() throws {
    let stack = WorkStack(try items([1]))
    #expect(!stack.lacksWork && Self.number(stack.tryPop()) == 1 && !stack.lacksWork)
    stack.expectWorkers(1) {}
    #expect(stack.lacksWork)
    stack.push([.file(try Self.makeFile())])
    #expect(!stack.lacksWork, "what it will take is there")
    #expect(stack.tryPop(leavesFiles: true) == nil)
    stack.push(try items([2]))
    #expect(Self.number(stack.tryPop(leavesFiles: true)) == 2, "only files are left")
    stack.arrive()
    guard case .file? = stack.tryPop(leavesFiles: true) else {
      Issue.record("nobody else would take it")
      return
    }
    stack.arrive()
    #expect(!stack.lacksWork, "more came than were expected")
    for _ in 0..<3 { stack.finishItem() }
    #expect(stack.pop() == nil)
  }

  @Test(
    "others are started once, when something is left for them",
    arguments: [0, 1, 2] as [Int64]
  )
  func othersAreStarted(waiting: Int64) throws {
    let stack = WorkStack(try items(Array(0..<waiting)))
    let starts = Lock(0)
    stack.expectWorkers(3) { starts.withLock { $0 += 1 } }
    #expect(starts.withLock { $0 } == (waiting > 1 ? 1 : 0))
    #expect(stack.lacksWork)
    for _ in 0..<waiting { #expect(stack.tryPop() != nil) }
    stack.push([])
    #expect(starts.withLock { $0 } == (waiting > 1 ? 1 : 0))
    for number in [7, 8] as [Int64] { stack.push(try items([number])) }
    #expect(starts.withLock { $0 } == 1)
    stack.expectNobody()
    #expect(!stack.lacksWork)
  }

  @Test("nobody is started for what comes when all is over")
  func nobodyIsStarted() throws {
    let stack = WorkStack([])
    let starts = Lock(0)
    stack.expectWorkers(3) { starts.withLock { $0 += 1 } }
    stack.expectNobody()
    stack.push(try items([1]))
    #expect(starts.withLock { $0 } == 0)
  }

  private static func makeFile() throws -> FoundEntry {
    let sides = try makeSides()
    let metadata = try EntryLocation(open: sides.source).metadata()
    return FoundEntry(
      directory: CopyDirectory.root(sides),
      sides: sides,
      name: EntryName("file".utf8),
      targetName: EntryName("file".utf8),
      facts: EntryFacts(source: metadata, target: nil)
    )
  }

  @Test("without work there is nothing to wait for")
  func empty() throws {
    #expect(WorkStack([]).pop() == nil)
  }

  @Test("an idle thread waits for what a busy one may still find")
  func waits() throws {
    let stack = WorkStack(try items([1]))
    let more = try items([2])
    let isReleased = Atomic<Bool>(false)
    let found = Mutex<[Int64?]>([])
    let early = Atomic<Int>(0)
    #expect(Self.number(stack.pop()) == 1)
    withExtendedLifetime((stack, more)) {
      Threads.run(3) { number in
        if number == 0 {
          usleep(50_000)
          isReleased.store(true, ordering: .releasing)
          stack.push(more)
          usleep(50_000)
          return stack.finishItem()
        }
        // One of the two gets the item, and the other waits until all is done.
        while let item = stack.pop() {
          if !isReleased.load(ordering: .acquiring) { early.add(1, ordering: .relaxed) }
          found.withLock { $0.append(Self.number(item)) }
          stack.finishItem()
        }
        if !isReleased.load(ordering: .acquiring) { early.add(1, ordering: .relaxed) }
      }
    }
    #expect(found.withLock { $0 } == [2])
    #expect(early.load(ordering: .relaxed) == 0, "a thread left while there could be work")
  }

  @Test("closing lets go of those who wait, and of all work")
  func closes() throws {
    let stack = WorkStack(try items([1]))
    let more = try items([2, 3])
    #expect(Self.number(stack.pop()) == 1)
    Threads.run(4) { number in
      if number > 0 {
        let item = stack.pop()
        precondition(item == nil)
        return
      }
      usleep(50_000)
      stack.close()
    }
    // The thread that is busy finds out when it asks again.
    stack.push(more)
    #expect(stack.tryPop() == nil)
    #expect(stack.pop() == nil)
    stack.finishItem()
    #expect(stack.pop() == nil)
  }

  @Test("each item is worked off once, however they are found", arguments: [1, 2, 4])
  func stress(threads: Int) throws {
    let limit: Int64 = 20_000
    for seed in UInt64(0)..<3 {
      let directory = try Self.makeDirectory()
      // Enough to begin with that the tree does not die out by chance.
      let first = Int64(50)
      let stack = WorkStack((0..<first).map { .directory(directory, position: $0) })
      let next = Atomic<Int64>(first)
      let done = Mutex<[Int64]>([])
      Threads.run(threads) { thread in
        var random = SystemRandomNumberGenerator()
        var mine: [Int64] = []
        // Like a worker: further items only as far as they are there, the first by waiting.
        while let first = stack.pop() {
          var item: WorkItem? = first
          while let current = item {
            mine.append(Self.number(current) ?? -1)
            let wanted = Int64.random(in: 0...3, using: &random)
            let start = next.add(wanted, ordering: .relaxed).oldValue
            let end = min(start + wanted, limit)
            if start < end {
              stack.push((start..<end).map { .directory(directory, position: $0) })
            }
            stack.finishItem()
            item = (thread + Int(seed)) % 2 == 0 ? stack.tryPop() : nil
          }
        }
        done.withLock { $0 += mine }
      }
      #expect(done.withLock { $0.sorted() } == Array(0..<limit), "\(threads) threads")
    }
  }
}
