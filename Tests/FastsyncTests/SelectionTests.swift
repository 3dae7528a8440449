// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Which sources are taken, where they go, and which pairs are refused.
@Suite struct SelectionTests {
  /// A source with some of everything, and what rsync is to be compared by.
  private func makeSource(_ sandbox: Sandbox, _ name: String = "source") throws -> String {
    let path = try sandbox.makeDirectory(name)
    let source = try OpenDirectory(path)
    try source.makeFile(Bytes(text: "file"), Bytes(text: name))
    try source.makeDirectory(Bytes(text: "below")).makeFile(Bytes(text: "inside"), [1])
    try source.makeSymbolicLink(Bytes(text: "link"), to: Bytes(text: "file"))
    try source.makeNode(Bytes(text: "fifo"), S_IFIFO | 0o600)
    try source.makeLink(Bytes(text: "hard"), to: Bytes(text: "file"))
    // Not of this second: rsync -a does not set a time that is off by less than one.
    for name in try source.names() { try source.changeTimes(name, 1_000, 1) }
    return path
  }

  /// Command lines without the name of the target; `S` and `T` stand for two sources.
  static let commandLines = [
    "-a S/", "-a S", "-a S T", "-a S/ T/", "-a S/ T", "-a S/file", "-a S/link",
    "-a S/below/ T/file",
    "-a S/.", "-a S/below/..", "-r S/", "-r S", "-rl S/", "-rlp S/", "-rt S/", "-rtgoD S/",
    "-aH S/",
    "-aH S/ T/", "-a --no-links S/", "-a --no-D S/", "-a --no-times S/",
    "-rlptD --no-p S",
    "-a S//", "-aHAX S T/file",
  ]

  @Test(.enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed"), arguments: commandLines)
  func doesWhatRsyncDoes(_ line: String) throws {
    try withSandbox { sandbox in
      let sources = try ["S": makeSource(sandbox, "first"), "T": makeSource(sandbox, "second")]
      let words = line.split(separator: " ").map { word in
        let source = sources[String(word.prefix(1))]
        return source.map { $0 + word.dropFirst() } ?? String(word)
      }
      let expected = sandbox.path("by-rsync")
      let reached = sandbox.path("by-fastsync")
      let judge = try run("rsync", words + ["\(expected)/"])
      let result = try fastsync(words + ["\(reached)/"])
      #expect(result.status == judge.status, "\(line): \(result.errorText)")
      // rsync with -lt leaves out directories, and may have made nothing at all.
      guard unsafe access(expected, F_OK) == 0 else {
        return #expect(unsafe access(reached, F_OK) != 0, "\(line)")
      }
      var aspects: TreeComparer.Aspects = [.modes, .owners, .hardLinks, .times, .directoryTimes]
      if !(line.hasPrefix("-a") || line.hasPrefix("-rt")) || line.contains("no-times") {
        aspects.subtract([.times, .directoryTimes])
      }
      // The times of the target itself come from the source only with a slash.
      aspects.subtract([.directoryTimes])
      expectNone(try TreeComparer.differences(expected, reached, aspects), line)
    }
  }

  @Test func hardLinksAcrossSources() throws {
    try withSandbox { sandbox in
      let sources = try ["one", "two"].map { try sandbox.makeDirectory($0) }
      let name = Bytes(text: "file")
      let first = try OpenDirectory(sources[0])
      try first.makeFile(name, [1])
      try OpenDirectory(sources[1]).makeLink(Bytes(text: "other"), to: name, in: first)
      let target = sandbox.path("target")
      try expectFastsync(0, sources + ["\(target)/"])
      let copies = try ["one", "two"].map { try OpenDirectory("\(target)/\($0)") }
      let inodes = try (copies[0].status(name), copies[1].status(Bytes(text: "other")))
      #expect(inodes.0.st_ino == inodes.1.st_ino)
      #expect(inodes.0.st_nlink == 2)
    }
  }

  @Test func dryRunChangesNothing() throws {
    try withSandbox { sandbox in
      let source = try makeSource(sandbox)
      let target = try makeSource(sandbox, "target")
      try succeed("touch", ["\(source)/new", "\(source)/file"])
      let before = try (fingerprint(source), fingerprint(target))
      try expectFastsync(0, ["-n", "\(source)/", "\(target)/"])
      try expectFastsync(0, ["-an", "\(source)/", "\(target)/"])
      try expectFastsync(0, ["-n", source, "\(target)/new"])
      #expect(try (fingerprint(source), fingerprint(target)) == before)
    }
  }

  /// Operands that do not go together, and the status that says so.
  static let refused: [([String], Int32)] = [
    (["S/", "S/below/"], 3), (["S/", "S/new"], 3), (["S", "S/below"], 3),
    (["S/", "L/below/new"], 3), (["S/no-such", "T/"], 23), (["S/no-such/", "T/"], 23),
    (["host:S/", "T/"], 4), (["S/", "h:T"], 4),
  ]

  @Test(arguments: refused) func refusesWhatDoesNotGoTogether(_ words: [String], _ status: Int32)
    throws
  {
    try withSandbox { sandbox in
      let source = try makeSource(sandbox)
      let target = try sandbox.makeDirectory("target")
      // The same tree by another name.
      try OpenDirectory(sandbox.path).makeSymbolicLink(Bytes(text: "L"), to: Bytes(text: source))
      let names = ["S": source, "T": target, "L": sandbox.path("L")]
      let arguments = words.map { word in
        names[String(word.prefix(1))].map { $0 + word.dropFirst() } ?? word
      }
      let before = try fingerprint(sandbox.path)
      try expectFastsync(status, arguments)
      #expect(try fingerprint(sandbox.path) == before, "\(words)")
    }
  }

  @Test func aMissingSourceDoesNotKeepTheOthers() throws {
    try withSandbox { sandbox in
      let source = try makeSource(sandbox)
      let target = sandbox.path("target")
      let arguments = [sandbox.path("missing"), "\(source)/", "\(target)/"]
      try expectFastsync(23, arguments, saying: ["missing", "No such file"])
      try expectSame(source, target, .archive)
    }
  }

  @Test(
    .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
    arguments: [false, true]
  )
  func staysOnOneFilesystem(_ stays: Bool) throws {
    try withSandbox { sandbox in
      let source = try makeSource(sandbox)
      let mount = try Filesystem.ext4.make(in: sandbox, as: "source/mounted", megabytes: 20)
      try OpenDirectory(mount).makeFile(Bytes(text: "on another"), [1])
      try check(unsafe unlink("\(source)/mounted.img"), "unlink")
      try succeed("touch", ["-d", "@1000", "\(mount)/lost+found", mount, source])
      let target = sandbox.path("target")
      try expectFastsync(0, (stays ? ["-ax"] : ["-a"]) + ["\(source)/", "\(target)/"])
      let judge = sandbox.path("judge")
      try succeed("rsync", (stays ? ["-ax"] : ["-a"]) + ["\(source)/", "\(judge)/"])
      expectNone(try TreeComparer.differences(judge, target, .archive), "compared with rsync")
      #expect(try OpenDirectory("\(target)/mounted").names().isEmpty == stays)
    }
  }

  /// Targets that cannot be, and the status that rsync has for each.
  @Test(
    .enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed"),
    arguments: [
      ["S/", "T/no/such"], ["S", "T/no/such/"], ["S/file", "T/no/such"], ["S/file", "T/no/such/"],
      ["S/file", "S/link", "T/no/such"], ["S/", "S/file"], ["S/file", "S/link", "T/file"],
      ["S/below/inside", "T/file/"], ["S/below/inside", "T/file/x"], ["S/", "T/file/x/"],
    ]
  ) func endsAsRsyncDoes(_ words: [String]) throws {
    try withSandbox { sandbox in
      let names = try ["S": makeSource(sandbox), "T": makeSource(sandbox, "target")]
      let paths = words.map { (names[String($0.prefix(1))] ?? "") + $0.dropFirst() }
      let judge = try run("rsync", ["-a"] + paths)
      let result = try expectFastsync(judge.status, ["-a"] + paths)
      #expect(!result.errorText.contains("must be"), "\(result.errorText)")
    }
  }

  /// Who is second finds the directory made.
  @Test func severalRunsMakeOneTarget() throws {
    try withSandbox { sandbox in
      let source = try makeSource(sandbox)
      for round in 0..<20 {
        let target = sandbox.path("target-\(round)")
        let processes = try (0..<4).map { _ in
          try RunningProcess(
            fastsyncBinary,
            rawArguments: ["\(source)/", "\(target)/"].map { Bytes(text: $0) }
          )
        }
        for process in processes {
          let result = try process.wait()
          #expect(result.status == 0, "\(result.errorText)")
        }
        // Each run links names to the file that it has put there, which the next one replaces.
        try expectSame(source, target, .archive)
      }
    }
  }
}
