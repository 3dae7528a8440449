// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// What deletion leaves alone, and what is left when it is broken off.
@Suite struct DeletionSafetyTests {
  /// Makes a source and a target by a script of the shell, as `s` and `t`.
  private func make(_ sandbox: Sandbox, _ script: String) throws -> (source: String, target: String)
  {
    try succeed("sh", ["-ec", "cd \(sandbox.path); mkdir -p s t; \(script)"])
    return (sandbox.path("s"), sandbox.path("t"))
  }

  @Test(arguments: DeletionTests.moments) func emptySource(_ moment: String) throws {
    try withSandbox { sandbox in
      let (source, target) = try make(sandbox, "echo 1 > t/a; mkdir -p t/s; echo 2 > t/s/b")
      let before = try fingerprint(target)
      for arguments in [["\(source)/", target], [source, target], ["-n", "\(source)/", target]] {
        try expectFastsync(3, [moment] + arguments, saying: ["is empty", "--force-delete"])
        #expect(try fingerprint(target) == before, "\(arguments)")
      }
      try expectFastsync(0, [moment, "\(source)/", sandbox.path("new")])
      try expectFastsync(0, [moment, "--force-delete", "\(source)/", target])
      #expect(try OpenDirectory(target).names().isEmpty)
      // Where nothing can be deleted, nothing is refused.
      try expectFastsync(0, [moment, "\(source)/", target])
    }
  }

  /// Where one of several sources is missing, beside rsync.
  @Test(
    .enabled(if: RsyncTwin.obstacle == nil, "rsync is not installed"),
    arguments: [
      "s/gone/ s/d/ D", "s/d/ s/gone/ D", "s/gone/. s/d/ D", "s/gone s/d/ D", "s/gone/x s/d/ D",
      "s/d/ s/gone/x D", "--delete-after s/gone/ s/d/ D", "--ignore-errors s/gone/ s/d/ D",
      "--delete-before s/d/ s/gone/ D", "--ignore-missing-args s/gone s/d/ D",
      "--ignore-missing-args s/gone/ s/d/ D", "--ignore-missing-args s/gone/x s/d/ D",
      "--delete-missing-args s/gone/ s/d/ D", "--delete-missing-args s/gone/x s/d/ D",
      "-R s/gone/./x s/./d D", "-R s/./gone/x s/./d D", "--files-from=list --no-R s D",
      "--files-from=list s D", "--files-from=anchors --no-R s D", "--files-from=anchors s D",
      "--delete-excluded s/gone/ s/d/ D", "--max-delete=1 s/gone/ s/d/ D",
    ]
  )
  func missingSources(_ line: String) throws {
    let script = """
      mkdir -p s/d/sub d/sub d/d/sub d/old; echo 1 > s/d/f; echo 1 > s/d/sub/g
      for n in d/gone d/sub/gone d/d/gone d/d/sub/gone d/old/x; do echo 2 > $n; done
      printf 'gone/x\\nd/\\n' > list; printf 'gone/.\\nd/.\\n' > anchors
      find s d -exec touch -hd @1700000000 {} +
      """
    try RsyncTwin(script: script, aspects: [.modes, .owners, .times])
      .compare("-rlptgoD --delete \(line)")
  }

  @Test(.enabled(if: isRoot, "only root can mount"), arguments: DeletionTests.moments)
  func mountPoints(_ moment: String) throws {
    try withSandbox { sandbox in
      let script = "echo 1 > s/a; mkdir -p t/gone t/gone/deep; echo 2 > t/gone/deep/b"
      let (source, target) = try make(sandbox, script)
      let point = try sandbox.mount(["-t", "tmpfs", "none"], at: "t/gone/mount")
      try OpenDirectory(point).makeFile(Bytes(text: "file"), [1])
      let top = try sandbox.mount(["-t", "tmpfs", "none"], at: "t/top")
      try OpenDirectory(top).makeFile(Bytes(text: "file"), [1])
      let bound = try sandbox.mount(["--bind", sandbox.path("s")], at: "t/gone/bound")
      let result = try expectFastsync(23, [moment, "\(source)/", target])
      for path in [point, top, bound] {
        #expect(result.errorText.contains("\(path): cannot delete mount point"))
        #expect(try !OpenDirectory(path).names().isEmpty)
      }
      #expect(try OpenDirectory(target).names().count == 3)
      #expect(try OpenDirectory("\(target)/gone").names().count == 2)
      // What a run is told to stay off is no failure.
      try expectFastsync(0, ["-x", moment, "\(source)/", target])
      #expect(try OpenDirectory("\(target)/gone").names().count == 2)
    }
  }

  @Test(arguments: [32, 100], ["--delete", "--delete-before", "--delete-after"])
  func deepTrees(_ descriptors: Int, _ moment: String) throws {
    try withSandbox { sandbox in
      let (source, target) = try make(sandbox, "echo 1 > s/a; mkdir t/gone t/way; echo 2 > s/way")
      for name in ["gone", "way"] {
        let tree = NastyTree(seed: testSeed)
        try tree.makeDeep(OpenDirectory("\(target)/\(name)"), levels: 3_000, nameBytes: 10)
      }
      let words = [moment, "\(source)/", target]
      let limited = ["-c", "ulimit -n \(descriptors) && exec \"$0\" \"$@\"", fastsyncBinary]
      let result = try run("sh", limited + words, timeoutSeconds: 300)
      #expect(result.status == 0 && result.standardError == [], "\(result.errorText)")
      expectNone(try TreeComparer.differences(source, target), "\(words)")
    }
  }

  @Test func manyNames() throws {
    try withSandbox { sandbox in
      let script = """
        mkdir t/many t/dirs; echo 1 > s/a; mkdir s/many
        (cd t/many; seq 40000 | xargs touch); (cd t/dirs; seq 3000 | xargs mkdir)
        (cd t; seq 9000 | sed s/^/d/ | xargs mkdir)
        (cd s/many; seq 39000 | xargs touch); (cd s; seq 5 | sed s/^/d/ | xargs mkdir)
        """
      let (source, target) = try make(sandbox, script)
      let result = try expectFastsync(0, ["--delete", "--jobs=4", "-v", "\(source)/", target])
      let deleted = result.outputText.split(separator: "\n").count { $0.hasPrefix("deleting ") }
      #expect(deleted == 1_000 + 3_001 + 8_995)
      expectNone(try TreeComparer.differences(source, target), "")
    }
  }

  /// What earlier runs put aside below the target is not put aside once more.
  @Test(arguments: ["--delete", "--delete-before", "--delete-after"])
  func backupsStay(_ moment: String) throws {
    try withSandbox { sandbox in
      let (source, target) = try make(sandbox, "echo 1 > s/a; mkdir -p t/x/y; echo 2 > t/x/y/z")
      let words = ["-a", "-b", moment, "--backup-dir=kept/here", "\(source)/", target]
      for _ in 1...3 { try expectFastsync(0, words) }
      let found = try succeed("find", [target, "-type", "f", "-printf", "%P\n"]).outputText
      #expect(found.split(separator: "\n").sorted() == ["a", "kept/here/x/y/z"])
    }
  }

  /// A link of the target that leads out of it is no way to what lies there.
  @Test(arguments: ["--delete", "--delete-before", "--delete-after"])
  func linksThatLeadOut(_ moment: String) throws {
    try withSandbox { sandbox in
      let (source, target) = try make(
        sandbox,
        "mkdir -p s/l o t/in; touch s/l/a o/b t/in/c; ln -s ../o t/l; touch s/x"
      )
      try expectFastsync(23, ["-rK", moment, "\(source)/", target], saying: ["t/l"])
      #expect(try OpenDirectory(sandbox.path("o")).names() == [Bytes(text: "b")])
      try expectFastsync(0, ["-rK", moment, "--insecure-links", "\(source)/", target])
      #expect(try OpenDirectory(sandbox.path("o")).names().count == 2)
    }
  }

  @Test func killedRuns() throws {
    try withSandbox { sandbox in
      let script = """
        for d in 1 2 3 4 5 6; do mkdir -p s/$d t/$d/x t/gone-$d/y
        (cd t/$d; seq 500 | xargs touch); (cd t/gone-$d/y; seq 500 | xargs touch)
        (cd s/$d; seq 400 700 | xargs touch); done
        """
      let (source, target) = try make(sandbox, script)
      for pause in [2, 5, 9, 14] {
        let arguments = ["--delete", "\(source)/", target].map { Array($0.utf8) }
        let process = try RunningProcess(fastsyncBinary, rawArguments: arguments)
        usleep(UInt32(pause) * 1_000)
        process.send(SIGKILL)
        _ = try process.wait()
      }
      // What a run that was replacing something may have left is no name of the source's.
      try OpenDirectory("\(target)/1").makeFile(Bytes(text: ".400.fastsync-AbCdEfXX"), [])
      try expectFastsync(0, ["--delete", "\(source)/", target])
      expectNone(try TreeComparer.differences(source, target), "")
    }
  }
}
