// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import fastsync

/// `--delete-missing-args`, beside rsync.
@Suite(.enabled(if: RsyncTwin.obstacle == nil, "rsync is not installed"))
struct MissingArgumentTests {
  private static let script = """
    mkdir -p s/d s/e d/d d/full d/empty d/e; echo 1 > s/f; echo 1 > s/d/g; echo 1 > d/gone
    echo 2 > d/full/x; echo 3 > d/d/gone; ln -s d d/lk; echo 4 > d/d/keep; mkfifo d/pipe
    printf 'f\ngone\nd/gone\nfull\ne/none\n' > list; printf 'd/gone\nfull/x\n' > deep
    find s d -exec touch -hd @1700000000 {} +
    """

  @Test(arguments: [
    "s/f s/gone s/full s/empty s/d/gone s/nope D", "s/gone D", "s/gone s/lk s/pipe D",
    "--force s/full D", "-r --delete s/full s/d/ D", "--max-delete=1 s/gone s/empty s/lk D",
    "-n s/gone s/full s/empty D", "-R s/./d/gone s/./e/x s/./gone D", "--backup s/gone D",
    "--files-from=list s/ D", "--files-from=list --force s/ D", "--files-from=list --no-R s/ D",
    "--files-from=deep s/ D", "--ignore-missing-args s/gone D",
    "--max-delete=0 s/gone D", "-R s/./full/x D", "-R s/./nodir/x s/./d/gone D",
    "--backup --backup-dir=b s/gone s/full D", "--exclude=gone s/gone s/pipe D",
    "-f-s_gone s/gone D", "-fP_gone s/gone s/pipe D", "-R -fP_gone s/./d/gone s/./gone D",
    "--force -fP_x s/full D", "--force --exclude=/full/x s/full D",
  ])
  func treesAreTheSame(_ line: String) throws {
    try RsyncTwin(script: Self.script, aspects: [.modes, .owners, .times])
      .compare("-ai --delete-missing-args \(line)")
  }

  /// A lone argument may have another name at the target.
  @Test(arguments: ["gone", "none"]) func aNameForOne(_ name: String) throws {
    try withSandbox { sandbox in
      try succeed("sh", ["-ec", "cd '\(sandbox.path)'; \(Self.script); cp -a d by-rsync"])
      for (program, target) in [("rsync", "by-rsync"), (fastsyncBinary, "d")] {
        let words = ["-a", "--delete-missing-args", "s/missing", "\(target)/\(name)"]
        let result = try run(program, words, directory: sandbox.path)
        #expect(result.status == 0, "\(result.errorText)")
      }
      let (theirs, ours) = (sandbox.path("by-rsync"), sandbox.path("d"))
      expectNone(try TreeComparer.differences(theirs, ours, [.modes, .times]), name)
    }
  }

  /// What is told, in any order.
  @Test(arguments: [
    "-ai", "-aii --force", "-av", "-ain", "-a --info=del", "-ai --stats --delete -r",
  ])
  func linesAreTheSame(_ options: String) throws {
    try withSandbox { sandbox in
      try succeed("sh", ["-ec", "cd '\(sandbox.path)'; \(Self.script)"])
      var told: [[String]] = []
      for program in ["rsync", fastsyncBinary] {
        try succeed("sh", ["-ec", "cd '\(sandbox.path)'; rm -rf t; cp -a d t"])
        let words = options.split(separator: " ").map(String.init)
        let result = try run(
          program,
          words + ["--delete-missing-args", "s/f", "s/gone", "s/full", "s/empty", "t/"],
          directory: sandbox.path
        )
        #expect(result.status == 0, "\(result.errorText)")
        let lines = result.outputText.split(separator: "\n").map(String.init)
        told.append(
          lines.filter { !$0.hasPrefix("sent ") && !$0.hasPrefix("total size") }
            .filter { !$0.hasPrefix("Total bytes") && !$0.hasPrefix("File list") }.sorted()
        )
      }
      #expect(told[0] == told[1])
    }
  }

  /// What the target has under such a name may be what another argument brings.
  @Test func whatIsCopiedStays() throws {
    try withSandbox { sandbox in
      let script = "mkdir -p a b t; echo new > b/x; echo old > t/x; touch -d @0 t/x"
      try succeed("sh", ["-ec", "cd '\(sandbox.path)'; \(script)"])
      let words = ["-a", "--delete-missing-args", "a/x", "b/x", "t/"]
      #expect(try fastsync(words, directory: sandbox.path).status == 0)
      try succeed("cmp", [sandbox.path("b") + "/x", sandbox.path("t") + "/x"])
    }
  }

  /// A directory that is listed keeps its time, or is made, though what is listed in it is gone.
  @Test func directoriesAreInTheTransfer() throws {
    try withSandbox { sandbox in
      try succeed("sh", ["-ec", "cd '\(sandbox.path)'; \(Self.script)"])
      for program in ["rsync", fastsyncBinary] {
        try succeed("sh", ["-ec", "cd '\(sandbox.path)'; rm -rf t; cp -a d t"])
        let words = ["-aR", "--delete-missing-args", "s/./d/gone", "s/./e/none", "t/"]
        #expect(try run(program, words, directory: sandbox.path).status == 0)
        let told = try succeed("stat", ["-c", "%Y", "\(sandbox.path)/t/d", "\(sandbox.path)/t/e"])
        #expect(told.outputText == "1700000000\n1700000000\n", "\(program)")
      }
    }
  }

  /// One of two arguments is missing, so that the target is a directory all the same.
  @Test func twoArgumentsMakeADirectory() throws {
    try withSandbox { sandbox in
      try succeed("sh", ["-ec", "cd '\(sandbox.path)'; \(Self.script)"])
      for (program, target) in [("rsync", "new"), (fastsyncBinary, "other")] {
        let words = ["-a", "--delete-missing-args", "s/f", "s/full", target]
        #expect(try run(program, words, directory: sandbox.path).status == 0)
        try succeed("cmp", ["\(sandbox.path)/s/f", "\(sandbox.path)/\(target)/f"])
      }
    }
  }
}
