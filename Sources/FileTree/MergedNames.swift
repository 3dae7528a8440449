// SPDX-License-Identifier: Apache-2.0

public import Kernel

/// Which of several directories, that merge into one, have a name in common.
///
/// Names are read once and told by a fingerprint, in eight bytes each, of which only those stay
/// that several directories have. Two names may have one fingerprint, so that what this says is
/// where to look, and not what is there.
public struct MergedNames: Sendable {
  /// A directory that may have a name.
  public struct Holder: Equatable, Sendable {
    /// Which one.
    public let index: Int
    /// Whether the name may be that of a directory.
    public let mayBeDirectory: Bool
  }

  /// More names than this are not remembered: 32 MiB of them.
  public static let countMax = 4 << 20
  /// What the number of a directory takes, in bits.
  private static let indexBits = 20

  /// The fingerprint, which directory has it, and in the lowest bit whether as a directory.
  private var records: [UInt64] = []
  /// Directories of which not all names are known.
  private var unknown: [Int] = []
  private let countMax: Int

  /// Makes an empty set.
  ///
  /// - Parameter countMax: How many names it remembers.
  public init(countMax: Int = MergedNames.countMax) {
    self.countMax = countMax
  }

  /// Whether no name can be in more than one of the directories.
  public var isEmpty: Bool { records.isEmpty && unknown.isEmpty }

  /// Adds a name of a directory.
  ///
  /// - Returns: Whether it is remembered; else the directory is one of which not all is known.
  public mutating func add(_ name: EntryName, of index: Int, mayBeDirectory: Bool) -> Bool {
    guard records.count < countMax, index < 1 << Self.indexBits else {
      addUnknown(index)
      return false
    }
    records.append(
      Self.fingerprint(of: name) | UInt64(index) << 1 | (mayBeDirectory ? 1 : 0)
    )
    return true
  }

  /// Notes that a directory may have any name.
  public mutating func addUnknown(_ index: Int) {
    if unknown.last != index { unknown.append(index) }
  }

  /// Puts the names in order, so that they can be asked for, after the last was added.
  public mutating func sort() { records.sort() }

  /// Forgets all names that one directory alone has; to be called after the last was added.
  public mutating func seal() {
    sort()
    // What is known of one alone, another may have as well.
    guard unknown.isEmpty else { return }
    var shared: [UInt64] = []
    var start = 0
    while start < records.count {
      var end = start + 1
      while end < records.count, Self.fingerprint(records[end]) == Self.fingerprint(records[start])
      {
        end += 1
      }
      if Self.index(records[start]) != Self.index(records[end - 1]) {
        shared.append(contentsOf: records[start..<end])
      }
      start = end
    }
    records = shared
  }

  /// The directories that may have a name, in their order; once sealed, only where more than one
  /// may have it.
  public func holders(of name: EntryName) -> [Holder] {
    guard !isEmpty else { return [] }
    let wanted = Self.fingerprint(of: name)
    var found: [Holder] = []
    var position = firstRecord(from: wanted)
    while position < records.count, Self.fingerprint(records[position]) == wanted {
      let record = records[position]
      let holder = Holder(index: Self.index(record), mayBeDirectory: record & 1 == 1)
      if found.last?.index == holder.index { found.removeLast() }
      found.append(holder)
      position += 1
    }
    guard !unknown.isEmpty else { return found }
    found.removeAll { unknown.contains($0.index) }
    found += unknown.map { Holder(index: $0, mayBeDirectory: true) }
    return found.sorted { $0.index < $1.index }
  }

  /// The place of the first record that is not below a value.
  private func firstRecord(from value: UInt64) -> Int {
    var (low, high) = (0, records.count)
    while low < high {
      let middle = (low + high) / 2
      if records[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private static func fingerprint(of name: EntryName) -> UInt64 {
    // The standard library's hash has a seed of its own in each process.
    fingerprint(UInt64(truncatingIfNeeded: name.hashValue))
  }

  private static func fingerprint(_ record: UInt64) -> UInt64 {
    record & ~(1 << UInt64(indexBits + 1) - 1)
  }

  private static func index(_ record: UInt64) -> Int {
    Int((record & (1 << UInt64(indexBits + 1) - 1)) >> 1)
  }
}
