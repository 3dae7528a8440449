// SPDX-License-Identifier: Apache-2.0

/// The words of a command line, told apart: options with their values, and operands.
///
/// The parser is given the options alone. Operands are bytes and need not be text, and there may be
/// many: the parser's time grows with the square of their number (three seconds for 12,000). And a
/// line without options leaves nothing to parse, which saves two milliseconds.
struct CommandWords {
  /// An option as it was typed, and the word behind it if that is its value.
  struct Option {
    let word: String
    let value: String?
  }

  /// What begins with a dash, in the order of the line.
  private(set) var options: [Option] = []
  /// The sources and the target.
  private(set) var operands: [Operand] = []

  /// The options whose value may be the next word.
  private static let valued = [
    "--cache", "--profile", "--memory", "--jobs", "--io-engine", "--reflink", "--durability",
    "--generate-completion-script",
  ]

  /// Tells apart the words after the command's name.
  init(_ words: [[UInt8]]) {
    var rest = words[...]
    while let bytes = rest.popFirst() {
      guard bytes.first == UInt8(ascii: "-"), bytes.count > 1 else {
        operands.append(Operand(bytes: bytes))
        continue
      }
      if bytes.elementsEqual("--".utf8) { break }
      let word = ArgumentBytes.text(bytes)
      let value = CommandWords.valued.contains(word) ? rest.popFirst() : nil
      options.append(Option(word: word, value: value.map(ArgumentBytes.text)))
    }
    operands += rest.map { Operand(bytes: $0) }
  }

  /// The words for the parser.
  var optionWords: [String] { options.flatMap { [$0.word] + ($0.value.map { [$0] } ?? []) } }
}
