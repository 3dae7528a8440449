// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import SystemPackage
import Testing

@testable import fastsync

/// The manual page says what the help says, option for option.
@Suite struct CommandManualTests {
  private let page: FilePath = packageFolder.appending("docs/fastsync.1")

  /// The options in the first words of a line.
  private func options(_ line: some StringProtocol) -> [String] {
    line.split { " ,=[]\"<".contains($0) }.map { String($0) }.filter { $0.hasPrefix("-") }
  }

  @Test func namesTheOptionsOfTheHelp() throws {
    let helped = try text(of: testFolder.appending("Golden/help.txt")).split(separator: "\n")
      .filter { $0.hasPrefix("  -") }
      .flatMap { options($0.dropFirst(2).prefix(24)) }
    let lines = try text(of: page).replacing("\\-", with: "-").split(separator: "\n")
    let described = zip(lines, lines.dropFirst())
      .filter { $0.0 == ".TP" && $0.1.contains("-") }
      .flatMap { options($0.1) }
    #expect(Set(described).subtracting(["--no-"]) == Set(helped))
    #expect(helped.count > 30)
  }

  @Test func namesTheValues() throws {
    let text = try text(of: page)
    let values =
      CopyOptions.CacheMode.allCases.map(\.rawValue) + CopyOptions.Engine.allCases.map(\.rawValue)
      + CopyOptions.Reflink.allCases.map(\.rawValue)
      + CopyOptions.Durability.allCases.map(\.rawValue)
    for value in values { #expect(text.contains(".B \(value)\n"), "\(value)") }
    for code in [0, 1, 3, 4, 11, 20, 22, 23, 24] {
      #expect(text.contains("\n.B \(code)\n"), "\(code)")
    }
    #expect(text.contains("\"fastsync \(FastsyncCommand.version)\""))
  }

  @Test func isCleanForGroff() throws {
    let result = try run("groff", ["-man", "-ww", "-z", "-Tutf8", page.string])
    #expect(result.status == 0)
    #expect(result.errorText == "")
    let sections = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES"]
    let text = try text(of: page)
    for section in sections + ["DIFFERENCES FROM RSYNC"] {
      #expect(text.contains("\n.SH \(section)\n"), "\(section)")
    }
  }
}
