// SPDX-License-Identifier: Apache-2.0

import SystemPackage
import Testing

@testable import fastsync

/// The built command, from outside.
@Suite struct CommandTests {
  @Test(
    arguments: [
      (["--foo", "a", "b"], 1, "--foo: unknown option"), ([], 1, "usage: fastsync"),
      (["--memory=1", "a", "b"], 1, "at least 64K"),
      (["host:x", "b"], 4, "only copies locally"), (["-az", "a", "b"], 4, "-z is for transfers"),
      (["--iconv=x", "a", "b"], 4, "copies as they are"),
    ] as [([String], Int32, String)]
  )
  func refusals(arguments: [String], status: Int32, part: String) throws {
    let result = try run(fastsyncBinary, arguments)
    #expect(result.status == status)
    #expect(result.outputText == "")
    #expect(result.errorText.hasPrefix("fastsync: "))
    #expect(result.errorText.contains(part))
    #expect(result.errorText.split(separator: "\n").count == 1)
  }

  @Test func bytesInRefusals() throws {
    let result = try run(fastsyncBinary, rawArguments: [[0xff, 0x0a, 0x3a], [0x61]])
    #expect(result.status == 4)
    #expect(
      result.standardError.starts(with: Array("fastsync: ".utf8) + [0xff] + Array("\\#012:".utf8))
    )
  }

  @Test func helpIsTheGoldenOne() throws {
    let help = try run(fastsyncBinary, ["--help"])
    #expect(help.status == 0)
    #expect(help.outputText == HelpText.text)
    try expectGolden(HelpText.text, in: testFolder.appending("Golden/help.txt"))
    #expect(HelpText.text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(try run(fastsyncBinary, ["-h"]).outputText == help.outputText)
    #expect(try run(fastsyncBinary, ["-a", "--help"]).status == 0)
  }

  @Test func version() throws {
    for option in ["--version", "-V"] {
      let result = try run(fastsyncBinary, [option])
      #expect(result.status == 0)
      #expect(result.outputText.hasPrefix("fastsync  version \(Invocation.version)\n"))
      #expect(result.outputText.contains("io_uring"))
      #expect(result.outputText.contains("Apache"))
    }
  }

  @Test func aClosedOutputIsNoFailure() throws {
    let script = "{ \"$1\" --help; echo $? >&2; } | true"
    let result = try run("sh", ["-c", script, "sh", fastsyncBinary])
    #expect(result.errorText == "0\n")
  }

  @Test func closedDescriptorsAreNoFailure() throws {
    let script = "\"$1\" --help <&- >&- 2>&-; echo $?"
    #expect(try run("sh", ["-c", script, "sh", fastsyncBinary]).outputText == "0\n")
  }

  @Test(.enabled(if: isShipped, "only the release binary is linked whole (set FASTSYNC_BINARY)"))
  func whatTheCommandLinks() throws {
    let libraries = try run("ldd", [fastsyncBinary]).outputText
    for name in [
      "libFoundation", "libswift", "liburing", "libpopt", "libxxhash", "libcrypto",
      "lib_Foundation", "libdispatch",
    ] {
      #expect(!libraries.contains(name), "\(name)")
    }
  }
}
