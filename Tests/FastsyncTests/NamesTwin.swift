// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Has rsync and fastsync copy names out of one tree, from within it, and compares what both make
/// where nothing is, or what a script makes.
struct NamesTwin {
  /// A shell script that makes what is copied, in a fresh directory, besides the tree itself.
  var sourceScript = ""
  /// A shell script that makes what is at the target.
  var targetScript = ""
  /// What both read from the standard input.
  var input = ""
  /// What is compared; the new directories of a run have the times of the run.
  var aspects: TreeComparer.Aspects = [.modes, .owners, .hardLinks]

  /// The tree: files, directories, and links that lead everywhere.
  private static let tree = """
    mkdir -p s/a/b/c s/e s/s/d s/t; echo out > out; cd s
    echo x > a/b/f; echo yy > a/g; echo zzz > f; echo other > s/d/q; echo r > 'sp ace'
    ln -s nowhere a/dang; ln -s b a/lb; ln -s ../a/g a/b/up; ln -s /etc/passwd a/abs
    ln -s ../../../out a/b/c/unsafe; ln -s ../g a/b/okup; ln -s a la; ln -s f lf
    ln -s /rsyncd-munged/foo t/munged; ln a/g s/hard; mkfifo a/fifo
    chmod 750 a; chmod 700 a/b
    """
  private static let times = """
    find . -exec touch -h -d '2001-01-01' {} +; chmod 555 s
    """

  /// The ways in which fastsync copies.
  private static let manners = [
    ["--io-engine=sync", "--jobs=4"], ["--io-engine=auto", "--profile=hdd", "--jobs=1"],
  ]

  /// Runs both with the words of a line, in which `D` stands for the target.
  func compare(_ line: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    try withSandbox { sandbox in
      let script = "\(Self.tree)\n\(sourceScript)\n\(Self.times)"
      let made = try run("sh", ["-ec", script], directory: sandbox.path)
      #expect(made.status == 0, "\(made.errorText)", sourceLocation: sourceLocation)
      let judge = try copy("rsync", line, [], sandbox, "by-rsync")
      for (number, manner) in Self.manners.enumerated() {
        let name = "by-fastsync-\(number)"
        let result = try copy(fastsyncBinary, line, manner, sandbox, name)
        let told =
          "\(line) \(manner)\nrsync: \(judge.errorText)\nfastsync: \(result.errorText)"
        #expect(result.status == judge.status, "\(told)", sourceLocation: sourceLocation)
        #expect((result.status == 0) == result.standardError.isEmpty, "\(told)")
        let (expected, reached) = (sandbox.path("by-rsync"), sandbox.path(name))
        let exists = unsafe [access(expected, F_OK), access(reached, F_OK)].map { $0 == 0 }
        #expect(exists[0] == exists[1], "\(told)", sourceLocation: sourceLocation)
        guard exists == [true, true] else { continue }
        let differences = try Self.differences(expected, reached, aspects)
        expectNone(differences, told, sourceLocation: sourceLocation)
      }
    }
  }

  private func copy(
    _ program: String,
    _ line: String,
    _ manner: [String],
    _ sandbox: Sandbox,
    _ target: String
  ) throws -> ProcessResult {
    if !targetScript.isEmpty {
      let directory = try sandbox.makeDirectory(target)
      try succeed("sh", ["-ec", "cd '\(directory)'; \(targetScript)"])
    }
    let words = line.split(separator: " ").map { word in
      word == "D" || word.hasPrefix("D/")
        ? "\(sandbox.path(target))\(word.dropFirst())" : String(word)
    }
    let script = "printf '\(input)' | { cd s; exec \"$0\" \"$@\"; }"
    return try run("sh", ["-c", script, program] + manner + words, directory: sandbox.path)
  }

  /// Times count only as far as those of the source: everything that a run makes has later ones.
  private static func differences(
    _ expected: String,
    _ reached: String,
    _ aspects: TreeComparer.Aspects
  ) throws -> [String] {
    let format = "%P %Ts\\n"
    func old(_ path: String) throws -> [Substring] {
      try succeed("find", [path, "!", "-newermt", "2002-01-01", "-printf", format]).outputText
        .split(separator: "\n").sorted()
    }
    let (one, other) = (Set(try old(expected)), Set(try old(reached)))
    let times = one.symmetricDifference(other).sorted().map { "the time of \($0)" }
    guard try succeed("find", [expected, "-maxdepth", "0", "-type", "d"]).outputText != "" else {
      return times
    }
    // The comparer takes trees that have something.
    let isEmpty = try [expected, reached].map { path in
      try succeed("find", [path, "-mindepth", "1"]).outputText == ""
    }
    if isEmpty == [true, true] { return times }
    return times + (try TreeComparer.differences(expected, reached, aspects)).map(\.description)
  }
}
