// SPDX-License-Identifier: Apache-2.0

import Testing
import Uring

/// An element that cannot be copied, and tells when it ends.
private struct Noted: ~Copyable {
  final class Count {
    var alive = 0
  }

  var number: Int
  let count: Count

  init(_ number: Int, _ count: Count) {
    self.number = number
    self.count = count
    count.alive += 1
  }

  deinit { count.alive -= 1 }
}

@Suite struct SlotTableTests {
  @Test(arguments: [1, 63, 64, 65, 130])
  func fillsUp(capacity: Int) {
    let count = Noted.Count()
    var table = SlotTable<Noted>(capacity: capacity)
    for number in 0..<capacity {
      #expect(table.isFull == false)
      #expect(table.insert(Noted(number, count)) == number)
    }
    #expect(table.isFull == true)
    #expect(table.count == capacity)
    #expect(table.insert(Noted(-1, count)) == nil)
    #expect(count.alive == capacity)
  }

  @Test func givesASlotANewGeneration() {
    let count = Noted.Count()
    var table = SlotTable<Noted>(capacity: 3)
    for number in 0..<3 { _ = table.insert(Noted(number, count)) }
    let generation = table.generation(of: 1)

    let removed = table.remove(1)
    #expect(removed.number == 1)
    #expect(table.isOccupied(1) == false)
    #expect(table.count == 2)
    #expect(table.generation(of: 1) == generation + 1)
    #expect(table.insert(Noted(9, count)) == 1)
    #expect(table.generation(of: 1) == generation + 1)
    #expect(table.generation(of: 0) == 0)
  }

  @Test func changesElementsInPlace() {
    let count = Noted.Count()
    var table = SlotTable<Noted>(capacity: 2)
    _ = table.insert(Noted(5, count))
    table[0].number += 1
    #expect(table[0].number == 6)
    #expect(count.alive == 1)
  }

  @Test func visitsWhatIsOccupied() {
    let count = Noted.Count()
    var table = SlotTable<Noted>(capacity: 200)
    #expect(table.firstOccupied(from: 0) == nil)
    for number in 0..<200 { _ = table.insert(Noted(number, count)) }
    let kept: Set = [0, 3, 63, 64, 127, 128, 199]
    for number in 0..<200 where !kept.contains(number) { _ = table.remove(number) }

    var visited: [Int] = []
    var next = table.firstOccupied(from: 0)
    while let index = next {
      visited.append(index)
      next = table.firstOccupied(from: index + 1)
    }
    #expect(visited == kept.sorted())
    #expect(table.firstOccupied(from: 200) == nil)
  }

  @Test func destroysWhatIsLeft() {
    let count = Noted.Count()
    do {
      var table = SlotTable<Noted>(capacity: 70)
      for number in 0..<70 { _ = table.insert(Noted(number, count)) }
      _ = table.remove(5)
      #expect(count.alive == 69)
    }
    #expect(count.alive == 0)
  }

  @Test func anEmptySlotTraps() async {
    await #expect(processExitsWith: .failure) {
      var table = SlotTable<Int>(capacity: 2)
      _ = table.insert(1)
      _ = table.remove(1)
    }
  }
}
