// SPDX-License-Identifier: Apache-2.0

import Testing

/// What is left out for what is at the target, or for its size, next to rsync.
@Suite(.enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed"))
struct StateSelectionTests {
  private static let target = """
    mkdir -p a/b; echo longer > a/b/f; echo ne > a/g; touch -d '2000-01-01' a/b/f; mkdir f
    """

  @Test(arguments: [
    "-au a/ D/a", "-ru a/ D/a", "-au . D/", "-a --existing . D", "-a --ignore-existing . D",
    "-a --ignore-existing --existing . D", "-rt --existing a e D", "-rt --ignore-non-existing . D",
    "-a --max-size=2 . D", "-a --min-size=3 . D", "-a --min-size=2b+1 --max-size=1K . D",
    "-aH --max-size=2 . D", "-aH --ignore-existing . D", "-au -@1 . D", "-an -u . D",
    "-a --min-size=x . D", "-aR --existing a/b/f e D", "-d --ignore-existing a/ f D",
  ])
  func doesWhatRsyncDoes(_ line: String) throws {
    try NamesTwin(targetScript: Self.target).compare(line)
  }

  /// A file that is newer stays, also where it is a further name of one that is copied.
  @Test func newerNamesStay() throws {
    try withSandbox { sandbox in
      let script = """
        mkdir s d; echo x > s/a; ln s/a s/b; ln s/a s/c; touch -d '2001-01-01' s/a
        echo new > d/b; touch -d '2002-01-01' d/b; echo old > d/a; touch -d '2000-01-01' d/a
        """
      try succeed("sh", ["-ec", "cd \(sandbox.path); \(script)"])
      try expectFastsync(0, ["-aHu", "\(sandbox.path("s"))/", sandbox.path("d")])
      let text = try succeed("sh", ["-c", "cd \(sandbox.path("d")); cat a b c"]).outputText
      #expect(text == "x\nnew\nx\n")
    }
  }
}
