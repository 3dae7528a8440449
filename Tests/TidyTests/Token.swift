// SPDX-License-Identifier: Apache-2.0

/// A word (identifier, keyword, number) or one character of punctuation, outside of comments and
/// string literals.
struct Token: Equatable {
  let text: String
  /// Counted from 1.
  let line: Int
  /// The offset in the file, in bytes.
  let offset: Int
  let isWord: Bool

  /// Whether the token could be the name of a type: such names begin with an upper-case letter.
  var isTypeName: Bool { isWord && text.utf8.first.map { (0x41...0x5a).contains($0) } ?? false }

  /// The tokens of code in which comments and strings are blanked out.
  static func all(in code: [UInt8]) -> [Token] {
    var tokens: [Token] = []
    var line = 1
    var position = 0
    while position < code.count {
      let byte = code[position]
      let start = position
      position += 1
      if byte == UInt8(ascii: "\n") {
        line += 1
      } else if isWordByte(byte) {
        while position < code.count && isWordByte(code[position]) { position += 1 }
        let text = String(decoding: code[start..<position], as: UTF8.self)
        tokens.append(Token(text: text, line: line, offset: start, isWord: true))
      } else if byte > UInt8(ascii: " ") {
        let text = String(UnicodeScalar(byte))
        tokens.append(Token(text: text, line: line, offset: start, isWord: false))
      }
    }
    return tokens
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
      true
    default: false
    }
  }
}

extension [Token] {
  /// The text of a token; empty beyond either end.
  func text(_ index: Int) -> String { indices.contains(index) ? self[index].text : "" }

  /// Whether a token is this keyword, and neither a member nor a name in backticks.
  func isKeyword(_ index: Int, _ words: Set<String>) -> Bool {
    words.contains(self[index].text) && text(index - 1) != "." && text(index - 1) != "`"
  }

  /// Whether tokens from an index on have these texts.
  func match(_ texts: [String], at index: Int) -> Bool {
    texts.indices.allSatisfy { text(index + $0) == texts[$0] }
  }

  /// The index of the bracket that closes the one at an index, or of the last token.
  func closing(_ opening: Int) -> Int {
    var depth = 0
    for index in opening..<count {
      switch self[index].text {
      case "(", "[", "{": depth += 1
      case ")", "]", "}":
        depth -= 1
        if depth == 0 { return index }
      default: break
      }
    }
    return count - 1
  }
}
