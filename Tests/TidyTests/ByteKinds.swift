// SPDX-License-Identifier: Apache-2.0

/// What a byte of a source file belongs to.
enum ByteKind: UInt8 {
  case code, comment, string
}

/// Tells code, comments and string literals of Swift and C apart.
///
/// Code in an interpolation is code. Regex literals between bare slashes are not known here: the
/// sources have none.
struct ByteKinds {
  private let bytes: [UInt8]
  private let isSwift: Bool
  private var kinds: [ByteKind]
  private var position = 0

  /// The kind of each byte.
  static func of(_ bytes: [UInt8], isSwift: Bool) -> [ByteKind] {
    var scan = ByteKinds(bytes: bytes, isSwift: isSwift)
    scan.code(isInterpolation: false)
    return scan.kinds
  }

  private init(bytes: [UInt8], isSwift: Bool) {
    self.bytes = bytes
    self.isSwift = isSwift
    kinds = [ByteKind](repeating: .code, count: bytes.count)
  }

  /// Goes over code up to the end of the file, or to the parenthesis that ends an interpolation.
  private mutating func code(isInterpolation: Bool) {
    var depth = 0
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "/") where has(UInt8(ascii: "/"), at: position + 1): lineComment()
      case UInt8(ascii: "/") where has(UInt8(ascii: "*"), at: position + 1): blockComment()
      case UInt8(ascii: "\""): stringLiteral(hashes: 0)
      case UInt8(ascii: "#") where isSwift: afterHashes()
      case UInt8(ascii: "'") where !isSwift: characterLiteral()
      case UInt8(ascii: "("):
        depth += 1
        position += 1
      case UInt8(ascii: ")"):
        if isInterpolation && depth == 0 { return }
        depth -= 1
        position += 1
      default: position += 1
      }
    }
  }

  private func has(_ byte: UInt8, at place: Int) -> Bool {
    place < bytes.count && bytes[place] == byte
  }

  private func has(_ byte: UInt8, times count: Int, at place: Int) -> Bool {
    (place..<place + count).allSatisfy { has(byte, at: $0) }
  }

  private mutating func mark(_ kind: ByteKind, _ count: Int = 1) {
    for _ in 0..<count where position < bytes.count {
      kinds[position] = kind
      position += 1
    }
  }

  private mutating func lineComment() {
    while position < bytes.count && bytes[position] != UInt8(ascii: "\n") { mark(.comment) }
  }

  /// Comments nest in Swift, and do not in C.
  private mutating func blockComment() {
    var depth = 0
    while position < bytes.count {
      if has(UInt8(ascii: "/"), at: position) && has(UInt8(ascii: "*"), at: position + 1) {
        depth = isSwift ? depth + 1 : 1
        mark(.comment, 2)
      } else if has(UInt8(ascii: "*"), at: position) && has(UInt8(ascii: "/"), at: position + 1) {
        depth -= 1
        mark(.comment, 2)
        if depth == 0 { return }
      } else {
        mark(.comment)
      }
    }
  }

  private mutating func characterLiteral() {
    mark(.string)
    while position < bytes.count && bytes[position] != UInt8(ascii: "\n") {
      if has(UInt8(ascii: "\\"), at: position) {
        mark(.string, 2)
      } else if has(UInt8(ascii: "'"), at: position) {
        return mark(.string)
      } else {
        mark(.string)
      }
    }
  }

  /// A raw string, or a directive or macro such as `#if`.
  private mutating func afterHashes() {
    var count = 1
    while has(UInt8(ascii: "#"), at: position + count) { count += 1 }
    if has(UInt8(ascii: "\""), at: position + count) {
      stringLiteral(hashes: count)
    } else {
      position += count
    }
  }

  private mutating func stringLiteral(hashes: Int) {
    let quote = UInt8(ascii: "\"")
    let newline = UInt8(ascii: "\n")
    mark(.string, hashes)
    // A line cannot go on after the three quotes that open a string of several lines.
    let isLong =
      isSwift && has(quote, times: 3, at: position) && has(newline, at: position + 3)
    let quotes = isLong ? 3 : 1
    mark(.string, quotes)
    while position < bytes.count {
      if has(UInt8(ascii: "\\"), at: position)
        && has(UInt8(ascii: "#"), times: hashes, at: position + 1)
      {
        escape(hashes: hashes)
      } else if has(quote, times: quotes, at: position)
        && has(UInt8(ascii: "#"), times: hashes, at: position + quotes)
      {
        return mark(.string, quotes + hashes)
      } else if !isLong && bytes[position] == newline {
        // No literal: a mistake must not turn the rest of the file around.
        return
      } else {
        mark(.string)
      }
    }
  }

  private mutating func escape(hashes: Int) {
    let isInterpolation = isSwift && has(UInt8(ascii: "("), at: position + 1 + hashes)
    mark(.string, hashes + 2)
    guard isInterpolation else { return }
    code(isInterpolation: true)
    mark(.string)
  }
}
