// SPDX-License-Identifier: Apache-2.0

import Testing

/// Sources of which one lies in another.
@Suite struct OverlappingSourcesTests {
  /// Who finishes last differs from run to run.
  private static let rounds = 0..<20

  private func makeSource(_ sandbox: Sandbox) throws -> String {
    let path = try sandbox.makeDirectory("source")
    let source = try OpenDirectory(path)
    try source.makeFile(Bytes(text: "file"), Array(repeating: 1, count: 5000))
    try source.makeDirectory(Bytes(text: "deep")).makeFile(Bytes(text: "other"), [1, 2])
    try succeed("ln", ["\(path)/file", "\(path)/deep/name"])
    try succeed("touch", ["-d", "@1000000000", path, "\(path)/deep"])
    return path
  }

  /// An entry that an operand names is there before the target's directory gets its time.
  @Test(arguments: [["source/file", "source/"], ["source/", "source/deep/other"]])
  func targetHasTheTimeOfTheContents(_ operands: [String]) throws {
    try withSandbox { sandbox in
      _ = try makeSource(sandbox)
      for round in Self.rounds {
        let target = sandbox.path("target-\(round)")
        try expectFastsync(0, ["-a"] + operands.map { "\(sandbox.path)/\($0)" } + ["\(target)/"])
        let time = try succeed("stat", ["-c", "%Y", target]).outputText
        #expect(time == "1000000000\n", "round \(round)")
      }
    }
  }

  /// Names that are met twice are all names of one file.
  @Test func hardLinksOfBothAreOneFile() throws {
    try withSandbox { sandbox in
      let source = try makeSource(sandbox)
      for round in Self.rounds {
        let target = sandbox.path("target-\(round)")
        try expectFastsync(0, ["-aH", source, "\(source)/", "\(target)/"])
        let links = try succeed("stat", ["-c", "%h", "\(target)/file"]).outputText
        #expect(links == "4\n", "round \(round)")
      }
    }
  }
}
