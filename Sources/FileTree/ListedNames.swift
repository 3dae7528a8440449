// SPDX-License-Identifier: Apache-2.0

public import Kernel

/// Paths that somebody listed, as `--files-from` and `--relative` do, read as a tree of names: each
/// path once, in order, at 8 bytes and its own each.
public final class ListedNames: Sendable {
  /// The names of one directory.
  public struct Level: Sendable {
    private let list: ListedNames
    /// The paths below the directory, which lie together since they are sorted.
    private let range: Range<Int>
    /// How many bytes of them the directory's own path takes, with its slash.
    private let prefixBytes: Int

    fileprivate init(_ list: ListedNames, _ range: Range<Int>, prefixBytes: Int) {
      self.list = list
      self.range = range
      self.prefixBytes = prefixBytes
    }

    /// Whether a path of the directory stands for an operand that was found before the run.
    public var isKnown: Bool { list.isKnown }
  }

  /// One name of a directory.
  public struct Name: Sendable {
    /// The name.
    public let name: EntryName
    /// Whether it was listed itself, and not only something below it.
    public let isNamed: Bool
    /// Whether it was listed with a slash: for what is in it.
    public let hasContents: Bool
    /// What was listed below it.
    public let below: Level?
  }

  private static let slash = UInt8(ascii: "/")

  /// The paths, each with a NUL at its end, or a slash and a NUL.
  private let bytes: [UInt8]
  /// Where each begins, in their order.
  private let starts: [Int]
  /// Whether the names were found before the run, so that one that is gone has vanished.
  public let isKnown: Bool

  /// Sorts paths.
  ///
  /// - Parameters:
  ///   - paths: Paths without `.` and `..`, relative, each with a NUL at its end; one that has a
  ///     slash before that is listed for what is in it.
  ///   - isKnown: Whether they were found already.
  public init(_ paths: [UInt8], isKnown: Bool = false) {
    bytes = paths
    self.isKnown = isKnown
    var starts: [Int] = []
    var start = 0
    for (index, byte) in paths.enumerated() where byte == 0 {
      if index > start { starts.append(start) }
      start = index + 1
    }
    unsafe paths.withUnsafeBufferPointer { paths in
      starts.sort { unsafe Self.isOrdered(paths, $0, $1) }
    }
    self.starts = starts
  }

  /// The names at the top.
  public var top: Level { Level(self, 0..<starts.count, prefixBytes: 0) }

  /// Whether there are none.
  public var isEmpty: Bool { starts.isEmpty }

  /// Whether one path comes before another: a slash counts less than any other byte, so that what
  /// is below a name follows it.
  private static func isOrdered(
    _ paths: UnsafeBufferPointer<UInt8>,
    _ one: Int,
    _ other: Int
  ) -> Bool {
    var (one, other) = (one, other)
    while true {
      let (a, b) = unsafe (paths[one], paths[other])
      if a != b { return rank(a) < rank(b) }
      if a == 0 { return false }
      one += 1
      other += 1
    }
  }

  private static func rank(_ byte: UInt8) -> Int {
    byte == 0 ? -2 : byte == slash ? -1 : Int(byte)
  }

  /// Where the component that begins at a place ends.
  fileprivate func componentEnd(_ start: Int) -> Int {
    var end = start
    while bytes[end] != 0 && bytes[end] != Self.slash { end += 1 }
    return end
  }

  /// How a component of a path compares with a name: below 0, 0 or above.
  fileprivate func compare(_ path: Int, _ prefixBytes: Int, _ name: ArraySlice<UInt8>) -> Int {
    var position = starts[path] + prefixBytes
    for byte in name {
      let found = bytes[position]
      if found == 0 || found == Self.slash { return -1 }
      if found != byte { return found < byte ? -1 : 1 }
      position += 1
    }
    return bytes[position] == 0 || bytes[position] == Self.slash ? 0 : 1
  }
}

extension ListedNames.Level {
  /// The place of the first name, from which `name(at:)` goes on.
  public var first: Int { range.lowerBound }

  /// The name at a place, and the place of the one behind it.
  ///
  /// - Returns: `nil` behind the last.
  public func name(at place: Int) -> (name: ListedNames.Name, next: Int)? {
    guard range.contains(place) else { return nil }
    let start = list.starts[place] + prefixBytes
    let end = list.componentEnd(start)
    let name = list.bytes[start..<end]
    let last = endOfGroup(name, from: place)
    return (makeName(name, place..<last), last)
  }

  /// A name, if it is one of these.
  public func find(_ name: EntryName) -> ListedNames.Name? {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high {
      let middle = (low + high) / 2
      if list.compare(middle, prefixBytes, name.bytes) < 0 {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low < range.upperBound, list.compare(low, prefixBytes, name.bytes) == 0 else {
      return nil
    }
    return self.name(at: low)?.name
  }

  /// Every path that was listed below the directory, from there.
  public var paths: some Sequence<EntryName> {
    range.lazy.map { index in
      let start = list.starts[index] + prefixBytes
      let end = list.bytes[start...].firstIndex(of: 0) ?? start
      let isMarked = end > start && list.bytes[end - 1] == UInt8(ascii: "/")
      return EntryName(list.bytes[start..<(isMarked ? end - 1 : end)])
    }
  }

  private func makeName(_ name: ArraySlice<UInt8>, _ group: Range<Int>) -> ListedNames.Name {
    var isNamed = false
    var hasContents = false
    var below = group
    // Those that end with the name come first.
    while let first = below.first {
      let end = list.starts[first] + prefixBytes + name.count
      guard list.bytes[end] == 0 || list.bytes[end + 1] == 0 else { break }
      isNamed = true
      hasContents = hasContents || list.bytes[end] != 0
      below = (first + 1)..<below.upperBound
    }
    return ListedNames.Name(
      name: EntryName(name),
      isNamed: isNamed,
      hasContents: hasContents,
      below: below.isEmpty
        ? nil : ListedNames.Level(list, below, prefixBytes: prefixBytes + name.count + 1)
    )
  }

  /// Where the paths end that begin with a name; looked for in steps that double, since there are
  /// few of most names.
  private func endOfGroup(_ name: ArraySlice<UInt8>, from place: Int) -> Int {
    var step = 1
    var low = place + 1
    var high = low
    while high < range.upperBound, list.compare(high, prefixBytes, name) == 0 {
      low = high + 1
      high = min(range.upperBound, high + step)
      step *= 2
    }
    while low < high {
      let middle = (low + high) / 2
      if list.compare(middle, prefixBytes, name) == 0 { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
