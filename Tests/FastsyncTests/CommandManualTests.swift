// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import SystemPackage
import Testing

@testable import fastsync

/// The manual page and the README say what the table of options says.
@Suite struct CommandManualTests {
  private let page: FilePath = packageFolder.appending("docs/fastsync.1")

  /// The page is checked in, so that it can be installed and read without a build.
  @Test func describesTheOptionsAsTheTableDoes() throws {
    let text = try text(of: page)
    let start = try #require(text.firstRange(of: ".SS "))
    let end = try #require(text.firstRange(of: ".SH OUTPUT"))
    try expectGolden(
      text[..<start.lowerBound] + ManualText.options + text[end.lowerBound...],
      in: page
    )
  }

  @Test func namesTheValuesAndTheExitCodes() throws {
    let text = try text(of: page)
    for row in OptionTable.shown {
      for value in row.value?.words ?? [] {
        let escaped = value.replacing("-", with: "\\-")
        #expect(text.contains(".B \(escaped)\n"), "\(value)")
      }
    }
    for code in [0, 1, 3, 4, 11, 20, 22, 23, 24, 25] {
      #expect(text.contains("\n.B \(code)\n"), "\(code)")
    }
    #expect(text.contains("\"fastsync \(Invocation.version)\""))
  }

  /// The page says of `--no-OPTION` that it is for these.
  @Test func optionsThatCanBeTakenBack() {
    let takenBack = OptionTable.shown.filter { $0.negation != .none }.map(\.label)
    let others = [
      "-c, --checksum", "--ignore-errors", "--force", "-v, --verbose", "-h, --human-readable",
      "--inc-recursive, --i-r",
    ]
    let expected = SelectionRows.selection.dropFirst().map(\.label) + others
    #expect(Set(takenBack).isSuperset(of: expected))
  }

  @Test func isCleanForGroffAndMandoc() throws {
    let result = try run("groff", ["-man", "-ww", "-z", "-Tutf8", page.string])
    #expect(result.status == 0)
    #expect(result.errorText == "")
    let lint = try run("mandoc", ["-Tlint", page.string])
    #expect(lint.outputText == "")
    let sections = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES"]
    let text = try text(of: page)
    for section in sections + ["DIFFERENCES FROM RSYNC"] {
      #expect(text.contains("\n.SH \(section)\n"), "\(section)")
    }
  }

  @Test func theReadmeNamesOptionsThatThereAre() throws {
    let lines = try text(of: packageFolder.appending("README.md")).split(separator: "\n")
    let table = lines.drop { !$0.hasPrefix("| option |") }.prefix { $0.hasPrefix("|") }
    let named = table.flatMap { $0.split { " `=|\\".contains($0) } }
      .filter { $0.hasPrefix("-") && !$0.hasPrefix("---") && $0 != "--no-OPT" }
      .map(String.init)
    let known = OptionTable.shown.flatMap { $0.spellings.map(\.text) }
    #expect(Set(named).subtracting(known).isEmpty)
    for row in TransferRows.transfer + DeviceRows.devices {
      #expect(row.names.contains { named.contains("--\($0)") }, "\(row.label)")
    }
    #expect(named.count > 20)
  }
}
