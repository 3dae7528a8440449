// SPDX-License-Identifier: Apache-2.0

/// A shell pattern as rsync has them, compiled: `*` and `?` stand for bytes but slashes, `**` for
/// any, `[...]` for one of a set, and a backslash takes the meaning from what follows.
///
/// Matching takes time proportional to pattern times text, however many stars there are: the last
/// `*` and the last `**` are all that is ever tried again. A `*` before the last one need not be,
/// since what lies between both was found as early as possible.
struct WildcardPattern: Equatable, Sendable {
  private enum Element: Equatable {
    case byte(UInt8)
    /// Any byte but a slash.
    case any
    /// Any number of bytes that are no slashes.
    case star
    /// Any number of bytes.
    case doubleStar
    case set(ByteSet)
    /// What was not written right matches nothing.
    case nothing
  }

  private let elements: [Element]

  /// Compiles a pattern.
  init(_ pattern: some Collection<UInt8>) {
    var compiler = WildcardCompiler(Array(pattern))
    var elements: [Element] = []
    while let part = compiler.next() {
      switch part {
      case .byte(let byte): elements.append(.byte(byte))
      case .any: elements.append(.any)
      case .stars(let count): elements.append(count > 1 ? .doubleStar : .star)
      case .set(let set): elements.append(.set(set))
      case .malformed: elements.append(.nothing)
      }
    }
    self.elements = elements
  }

  /// Where to go on when what follows a star does not match.
  private struct Retry {
    /// The element behind the star.
    let element: Int
    /// What the star ends before.
    var position: Int
  }

  /// Whether it matches all of a text.
  func matches(_ text: ArraySlice<UInt8>) -> Bool {
    var (element, position) = (0, text.startIndex)
    var star: Retry?
    var doubleStar: Retry?
    while true {
      if element < elements.count {
        switch elements[element] {
        case .star:
          element += 1
          star = Retry(element: element, position: position)
          continue
        case .doubleStar:
          element += 1
          // Nothing before it is tried again, since it can stand for all that would change.
          star = nil
          doubleStar = Retry(element: element, position: position)
          continue
        default:
          if position < text.endIndex, Self.matches(elements[element], text[position]) {
            element += 1
            position += 1
            continue
          }
        }
      } else if position == text.endIndex {
        return true
      }
      // A star takes one byte more, the last one first.
      if let tried = star, tried.position < text.endIndex, text[tried.position] != slash {
        (element, position) = (tried.element, tried.position + 1)
        star?.position = position
      } else if let tried = doubleStar, tried.position < text.endIndex {
        (element, position) = (tried.element, tried.position + 1)
        doubleStar?.position = position
        star = nil
      } else {
        return false
      }
    }
  }

  private static func matches(_ element: Element, _ byte: UInt8) -> Bool {
    switch element {
    case .byte(let wanted): byte == wanted
    case .any: byte != slash
    case .set(let set): byte != slash && set.contains(byte)
    case .star, .doubleStar, .nothing: false
    }
  }
}

/// The byte between the names of a path.
let slash = UInt8(ascii: "/")

/// A set of bytes.
struct ByteSet: Equatable, Sendable {
  private var words: InlineArray<4, UInt64> = [0, 0, 0, 0]

  mutating func insert(_ byte: UInt8) { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }

  mutating func insert(_ range: ClosedRange<UInt8>) { for byte in range { insert(byte) } }

  mutating func invert() { for index in words.indices { words[index] = ~words[index] } }

  func contains(_ byte: UInt8) -> Bool { words[Int(byte >> 6)] >> UInt64(byte & 63) & 1 == 1 }

  static func == (one: ByteSet, other: ByteSet) -> Bool {
    one.words.indices.allSatisfy { one.words[$0] == other.words[$0] }
  }
}

/// Splits a pattern into its parts.
private struct WildcardCompiler {
  enum Part {
    case byte(UInt8)
    case any
    case stars(Int)
    case set(ByteSet)
    /// A set without an end, or of a class that there is not.
    case malformed
  }

  private let pattern: [UInt8]
  private var position = 0

  init(_ pattern: [UInt8]) {
    self.pattern = pattern
  }

  private func peek(_ offset: Int = 0) -> UInt8? {
    position + offset < pattern.count ? pattern[position + offset] : nil
  }

  private mutating func take() -> UInt8? {
    guard let byte = peek() else { return nil }
    position += 1
    return byte
  }

  mutating func next() -> Part? {
    guard let byte = take() else { return nil }
    switch byte {
    case UInt8(ascii: "?"): return .any
    case UInt8(ascii: "["): return takeSet().map { .set($0) } ?? end()
    case UInt8(ascii: "\\"): return take().map { .byte($0) } ?? .malformed
    case UInt8(ascii: "*"):
      var count = 1
      while peek() == UInt8(ascii: "*") {
        position += 1
        count += 1
      }
      return .stars(count)
    default: return .byte(byte)
    }
  }

  /// What follows something malformed is not read.
  private mutating func end() -> Part {
    position = pattern.count
    return .malformed
  }

  /// Reads a set behind its bracket.
  ///
  /// - Returns: `nil` where it is malformed.
  private mutating func takeSet() -> ByteSet? {
    var set = ByteSet()
    let isInverted = peek() == UInt8(ascii: "!") || peek() == UInt8(ascii: "^")
    if isInverted { position += 1 }
    /// What a range may begin with.
    var last: UInt8?
    var isFirst = true
    while let byte = take() {
      if byte == UInt8(ascii: "]"), !isFirst {
        if isInverted { set.invert() }
        return set
      }
      isFirst = false
      if byte == UInt8(ascii: "-"), let start = last, let end = peek(), end != UInt8(ascii: "]") {
        position += 1
        guard let bound = end == UInt8(ascii: "\\") ? take() : end else { return nil }
        if start <= bound { set.insert(start...bound) }
        last = nil
      } else if byte == UInt8(ascii: "["), peek() == UInt8(ascii: ":"), let length = classLength() {
        guard let length, insertClass(length, into: &set) else { return nil }
        last = nil
      } else {
        guard let member = byte == UInt8(ascii: "\\") ? take() : byte else { return nil }
        set.insert(member)
        last = member
      }
    }
    return nil
  }

  /// How long the name of a class is, with its colons; `nil` for what is no class but a bracket
  /// like any other byte, and inside `nil` for what has no end.
  private func classLength() -> Int?? {
    guard let end = pattern[(position + 1)...].firstIndex(of: UInt8(ascii: "]")) else {
      return .some(nil)
    }
    let length = end - position
    guard length > 1, pattern[end - 1] == UInt8(ascii: ":") else { return nil }
    return length
  }

  private mutating func insertClass(_ length: Int, into set: inout ByteSet) -> Bool {
    let name = String(decoding: pattern[(position + 1)..<(position + length - 1)], as: UTF8.self)
    guard let ranges = Self.classes[name] else { return false }
    for range in ranges { set.insert(range) }
    position += length + 1
    return true
  }

  /// The classes of POSIX, of ASCII as in the C locale and in those of UTF-8.
  private static let classes: [String: [ClosedRange<UInt8>]] = [
    "alnum": [0x30...0x39, 0x41...0x5a, 0x61...0x7a],
    "alpha": [0x41...0x5a, 0x61...0x7a],
    "blank": [0x20...0x20, 0x09...0x09],
    "cntrl": [0x00...0x1f, 0x7f...0x7f],
    "digit": [0x30...0x39],
    "graph": [0x21...0x7e],
    "lower": [0x61...0x7a],
    "print": [0x20...0x7e],
    "punct": [0x21...0x2f, 0x3a...0x40, 0x5b...0x60, 0x7b...0x7e],
    "space": [0x20...0x20, 0x09...0x0d],
    "upper": [0x41...0x5a],
    "xdigit": [0x30...0x39, 0x41...0x46, 0x61...0x66],
  ]
}
