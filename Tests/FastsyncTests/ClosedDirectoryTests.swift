// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Target directories that an ordinary user has closed to writing are open while the run needs it,
/// and have their own permissions again afterwards, however the run ends.
@Suite(.enabled(if: isRoot, "only root can become another user"))
struct ClosedDirectoryTests {
  private let nobody: UInt32 = 65_534
  private let closed: mode_t = 0o555

  /// A tree of nobody's with a directory `d` in it, at the source and, closed, at the target.
  private func withTrees(_ body: (_ source: String, _ target: String) throws -> Void) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      try makeTree(source)
      _ = try OpenDirectory(target).makeDirectory(Bytes(text: "d"))
      try close(sandbox, target)
      try body(source, target)
    }
  }

  private func makeTree(_ source: String) throws {
    let root = try OpenDirectory(source)
    try root.makeFile(Bytes(text: "f"), [1])
    try root.makeDirectory(Bytes(text: "d")).makeFile(Bytes(text: "g"), [2])
  }

  /// Gives all to nobody, and closes the target and its directory.
  private func close(_ sandbox: Sandbox, _ target: String) throws {
    try succeed("chown", ["-R", "\(nobody):\(nobody)", sandbox.path])
    for path in ["\(target)/d", target] { try check(unsafe chmod(path, closed), "chmod") }
  }

  private func permissions(_ path: String) throws -> mode_t {
    try OpenDirectory(path).status().st_mode & 0o7777
  }

  @Test(
    .enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed"),
    arguments: ["-r", "-rt"]
  )
  func keepsItsPermissionsAsWithRsync(_ options: String) throws {
    try withTrees { source, target in
      try withTrees { judged, judge in
        let words = [options, "\(judged)/", "\(judge)/"]
        #expect(try run("rsync", words, user: nobody).status == 0)
        try expectFastsync(0, [options, "\(source)/", "\(target)/"], user: nobody)
        for name in ["", "/d"] {
          #expect(try permissions(target + name) == permissions(judge + name), "\(name)")
          #expect(try permissions(target + name) == closed, "\(name)")
        }
        #expect(unsafe access("\(target)/d/g", F_OK) == 0)
      }
    }
  }

  /// New directories are filled also where a default ACL gives their owner less than that takes.
  @Test(
    .enabled(if: RsyncJudge.obstacle == nil && has("setfacl"), "rsync or setfacl is not installed"),
    arguments: ["-a", "-aA"]
  )
  func defaultListsOfTheTarget(_ options: String) throws {
    try withSandbox { sandbox in
      let script = """
        mkdir -p source/d/e judged reached; echo x > source/d/e/file
        setfacl -d -m u::r,u:1:rwx,g::r,o::r judged reached; chown -R \(nobody) .
        """
      try succeed("env", ["--chdir=\(sandbox.path)", "sh", "-ec", script])
      let (source, judged) = (sandbox.path("source/"), sandbox.path("judged/"))
      #expect(try run("rsync", [options, source, judged], user: nobody).status == 0)
      for engine in engines {
        let words = [options, "--io-engine=\(engine)", source, sandbox.path("reached/\(engine)/")]
        try expectFastsync(0, words, user: nobody)
      }
      let words = [options, source, sandbox.path("reached/")]
      try expectFastsync(0, words, user: nobody)
      for engine in engines { try succeed("rm", ["-r", sandbox.path("reached/\(engine)")]) }
      let told = try TreeComparer.differences(judged, sandbox.path("reached/"), [.modes])
      expectNone(told, options)
    }
  }

  /// Only entries are put into the target directory, which has no counterpart at the source then.
  @Test(arguments: [[], ["-r"], ["-a"]]) func anEntryIsPutIntoIt(_ options: [String]) throws {
    try withTrees { source, target in
      let words = options + ["\(source)/f", "\(source)/d", "\(target)/"]
      try expectFastsync(0, words, user: nobody)
      #expect(try permissions(target) == closed)
      #expect(unsafe access("\(target)/f", F_OK) == 0 && access("\(target)/d/g", F_OK) == 0)
      #expect(try permissions("\(target)/d") == (options == ["-r"] ? closed : 0o755))
    }
  }

  /// With permissions carried over they are those of the source.
  @Test(arguments: [0o755, 0o555, 0o511] as [mode_t]) func permissionsOfTheSource(_ mode: mode_t)
    throws
  {
    try withTrees { source, target in
      try check(unsafe chmod("\(source)/d", mode), "chmod")
      try expectFastsync(0, ["\(source)/", "\(target)/"], user: nobody)
      #expect(try permissions("\(target)/d") == mode)
      #expect(try permissions(target) == 0o755)
      let again = try fastsync(["-v", "\(source)/", "\(target)/"], user: nobody)
      // What others of the user have locked may leave none for a ring, which is noted.
      #expect(again.copiesNothing, "\(again.outputText)")
    }
  }

  /// Several sources merge into one directory, each by another worker.
  @Test func severalSources() throws {
    try withSandbox { sandbox in
      let target = try sandbox.makeDirectory("target")
      _ = try OpenDirectory(target).makeDirectory(Bytes(text: "d"))
      var sources: [String] = []
      for number in 0..<6 {
        let source = try sandbox.makeDirectory("source-\(number)")
        let below = try OpenDirectory(source).makeDirectory(Bytes(text: "d"))
        for file in 0..<40 { try below.makeFile(Bytes(text: "\(number)-\(file)"), [1]) }
        sources.append("\(source)/")
      }
      try close(sandbox, target)
      for round in 0..<5 {
        try expectFastsync(0, ["-r", "--jobs=6"] + sources + ["\(target)/"], user: nobody)
        #expect(try OpenDirectory("\(target)/d").names().count == 240, "round \(round)")
        #expect(try permissions("\(target)/d") == closed && permissions(target) == closed)
        try succeed("find", [target, "-type", "f", "-delete"])
      }
    }
  }

  @Test(arguments: engines) func interrupted(_ engine: String) throws {
    try withTrees { source, target in
      let contents = SeededContents(seed: testSeed)
      let below = try OpenDirectory("\(source)/d")
      for number in 0..<3 {
        try contents.makeFile(number, below, Bytes(text: "large-\(number)"), size: 128 << 20)
      }
      let words = ["-r", "--io-engine=\(engine)", "\(source)/", "\(target)/"]
      // On a busy machine a copy may be done before it is stopped; then it is done again.
      for _ in 0..<10 {
        let process = try RunningProcess(
          fastsyncBinary,
          rawArguments: words.map { Bytes(text: $0) },
          user: nobody
        )
        let isUnderWay = process.stop { hasOpenFile($0, below: target) }
        let opened = try permissions(target)
        process.send(SIGINT)
        process.send(SIGCONT)
        let result = try process.wait()
        #expect(try permissions(target) == closed && permissions("\(target)/d") == closed)
        if isUnderWay && result.status == 20 { return #expect(opened == 0o755) }
        try succeed("find", [target, "-type", "f", "-delete"])
      }
      Issue.record("none of ten copies could be stopped in time, \(engine)")
    }
  }

  @Test(.enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"))
  func fullDisk() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      try makeTree(source)
      let target = try Filesystem.ext4.make(in: sandbox, as: "target", megabytes: 20)
      _ = try OpenDirectory(target).makeDirectory(Bytes(text: "d"))
      let contents = SeededContents(seed: testSeed)
      let below = try OpenDirectory("\(source)/d")
      try contents.makeFile(1, below, Bytes(text: "large"), size: 40 << 20)
      try succeed("rmdir", ["\(target)/lost+found"])
      try close(sandbox, target)
      try expectFastsync(
        11,
        ["-r", "\(source)/", "\(target)/"],
        user: nobody,
        saying: ["No space"]
      )
      #expect(try permissions(target) == closed && permissions("\(target)/d") == closed)
    }
  }
}
