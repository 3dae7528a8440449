// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import fastsync

/// The table of options, and that everything that is said or done with options comes from it.
@Suite struct ArgumentTableTests {
  @Test func everySpellingIsThereOnce() {
    let spellings = OptionTable.rows.flatMap(\.spellings).map(\.text)
    #expect(Set(spellings).count == spellings.count)
    #expect(spellings.count > 300)
    for spelling in spellings {
      let isName = spelling.hasPrefix("--") && spelling.count > 3
      #expect(isName || spelling.count == 2, "\(spelling)")
      #expect(spelling.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "=") })
    }
  }

  /// The parser takes every spelling for what it is, with its value as the next word and joined.
  @Test func everySpellingIsRead() throws {
    let spellings = OptionTable.rows.flatMap { row in
      row.spellings.map { (text: $0.text, takesValue: row.value != nil && $0.isOn) }
    }
    let table = spellings.map { $0.takesValue ? "\($0.text)=" : $0.text }
    var words: [String] = []
    for spelling in spellings {
      words.append(spelling.text)
      if !spelling.takesValue { continue }
      let glue = spelling.text.hasPrefix("--") ? "=" : ""
      words += ["-one", "\(spelling.text)\(glue)two"]
    }
    var reader = try OptionReader(spellings: table, words: words.map { Array($0.utf8) })
    for (index, spelling) in spellings.enumerated() {
      for value in spelling.takesValue ? ["-one", "two"] : [""] {
        let next = try reader.next()
        #expect(next?.spelling == index, "\(spelling.text)")
        #expect(next?.value == Array(value.utf8), "\(spelling.text)")
      }
    }
    #expect(try reader.next() == nil)
    #expect(reader.operands().isEmpty)
  }

  @Test func everyRefusedSpellingIsRefusedForItsReason() throws {
    var count = 0
    for row in OptionTable.rows {
      guard case .refused(let reason) = row.effect else { continue }
      for spelling in row.spellings {
        let line = "\(spelling.text) \(row.value != nil && spelling.isOn ? "x " : "")a b"
        #expect(refusal(line) == reason.refusal(of: spelling.text), "\(line)")
        count += 1
      }
    }
    #expect(count > 30)
  }

  @Test func everyRowIsInTheTextsOrRefused() {
    let help = HelpText.text.split(separator: "\n")
    let manual = ManualText.options
    for row in OptionTable.rows {
      if case .refused = row.effect {
        #expect(row.group == nil)
        for spelling in row.spellings where spelling.isOn {
          #expect(manual.contains(spelling.text.replacing("-", with: "\\-")), "\(spelling.text)")
        }
        continue
      }
      #expect(!row.help.isEmpty && row.help.hasSuffix("."), "\(row.label)")
      if row.group == nil { continue }
      // Not a longer name that begins with it.
      let shown = help.filter { line in
        line.hasPrefix("  \(row.label)") && !line.hasPrefix("  \(row.label)-")
      }
      #expect(shown.count == 1, "\(row.label)")
      let heading = row.spellings.filter(\.isOn).map { $0.text.replacing("-", with: "\\-") }
      let lines = manual.split(separator: "\n").filter { line in
        line.hasPrefix(".B") && heading.allSatisfy { line.contains($0) }
      }
      #expect(!lines.isEmpty, "\(row.label)")
    }
    #expect(OptionTable.rows.filter { $0.group == nil && !$0.help.isEmpty }.count == 1)
  }
}
