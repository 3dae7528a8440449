// SPDX-License-Identifier: Apache-2.0

import Testing

/// What is listed instead of copied, next to rsync.
@Suite(.enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed"))
struct ListingTests {
  private static let script = """
    mkdir -p s/a/b/c s/e s/z; cd s; echo x > a/b/f; head -c 1234567 /dev/zero > a/g; echo z > f
    ln -s nowhere a/dang; ln -s b a/lb; mkfifo a/fifo; ln f z/hard; chmod 4755 f; chmod 1777 e
    touch 'a/odd\tname' a-b a.b; mkdir a-c; find . -exec touch -h -d '2001-01-01 12:34:56' {} +
    """

  @Test(arguments: [
    "s", "s/", "-r s", "-a s/", "-a s", "-l s/a/", "--list-only s/a s/f d", "-rl --list-only s/ d",
    "--no-h -r s/", "-h -r s/a", "-hh s/a/", "-aR s/a/b", "-d s/a", "-r s/f", "-L s/a/b/",
    "-k s/a/",
    "-aH s/", "-r --no-d s/", "--no-d s/", "s/missing", "-r s/e/", "-u --existing -r s/",
  ])
  func looksAsRsyncs(_ line: String) throws {
    try withSandbox { sandbox in
      try succeed("sh", ["-ec", "cd \(sandbox.path); \(Self.script)"])
      let words = line.split(separator: " ").map(String.init)
      let judge = try run("rsync", words, directory: sandbox.path)
      for jobs in ["--jobs=1", "--jobs=4"] {
        let result = try fastsync([jobs] + words, directory: sandbox.path)
        #expect(result.outputText == judge.outputText, "\(line)")
        #expect(result.status == judge.status, "\(line): \(result.errorText)")
      }
    }
  }
}
