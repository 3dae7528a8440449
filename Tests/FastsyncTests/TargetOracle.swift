// SPDX-License-Identifier: Apache-2.0

import Testing

/// Runs rsync and the command on copies of the same trees, and compares all that is there then.
struct TargetOracle {
  /// Makes the trees, in a fresh directory, by `sh`.
  ///
  /// What matters has times before 2024: later ones count as the time of the run.
  let script: String
  /// The words behind the program's name, relative to that directory.
  let arguments: [String]
  var environment: [String] = []

  /// The directory of each program, with what it has to say.
  struct Outcome {
    let tree: [String]
    let result: ProcessResult
  }

  /// Has both programs run, and expects the same of them.
  func check(sourceLocation: SourceLocation = #_sourceLocation) throws {
    try withSandbox { sandbox in
      let theirs = try outcome(of: "rsync", in: sandbox.makeDirectory("rsync"))
      let ours = try outcome(of: fastsyncBinary, in: sandbox.makeDirectory("fastsync"))
      let hint = "\(arguments): \(ours.result.errorText) rsync: \(theirs.result.errorText)"
      #expect(ours.result.status == theirs.result.status, "\(hint)", sourceLocation: sourceLocation)
      let (mine, other) = (Set(ours.tree), Set(theirs.tree))
      expectNone(
        mine.subtracting(other).sorted(),
        "only here, \(hint)",
        sourceLocation: sourceLocation
      )
      expectNone(
        other.subtracting(mine).sorted(),
        "only rsync, \(hint)",
        sourceLocation: sourceLocation
      )
    }
  }

  private func outcome(of program: String, in directory: String) throws -> Outcome {
    try succeed("env", ["--chdir=\(directory)", "sh", "-ec", script])
    let words = ["--chdir=\(directory)"] + environment + [program] + arguments
    let result = try run("env", words, timeoutSeconds: 60)
    return Outcome(tree: try Self.describe(directory), result: result)
  }

  /// Each entry of a directory with its metadata, contents and other names.
  private static func describe(_ directory: String) throws -> [String] {
    let format = "%i\\t%P\\t%y %m %U %G %s %l\\t%T@\\0"
    let found = try succeed("find", [directory, "-mindepth", "1", "-printf", format]).outputText
    let entries = found.split(separator: "\0").map { $0.split(separator: "\t").map(String.init) }
    let names = Dictionary(grouping: entries, by: { $0[0] }).mapValues { $0.map { $0[1] }.sorted() }
    let sums = try succeed(
      "sh",
      ["-c", "cd '\(directory)' && find . -type f | xargs -d '\\n' md5sum"]
    )
    return entries.map { entry in
      let seconds = entry[3].split(separator: ".").first.flatMap { Int($0) } ?? 0
      // A directory's size is the filesystem's affair.
      let facts =
        entry[2].hasPrefix("d")
        ? entry[2].split(separator: " ").prefix(4).joined(separator: " ") : entry[2]
      let time = seconds < 1_700_000_000 ? entry[3] : "now"
      return "\(entry[1]): \(facts) \(time) = \(names[entry[0]] ?? [])"
    } + sums.outputText.split(separator: "\n").map(String.init)
  }
}
