// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// What `--remove-source-files` removes, compared with rsync on the same trees.
@Suite(.enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed"))
struct SourceRemovalTests {
  private static let script = #"""
    mkdir -p s/d/e t/d; echo 1 > s/new; echo 2 > s/d/same; cp -p s/d/same t/d/same
    echo 3 > s/d/e/old; ln -s new s/link; ln -s same s/d/link; ln -s same t/d/link; mkfifo s/fifo
    ln s/new s/d/hard; echo 4 > s/blocked; mkdir t/blocked; echo 5 > t/blocked/in
    find s t -exec touch -h -d @1000000 {} +
    """#

  @Test(arguments: ["--remove-source-files", "--remove-sent-files"], ["run", "file", "none"])
  func asRsync(_ option: String, _ durability: String) throws {
    try withSandbox { sandbox in
      let pair = DeletionPair(sandbox: sandbox, script: Self.script, comparesTimes: false)
      let own = ["--durability=\(durability)"]
      try pair.expectSame(["-a", option, "--force"], beyondRsync: own)
      try pair.expectSame(["-avv", option, "--delete"], beyondRsync: own)
      if option == "--remove-source-files" {
        try pair.expectSame(["-aHvv", option, "--delete"], beyondRsync: own)
      }
      try pair.expectSame(["-an", option, "--delete"], beyondRsync: own)
      try pair.expectSame(["-r", option, "--delete-after"], beyondRsync: own)
      // What has no place at the target stays, and with it what is a name of it.
      let (kept, rsyncs) = try pair.outcomes(["-a", option])
      #expect(kept.status == 23 && kept.status == rsyncs.status && kept.trees == rsyncs.trees)
    }
  }

  /// Where sources go, too, nothing is deleted once a name of them could not be read.
  @Test(
    .enabled(if: isRoot, "only root can become another user"),
    arguments: ["--delete-before", "--delete-after", "--delete-delay"],
    [[], ["--remove-source-files"], ["--remove-sent-files"]]
  )
  func nothingIsDeletedAfterAnError(_ moment: String, _ removal: [String]) throws {
    try withSandbox { sandbox in
      let script = """
        umask 022; cd \(sandbox.path); chmod 755 .; mkdir -p s/sub/deep t/only; echo 1 > s/a
        chmod 444 s/sub; chown -R 65534:65534 s t
        """
      try succeed("sh", ["-ec", script])
      let words = ["-a", moment] + removal + ["s/", "t/"]
      let result = try run(fastsyncBinary, words, directory: sandbox.path, user: 65_534)
      #expect(result.status == 23)
      #expect((result.outputText + result.errorText).contains("skipping file deletion"))
      for name in ["t/only", "t/a"] {
        #expect(unsafe access(sandbox.path(name), F_OK) == 0, "\(name)")
      }
    }
  }

  /// Of what a link leads to the link goes, and nothing that lies outside the source.
  @Test(arguments: ["-rtL", "-rtk", "-rlt --copy-unsafe-links"])
  func links(_ options: String) throws {
    try withSandbox { sandbox in
      let script = """
        mkdir -p s/d out/in t; echo 1 > out/f; echo 2 > s/f; echo 3 > out/in/g
        ln -s ../out/f s/outside; ln -s f s/inside; ln -s ../../out/f s/d/up; ln -s ../out/in s/dir
        mkdir s/real; echo 4 > s/real/r; ln -s real s/alias
        find s out -exec touch -h -d @1000000 {} +
        """
      let pair = DeletionPair(sandbox: sandbox, script: script, comparesTimes: false)
      let words = options.split(separator: " ").map(String.init)
      try pair.expectSame(words + ["--remove-source-files"])
      try pair.expectSame(words + ["-v", "--remove-sent-files"])
    }
  }

  @Test func theSameInodeStays() throws {
    try withSandbox { sandbox in
      let script = "mkdir s t; echo 1 > s/a; ln s/a t/a; echo 2 > s/b"
      let pair = DeletionPair(sandbox: sandbox, script: script, comparesTimes: false)
      let (own, rsyncs) = try pair.outcomes(["-a", "--remove-source-files"])
      #expect(own == rsyncs && own.status == 23)
      #expect(own.trees.contains { $0.hasPrefix("s/a ") })
      let alone = try pair.outcomes(["-a", "--remove-source-files"], operands: ["s/", "s/"])
      #expect(alone.fastsync == alone.rsync && alone.fastsync.status == 23)
    }
  }

  /// Each source goes after the names of all that were copied with it are on stable storage.
  @Test(.enabled(if: has("strace"), "strace is not installed"), arguments: ["run", "none"])
  func goesLast(_ durability: String) throws {
    try withSandbox { sandbox in
      try succeed("sh", ["-ec", "cd \(sandbox.path); mkdir s; seq 50 | (cd s; xargs touch)"])
      let log = sandbox.path("log")
      let words = ["-f", "-e", "trace=syncfs,unlinkat,linkat", "-o", log, fastsyncBinary]
      let options = ["--durability=\(durability)", "--jobs=1", "--remove-source-files"]
      try succeed("strace", words + options + ["\(sandbox.path("s"))/", sandbox.path("t")])
      let calls = try succeed("cat", [log]).outputText.split(separator: "\n").compactMap { line in
        ["syncfs", "unlinkat", "linkat"].first { line.contains(" \($0)(") }
      }
      let lastName = try #require(calls.lastIndex(of: "linkat"))
      let firstRemoved = try #require(calls.firstIndex(of: "unlinkat"))
      #expect(calls[lastName..<firstRemoved].contains("syncfs"))
      #expect(calls.count { $0 == "unlinkat" } == 50)
    }
  }
}
