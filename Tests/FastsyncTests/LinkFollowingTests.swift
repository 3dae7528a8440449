// SPDX-License-Identifier: Apache-2.0

import Testing

/// What is done with symbolic links, next to rsync.
@Suite(.enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed"))
struct LinkFollowingTests {
  @Test(arguments: [
    "-aL a/b D", "-aL a D", "-rtL a/b s D", "-aLH a s D", "-aL lf D", "-aL la D", "-rL missing D",
    "-ak a D", "-ak la D", "-a la/ D", "-ak a/ la/ D", "-aLk a e D", "-dL la D/", "-aRL la/b/f D",
  ])
  func followed(_ line: String) throws { try NamesTwin().compare(line) }

  @Test(arguments: [
    "-a --copy-unsafe-links a D", "-a --copy-unsafe-links a/ D", "-r --copy-unsafe-links a D",
    "-a --copy-unsafe-links a/b/c/ D", "-aR --copy-unsafe-links a/b D",
    "-rk --copy-unsafe-links . D",
    "-a --copy-unsafe-links lf D", "-a --safe-links a D", "-a --safe-links a/ D",
    "-a --safe-links a/b/ D", "-aR --safe-links a/b D", "-a --safe-links --copy-unsafe-links a D",
    "-a --munge-links t D", "-a --munge-links --no-munge-links t D",
    "-a --munge-links --safe-links t/ D",
  ])
  func unsafe(_ line: String) throws { try NamesTwin().compare(line) }

  @Test(arguments: [
    "-lrK a D", "-lr a D", "-lrKR a/b/f D", "-aR --no-implied-dirs a/b/f D", "-aR a/b/f D",
  ])
  func atTheTarget(_ line: String) throws {
    try NamesTwin(targetScript: "mkdir x; ln -s x a; ln -s nowhere s").compare(line)
  }

  /// A link to a directory that it lies in is told once, where rsync goes round forty times.
  @Test(arguments: engines)
  func loops(_ engine: String) throws {
    try withSandbox { sandbox in
      let script = "mkdir -p s/a/b; echo x > s/a/f; ln -s .. s/a/b/up; ln -s . s/self; ln -s y s/y"
      try succeed("sh", ["-ec", "cd \(sandbox.path); \(script)"])
      let words = ["-rL", "--io-engine=\(engine)", sandbox.path("s"), sandbox.path("d")]
      let result = try expectFastsync(23, words, saying: ["a/b/up", "s/self", "s/y"])
      #expect(result.errorText.contains("Too many levels of symbolic links"))
      let found = try succeed("find", [sandbox.path("d"), "-printf", "%P\\n"]).outputText
      #expect(found.split(separator: "\n").sorted() == ["s", "s/a", "s/a/b", "s/a/f"])
    }
  }
}
