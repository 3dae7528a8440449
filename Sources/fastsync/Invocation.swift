// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// What a command line asks for.
enum Invocation {
  /// A copy.
  case copy(CopyPlan, Verbosity)
  /// A text on the standard output: the help, the version or a completion script.
  case text(String)

  static let version = "0.1.0"

  /// Reads the words after the command's name.
  init(_ words: [[UInt8]]) throws(Refusal) {
    // Without options there is nothing to parse, and the table is not made.
    guard words.contains(where: { $0.count > 1 && $0[0] == UInt8(ascii: "-") }) else {
      self = .copy(try CopyPlan(words.map { Operand(bytes: $0) }, TypedOptions()), Verbosity())
      return
    }
    var typed = TypedOptions()
    let operands = try Invocation.read(words, into: &typed)
    // As rsync has it: -h makes figures readable, and on its own asks for help.
    if words.count == 1, words[0].elementsEqual("-h".utf8) { typed.request = .help }
    self =
      switch typed.request {
      case .help: .text(HelpText.text)
      case .version: .text(VersionText.text(asJSON: typed.output.versions > 1))
      case .text(let text): .text(text)
      case .completion(let shell): .text(CompletionScript(shell).text)
      case nil: .copy(try CopyPlan(operands, typed), Verbosity(typed, operands))
      }
  }

  /// Takes each option to its row of the table, and returns the operands.
  private static func read(
    _ words: [[UInt8]],
    into typed: inout TypedOptions
  ) throws(Refusal) -> [Operand] {
    var ways: [(row: Int, spelling: OptionSpelling)] = []
    var spellings: [String] = []
    for (index, row) in OptionTable.rows.enumerated() {
      for spelling in row.spellings {
        ways.append((index, spelling))
        let value = spelling.isOn ? row.value : nil
        spellings.append(spelling.text + (value.map { $0.isOptional ? "?" : "=" } ?? ""))
      }
    }
    var reader = try OptionReader(spellings: spellings, words: words)
    while let next = try reader.next() {
      let (row, spelling) = ways[next.spelling]
      switch OptionTable.rows[row].effect {
      case .refused(let reason): throw reason.refusal(of: spelling.text)
      case .changes(let change):
        try change(
          &typed,
          TypedOption(spelling: spelling.text, isOn: spelling.isOn, value: next.value)
        )
      }
      if let request = typed.request, request.endsTheLine { return [] }
    }
    return reader.operands()
  }
}
