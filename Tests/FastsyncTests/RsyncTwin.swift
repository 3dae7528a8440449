// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Has rsync and fastsync do the same to two equal targets, and compares what both are then.
struct RsyncTwin {
  /// A shell script that makes `s`, and where it is wanted `d`, in a fresh directory.
  var script: String
  /// What is compared.
  var aspects: TreeComparer.Aspects = [.archive, .attributes, .hardLinks]
  /// Who both run as.
  var user: UInt32?

  static let obstacle = RsyncJudge.obstacle

  /// Runs both with the words of a line, `S` and `D` in it standing for the two trees; where it has
  /// neither, they are put at its end with slashes.
  func compare(_ line: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    try withSandbox { sandbox in
      let made = try run("sh", ["-ec", script], directory: sandbox.path)
      #expect(made.status == 0, "\(made.errorText)", sourceLocation: sourceLocation)
      if let user { try succeed("chown", ["-hR", "\(user):\(user)", sandbox.path]) }
      let target = sandbox.path("d")
      if unsafe access(target, F_OK) != 0 { _ = try sandbox.makeDirectory("d") }
      if let user { try succeed("chown", ["-h", "\(user):\(user)", target]) }
      for name in ["by-rsync", "by-fastsync"] {
        try succeed("cp", ["-a", target, sandbox.path(name)])
      }
      let (expected, reached) = (sandbox.path("by-rsync"), sandbox.path("by-fastsync"))
      let judge = try run(
        "rsync",
        Self.words(line, expected),
        directory: sandbox.path,
        user: user,
        timeoutSeconds: 60
      )
      let result = try fastsync(
        Self.words(line, reached),
        user: user,
        directory: sandbox.path,
        timeoutSeconds: 60
      )
      let told = "\(line)\nrsync: \(judge.errorText)\nfastsync: \(result.errorText)"
      #expect(result.status == judge.status, "\(told)", sourceLocation: sourceLocation)
      let differences = try TreeComparer.differences(expected, reached, aspects)
      expectNone(differences, told, sourceLocation: sourceLocation)
    }
  }

  private static func words(_ line: String, _ target: String) -> [String] {
    var words = line.split(separator: " ").map { $0 == "S" ? "s/" : $0 == "D" ? target : "\($0)" }
    if !words.contains(target) { words += ["s/", "\(target)/"] }
    return words
  }
}

/// Lines that both refuse, or read in the same way.
enum RsyncLines {
  /// Expects both to end with a status for a line with a source and a target that are there.
  static func expectRefusal(_ line: String, _ status: Int32) throws {
    try withSandbox { sandbox in
      let words = line.split(separator: " ").map(String.init)
      try OpenDirectory(sandbox.makeDirectory("s")).makeFile(Bytes(text: "file"), [1])
      let operands = [sandbox.path("s") + "/", try sandbox.makeDirectory("d") + "/"]
      try expectFastsync(status, ["-a"] + words + operands)
      guard RsyncJudge.obstacle == nil else { return }
      let judge = try run("rsync", ["-a"] + words + operands)
      #expect(judge.status == status, "\(judge.errorText)")
    }
  }

  /// Expects both to end with one status, and to refuse in the same words.
  static func expectSame(_ words: [String]) throws {
    let theirs = try run("rsync", words)
    let ours = try fastsync(words)
    #expect(ours.status == theirs.status, "\(theirs.errorText)\(ours.errorText)")
    guard theirs.status == 1 else { return }
    let told = theirs.errorText.split(separator: "\n").first ?? ""
    let sentence = told.hasPrefix("rsync: ") ? told.dropFirst(7) : told
    #expect(ours.errorText == "fastsync: \(sentence)\n")
  }
}
