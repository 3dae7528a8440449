// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Exit 0 comes after the data is on stable storage: once for each filesystem written to.
@Suite(.enabled(if: has("strace"), "strace is not installed")) struct DurabilityTests {
  /// The calls of a run that copies one or two files, from strace; `operands` are what is copied
  /// below the source, and the target's name.
  private func syncs(
    _ options: [String],
    operands: (source: String, target: String) = ("/", "/")
  ) throws -> [Substring] {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      for name in ["a", "b"] { try OpenDirectory(source).makeFile(Bytes(text: name), [1]) }
      let trace = sandbox.path("trace")
      let words = ["-f", "-e", "trace=syncfs,fsync,fdatasync,linkat,rename,renameat,renameat2"]
      let command =
        ["-o", trace, fastsyncBinary] + options + [
          "\(source)\(operands.source)", "\(target)\(operands.target)",
        ]
      try succeed("strace", words + command)
      return try succeed("cat", [trace]).outputText.split(separator: "\n")
    }
  }

  @Test func aRunEndsWithSyncfs() throws {
    for engine in engines {
      let calls = try syncs(["--io-engine=\(engine)"])
      let last = calls.last { !$0.contains("exited") && !$0.contains("+++") }
      // After the last name was published, and with success.
      #expect(last?.contains("syncfs(") == true, "\(engine): \(calls)")
      #expect(last?.hasSuffix("= 0") == true, "\(engine): \(calls)")
      #expect(calls.count { $0.contains("syncfs(") } == 1, "\(engine): \(calls)")
    }
  }

  /// A file that is an operand itself is in no directory that is read.
  @Test func aSingleFileIsSynced() throws {
    for operands in [("/a", "/"), ("/a", "/new")] {
      let calls = try syncs([], operands: operands)
      #expect(calls.contains { $0.contains("syncfs(") && $0.hasSuffix("= 0") }, "\(calls)")
    }
  }

  @Test func noneMeansNone() throws {
    let calls = try syncs(["--durability=none"])
    #expect(!calls.contains { $0.contains("sync") }, "\(calls)")
  }
}
