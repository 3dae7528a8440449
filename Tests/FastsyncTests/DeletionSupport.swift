// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A source and a target that has more, made twice, for fastsync and for rsync.
struct DeletionPair {
  let sandbox: Sandbox
  /// Makes both below a directory, under `s` and `t`, by a script of the shell.
  let script: String
  /// Whether the times of directories are compared.
  var comparesTimes = true

  /// What came of a run.
  struct Outcome: Equatable {
    let status: Int32
    /// What was said of deletions, sorted.
    let said: [String]
    /// Both trees, without the times of what was made.
    let trees: [String]
  }

  /// What both programs make of the same trees.
  func outcomes(
    _ options: [String],
    operands: [String] = ["s/", "t/"],
    beyondRsync: [String] = [],
    user: UInt32? = nil
  ) throws -> (fastsync: Outcome, rsync: Outcome) {
    let own = options + beyondRsync + operands
    return (
      try outcome(fastsyncBinary, own, user), try outcome("rsync", options + operands, user)
    )
  }

  /// Expects that both come to the same.
  func expectSame(
    _ options: [String],
    operands: [String] = ["s/", "t/"],
    beyondRsync: [String] = [],
    user: UInt32? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let (own, rsyncs) = try outcomes(
      options,
      operands: operands,
      beyondRsync: beyondRsync,
      user: user
    )
    let hint = (options + operands).joined(separator: " ")
    #expect(own.status == rsyncs.status, "\(hint)", sourceLocation: sourceLocation)
    #expect(own.said == rsyncs.said, "\(hint)", sourceLocation: sourceLocation)
    expectNone(
      own.trees.filter { !rsyncs.trees.contains($0) }.map { "only fastsync: \($0)" }
        + rsyncs.trees.filter { !own.trees.contains($0) }.map { "only rsync: \($0)" },
      hint,
      sourceLocation: sourceLocation
    )
  }

  private static let words = [
    "deleting", "cannot delete", "sender removed", "Deletions", "IO error",
  ]

  private func outcome(
    _ program: String,
    _ arguments: [String],
    _ user: UInt32?
  ) throws -> Outcome {
    let place = sandbox.path("pair")
    if !isRoot { _ = try? run("chmod", ["-R", "u+rwX", place]) }
    try succeed("rm", ["-rf", place])
    try succeed("mkdir", [place])
    if user != nil { try succeed("chmod", ["777", place]) }
    let made = try run("sh", ["-ec", script], directory: place, user: user)
    try #require(made.status == 0, "\(made.errorText)")
    let result = try run(
      program,
      arguments,
      directory: place,
      user: user,
      timeoutSeconds: 120
    )
    let said = (result.outputText + result.errorText).split(separator: "\n").map { line in
      line.hasPrefix("fastsync: ") ? String(line.dropFirst(10)) : String(line)
    }
    return Outcome(
      status: result.status,
      said: said.filter { line in Self.words.contains { line.hasPrefix($0) } }.sorted(),
      trees: try trees(place)
    )
  }

  private func trees(_ place: String) throws -> [String] {
    let format = "%P %y %m %l %n"
    let found = try succeed(
      "find",
      [place, "(", "-type", "d", "-printf", "\(format)\(comparesTimes ? " %T@" : "")\\0", ")"]
        + ["-o", "-printf", "\(format) %s\\0"]
    )
    return found.outputText.split(separator: "\0").map(String.init).filter { !$0.hasPrefix(" d") }
      .sorted()
  }
}

extension DeletionPair {
  /// Names of all kinds that only the target has, at several levels, directories in the place of
  /// files and the other way round; all times are old.
  static let mixed = #"""
    mkdir -p s/both/deep s/empty t/both/deep/gone/below t/gone/deep/er t/gone/empty outside
    for name in a b both/c both/deep/d; do echo $name > s/$name; echo $name > t/$name; done
    echo keep > outside/keep
    ln -s ../outside t/link-out
    ln -s ../../outside t/gone/link-out
    mkfifo t/gone/fifo
    echo 1 > t/extra; echo 2 > t/both/extra; echo 3 > t/gone/deep/er/3; echo 4 > t/gone/4
    echo 5 > t/both/deep/gone/below/5; echo 6 > 't/a name with blanks'
    ln t/extra t/hard; ln s/a s/hard
    echo file > s/was-directory; mkdir -p t/was-directory/in; echo 7 > t/was-directory/in/7
    ln -s a s/link-was-directory; mkdir t/link-was-directory; echo 8 > t/link-was-directory/8
    mkdir s/was-file; echo 9 > s/was-file/9; echo file > t/was-file
    mkdir s/was-link; echo 10 > s/was-link/10; ln -s ../outside t/was-link
    find s t outside -exec touch -h -d @1000000 {} +
    """#
}
