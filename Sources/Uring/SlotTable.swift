// SPDX-License-Identifier: Apache-2.0

/// A table of fixed capacity, whose slots carry a generation, so that a late completion of an
/// earlier owner of a slot can be told from one of its present owner.
///
/// Inlinable, since generic code is not specialised across modules otherwise.
@safe
public struct SlotTable<Element: ~Copyable>: ~Copyable {
  /// How many slots there are.
  public let capacity: Int

  @usableFromInline let elements: UnsafeMutablePointer<Element>
  @usableFromInline var generations: [UInt32]
  // A bit for each slot, 64 to a word; set while it is occupied.
  @usableFromInline var occupied: [UInt64]
  @usableFromInline var occupiedCount = 0

  /// The most slots a table has: what a `Tag` can name.
  public static var capacityMax: Int { 65536 }

  /// Makes an empty table; it allocates nothing afterwards.
  ///
  /// - Parameter capacity: How many slots, 1 to `capacityMax`.
  public init(capacity: Int) {
    precondition(capacity > 0 && capacity <= Self.capacityMax)
    self.capacity = capacity
    unsafe elements = .allocate(capacity: capacity)
    generations = Array(repeating: 0, count: capacity)
    occupied = Array(repeating: 0, count: (capacity + 63) / 64)
  }

  deinit {
    for index in 0..<capacity where isOccupied(index) {
      unsafe (elements + index).deinitialize(count: 1)
    }
    unsafe elements.deallocate()
  }

  /// How many slots are occupied.
  @inlinable public var count: Int { occupiedCount }

  /// Whether there is no slot left.
  @inlinable public var isFull: Bool { count == capacity }

  /// Whether there is an element in a slot.
  @inlinable
  public func isOccupied(_ index: Int) -> Bool {
    precondition(index >= 0 && index < capacity)
    return occupied[index >> 6] >> UInt64(index & 63) & 1 == 1
  }

  /// How often a slot was given up before; an element keeps its slot's generation all its time.
  @inlinable
  public func generation(of index: Int) -> UInt32 {
    generations[index]
  }

  /// Puts an element into the lowest free slot, and returns which; `nil` when there is none.
  ///
  /// An element that finds no slot is destroyed: ask `isFull` first when it must not be.
  @inlinable
  public mutating func insert(_ element: consuming Element) -> Int? {
    var word = 0
    while word < occupied.count && occupied[word] == .max { word += 1 }
    guard word < occupied.count else { return nil }
    let bit = (~occupied[word]).trailingZeroBitCount
    let index = word << 6 + bit
    guard index < capacity else { return nil }
    unsafe (elements + index).initialize(to: element)
    occupied[word] |= 1 << UInt64(bit)
    occupiedCount += 1
    return index
  }

  /// Takes an element out of its slot, which gets a new generation.
  ///
  /// - Precondition: The slot is occupied.
  @inlinable
  public mutating func remove(_ index: Int) -> Element {
    precondition(isOccupied(index))
    occupied[index >> 6] &= ~(1 << UInt64(index & 63))
    occupiedCount -= 1
    generations[index] &+= 1
    return unsafe (elements + index).move()
  }

  /// The element of a slot, in its place.
  ///
  /// - Precondition: The slot is occupied.
  @inlinable
  public subscript(_ index: Int) -> Element {
    // Addresses, and not coroutines (`_read`, `_modify`): those are not compiled with the thread
    // sanitizer where elements cannot be copied.
    unsafeAddress {
      precondition(isOccupied(index))
      return unsafe UnsafePointer(elements + index)
    }
    unsafeMutableAddress {
      precondition(isOccupied(index))
      return unsafe elements + index
    }
  }

  /// The first occupied slot at or after an index, or `nil`.
  ///
  /// `var next = table.firstOccupied(from: 0)`, and then from `index + 1`, visits them all; the
  /// table may be changed between two steps.
  @inlinable
  public func firstOccupied(from index: Int) -> Int? {
    guard index < capacity else { return nil }
    precondition(index >= 0)
    var word = index >> 6
    var bits = occupied[word] & (.max << UInt64(index & 63))
    while bits == 0 {
      word += 1
      guard word < occupied.count else { return nil }
      bits = occupied[word]
    }
    return word << 6 + bits.trailingZeroBitCount
  }
}
