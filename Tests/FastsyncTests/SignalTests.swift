// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// SIGINT, SIGTERM and SIGHUP during a copy.
@Suite(.serialized) struct SignalTests {
  /// A copy that takes seconds: zeros are written, since no -S is given, in small blocks.
  private static let options = ["-t", "--memory=64K", "--io-engine=sync", "--durability=none"]

  /// Makes a folder with a big file and an empty folder `target`, and removes it afterwards.
  private func withFolder(_ body: (String) throws -> Void) throws {
    let script = "d=$(mktemp -d) && mkdir $d/target && truncate -s 8G $d/zeros && printf %s $d"
    let folder = try run("sh", ["-c", script]).outputText
    defer { _ = try? run("rm", ["-rf", folder]) }
    try body(folder)
  }

  /// Starts a copy that was stopped (SIGSTOP) when it had written something; signals that are sent
  /// now are taken when it goes on.
  private func startCopy(in folder: String, ignoringHangUps: Bool = false) throws -> RunningProcess
  {
    let words = SignalTests.options + ["\(folder)/zeros", "\(folder)/target/"]
    let shell = ["-c", "trap '' HUP; exec \"$@\"", "sh", fastsyncBinary]
    let process = try RunningProcess(
      ignoringHangUps ? "sh" : fastsyncBinary,
      rawArguments: ((ignoringHangUps ? shell : []) + words).map { Array($0.utf8) }
    )
    try #require(process.stop { hasOpenFile($0, below: "\(folder)/target") })
    return process
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func theFirstEndsTheRunInOrder(signal: Int32) throws {
    try withFolder { folder in
      let process = try startCopy(in: folder)
      process.send(signal)
      process.send(SIGCONT)
      let result = try process.wait()
      #expect(result.status == 20)
      #expect(result.errorText == "fastsync: interrupted; run it again to finish\n")
      #expect(try run("ls", ["-A", "\(folder)/target"]).outputText == "")
    }
  }

  /// Either may be taken first, and the copy may be done with it before the other comes.
  @Test func theSecondEndsItAtOnce() throws {
    try withFolder { folder in
      let process = try startCopy(in: folder)
      process.send(SIGTERM)
      process.send(SIGINT)
      process.send(SIGCONT)
      let result = try process.wait()
      #expect([SIGINT, SIGTERM].contains(result.signal) || result.status == 20)
      #expect(try run("find", ["\(folder)/target", "-name", "zeros"]).outputText == "")
    }
  }

  /// One line, also where there is no terminal.
  @Test(arguments: [SIGUSR1, SIGVTALRM]) func someAskHowFarItIs(signal: Int32) throws {
    try withFolder { folder in
      let process = try startCopy(in: folder)
      process.send(signal)
      process.send(SIGCONT)
      #expect(process.stop { _ in (try? process.errorUntilNow().contains(10)) == true })
      process.send(SIGTERM)
      process.send(SIGCONT)
      let lines = try process.wait().errorText.split(separator: "\n")
      let size = "8,589,934,592"
      let form = try Regex("fastsync: (\\d+%, )?[\\d,]+ of \(size) (or more )?bytes, .*, at zeros")
      let match = try form.wholeMatch(in: lines.first ?? "")
      #expect(match != nil, "\(lines)")
      #expect(lines.count == 2)
    }
  }

  /// Other programs report what they have done then.
  @Test(arguments: [SIGUSR1, SIGUSR2]) func othersDoNotEndIt(signal: Int32) throws {
    try withFolder { folder in
      let process = try startCopy(in: folder)
      process.send(signal)
      process.send(SIGCONT)
      let target = "\(folder)/target"
      #expect(process.stop { hasOpenFile($0, below: target, megabytes: 64) }, "it did not go on")
      process.send(SIGTERM)
      process.send(SIGCONT)
      #expect(try process.wait().status == 20)
    }
  }

  /// A reader of the output that has seen enough.
  @Test func aClosedPipeLosesNothing() throws {
    try withSandbox { sandbox in
      let source = try OpenDirectory(sandbox.makeDirectory("source"))
      for number in 0..<2_000 { try source.makeFile(Bytes(text: "file-\(number)"), [1]) }
      let script = "{ \"$0\" -v -rt source/ target; echo $? >status; } 2>&1 | head -n 1"
      let words = ["-c", script, fastsyncBinary]
      _ = try run("sh", words, directory: sandbox.path)
      #expect(try succeed("cat", [sandbox.path("status")]).outputText == "0\n")
      try expectSame(sandbox.path("source"), sandbox.path("target"), [.times])
    }
  }

  /// `ulimit -f`, in blocks of 512 bytes: what is written at once, in blocks, into allocated space
  /// and behind a hole.
  @Test(arguments: engines) func filesBeyondTheLimitFailAlone(_ engine: String) throws {
    try withSandbox { sandbox in
      let source = try OpenDirectory(sandbox.makeDirectory("source"))
      let contents = SeededContents(seed: testSeed)
      let sizes = ["at-once": 100_000, "in-blocks": 900_000, "allocated": 5_000_000]
      for (number, (name, size)) in sizes.enumerated() {
        try contents.makeFile(number, source, Bytes(text: name), size: size)
      }
      try succeed("truncate", ["-s", "3M", sandbox.path("source/hole")])
      for number in 0..<50 {
        let name = Bytes(text: "small-\(number)")
        try contents.makeFile(number, source, name, size: number * 1_000)
      }
      let script = "ulimit -f 100; exec \"$@\""
      let words = ["--io-engine=\(engine)", "source/", "target"]
      for round in ["new", "again"] {
        let result = try run(
          "sh",
          ["-c", script, "sh", fastsyncBinary] + words,
          directory: sandbox.path
        )
        #expect(result.status == 23, "\(round) \(result.signal) \(result.errorText)")
        let lines = result.complaints
        for name in sizes.keys + ["hole"] {
          let told = lines.filter { $0.hasPrefix("fastsync: target/\(name): cannot ") }
          #expect(told.count == 1 && told[0].hasSuffix("File too large"), "\(name): \(lines)")
        }
        #expect(lines.count == 5, "\(lines)")
        #expect(try OpenDirectory(sandbox.path("target")).names().count == 50)
        #expect(try temporaryNames(sandbox.path("target")).isEmpty)
      }
      try expectFastsync(
        0,
        Array(words.dropLast(2)) + ["\(sandbox.path("source"))/", sandbox.path("target")]
      )
      try expectSame(sandbox.path("source"), sandbox.path("target"))
    }
  }

  @Test func ignoredSignalsStayIgnored() throws {
    try withFolder { folder in
      let process = try startCopy(in: folder, ignoringHangUps: true)
      process.send(SIGHUP)
      process.send(SIGCONT)
      let target = "\(folder)/target"
      #expect(process.stop { hasOpenFile($0, below: target, megabytes: 64) }, "it did not go on")
      process.send(SIGTERM)
      process.send(SIGCONT)
      #expect(try process.wait().status == 20)
    }
  }
}
