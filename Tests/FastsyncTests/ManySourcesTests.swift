// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// More sources than there are descriptors, which share directories and names.
@Suite struct ManySourcesTests {
  /// Makes sources of which each has something of its own and something that others have as well,
  /// on three levels; what a name stands for differs between them.
  private func makeSources(_ sandbox: Sandbox, _ count: Int) throws -> [String] {
    try (0..<count).map { number in
      let path = try sandbox.makeDirectory("source-\(number)")
      let source = try OpenDirectory(path)
      try fill(source, number)
      let shared = try source.makeDirectory(Bytes(text: "shared"))
      try fill(shared, number)
      try fill(shared.makeDirectory(Bytes(text: "deep")), number)
      try source.makeDirectory(Bytes(text: "own-\(number)")).makeFile(Bytes(text: "file"), [1])
      // A directory counts before what is none, whichever comes first.
      if number % 3 == 1 {
        let either = try source.makeDirectory(Bytes(text: "either"))
        try either.makeFile(Bytes(text: "inside-\(number)"), [2])
      } else {
        try source.makeFile(Bytes(text: "either"), Bytes(text: "\(number)"))
      }
      // Permissions and times tell whose a directory is.
      for name in ["shared", "shared/deep"] {
        try succeed("chmod", [number == 0 ? "750" : "700", "\(path)/\(name)"])
        try succeed("touch", ["-d", "@\(1_000_000 + number)", "\(path)/\(name)"])
      }
      return path
    }
  }

  private func fill(_ directory: OpenDirectory, _ number: Int) throws {
    try directory.makeFile(Bytes(text: "file-\(number)"), Bytes(text: "own \(number)"))
    try directory.makeFile(Bytes(text: "all"), Bytes(text: "all \(number)"))
    try directory.makeFile(Bytes(text: "half-\(number / 2)"), Bytes(text: "half \(number)"))
    try directory.makeSymbolicLink(Bytes(text: "link"), to: Bytes(text: "to-\(number)"))
    // Not of this second: rsync -a does not set a time that is off by less than one.
    for name in try directory.names() { try directory.changeTimes(name, 1_000_000 + number, 1) }
  }

  private func limited(_ descriptors: Int, _ arguments: [String]) throws -> ProcessResult {
    let words = ["-c", "ulimit -n \(descriptors) && exec \"$0\" \"$@\"", fastsyncBinary]
    return try run("sh", words + arguments, timeoutSeconds: 300)
  }

  /// What is compared; times of directories that several sources have are those of the last to be
  /// done in either program.
  private static let aspects: TreeComparer.Aspects = [.modes, .owners, .times, .hardLinks]

  @Test(
    .enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed"),
    arguments: engines,
    [32, 64, 256]
  )
  func withFewDescriptors(_ engine: String, _ descriptors: Int) throws {
    try withSandbox { sandbox in
      let sources = try makeSources(sandbox, 150)
      let (expected, reached) = (sandbox.path("by-rsync"), sandbox.path("by-fastsync"))
      for words in [sources.map { "\($0)/" }, sources.map { "\($0)/shared" }] {
        try succeed("rsync", ["-a"] + words + ["\(expected)/"])
        for round in ["first", "second"] {
          let result = try limited(
            descriptors,
            ["-a", "--io-engine=\(engine)"] + words + [reached]
          )
          #expect(result.status == 0 && result.standardError == [], "\(result.errorText) \(round)")
          let differences = try TreeComparer.differences(expected, reached, Self.aspects)
          expectNone(differences, "\(words[0]), \(round) run")
        }
        let before = try fingerprint(reached)
        try expectFastsync(0, ["-a", "--io-engine=\(engine)"] + words + [reached])
        #expect(try fingerprint(reached) == before, "\(words[0])")
        try succeed("rm", ["-r", expected, reached])
      }
    }
  }

  @Test(.enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed"))
  func contentsAndEntriesAreMergedInTheirOrder() throws {
    try withSandbox { sandbox in
      let sources = try makeSources(sandbox, 4)
      let words = [
        "\(sources[0])/shared", "\(sources[1])/", "\(sources[2])/shared", "\(sources[3])/",
        "\(sources[2])/either", "\(sources[1])/either",
      ]
      for options in ["-a", "-lpt", "-rt"] {
        let (expected, reached) = (sandbox.path("rsync\(options)"), sandbox.path("own\(options)"))
        try succeed("rsync", [options] + words + ["\(expected)/"])
        try expectFastsync(0, [options] + words + ["\(reached)/"])
        let differences = try TreeComparer.differences(expected, reached, [.modes, .times])
        expectNone(differences, options)
      }
    }
  }

  /// A directory that cannot be read at one source keeps nobody from giving it its metadata.
  @Test(.enabled(if: isRoot, "only root can become another user"), arguments: engines)
  func oneIsUnreadable(_ engine: String) throws {
    try withSandbox { sandbox in
      let sources = try makeSources(sandbox, 3)
      try succeed("chown", ["-R", "1000:1000", sandbox.path])
      try succeed("chmod", ["0", "\(sources[1])/shared"])
      let reached = sandbox.path("by-fastsync")
      let words = ["-a", "--io-engine=\(engine)"] + sources.map { "\($0)/" } + ["\(reached)/"]
      try expectFastsync(23, words, user: 1_000, saying: ["\(sources[1])/shared: cannot open"])
      let told = try succeed("stat", ["-c", "%a %Y", "\(reached)/shared", reached]).outputText
      #expect(told.hasPrefix("750 1000000\n"), "\(told)")
      let missing = try run("test", ["-e", "\(reached)/shared/file-2"])
      #expect(missing.status == 0)
    }
  }

  /// A directory of an ordinary user that is not to be written to is open until all of its sources
  /// are done.
  @Test(.enabled(if: isRoot, "only root can become another user"), arguments: engines)
  func oneIsClosedToWriting(_ engine: String) throws {
    try withSandbox { sandbox in
      let script = """
        mkdir -p one/d/e two/d/e; echo 1 > one/d/file; echo 2 > two/d/other; echo 3 > two/d/file
        echo 4 > one/d/e/file; echo 5 > two/d/e/last; touch -hd 2020-01-01 one/d/* two/d/*
        chmod 555 one/d two/d/e; chmod 500 two/d one/d/e; chown -R 1000:1000 .; cp -a one three
        """
      try succeed("env", ["--chdir=\(sandbox.path)", "sh", "-ec", script])
      for words in [["one/", "two/"], ["one/d", "one/"], ["two/d", "one/", "three/"]] {
        for name in ["by-rsync", "by-fastsync"] {
          _ = try? run("chmod", ["-R", "u+w", sandbox.path(name)])
          _ = try? run("rm", ["-rf", sandbox.path(name)])
          try succeed("install", ["-d", "-o", "1000", sandbox.path(name)])
        }
        let (options, place) = (["-a", "--io-engine=\(engine)"], sandbox.path)
        let judge = try run("rsync", ["-a"] + words + ["by-rsync/"], directory: place, user: 1_000)
        #expect(judge.status == 0, "\(judge.errorText)")
        let result = try run(
          fastsyncBinary,
          options + words + ["by-fastsync/"],
          directory: place,
          user: 1_000
        )
        #expect(result.status == 0, "\(words): \(result.errorText)")
        let differences = try TreeComparer.differences(
          sandbox.path("by-rsync"),
          sandbox.path("by-fastsync"),
          [.modes]
        )
        expectNone(differences, "\(words)")
      }
    }
  }

  /// Directories that several sources have through links are merged as well: what the first has
  /// counts, and is copied once.
  @Test(
    .enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed"),
    arguments: ["-aL", "-ak", "-a --copy-unsafe-links"]
  )
  func directoriesBehindLinks(_ options: String) throws {
    try withSandbox { sandbox in
      let script = """
        mkdir -p outside/dir one two three/link/dir; echo 1 >outside/dir/file
        ln -s ../outside one/link; ln -s ../outside two/link; echo third >three/link/dir/file
        touch -d 2020-01-01 outside/dir/file three/link/dir/file
        """
      try succeed("env", ["--chdir=\(sandbox.path)", "sh", "-ec", script])
      for sources in [["one/", "two/"], ["two/", "three/", "one/"], ["three/", "one/"]] {
        let words = ["-i"] + options.split(separator: " ").map(String.init) + sources
        let told = try [("rsync", "expected"), (fastsyncBinary, "reached")].map { tool, target in
          let result = try run(tool, words + ["\(target)/"], directory: sandbox.path)
          #expect(result.status == 0, "\(result.errorText)")
          return result.outputText.split(separator: "\n").filter { $0.hasPrefix(">f") }
        }
        #expect(told[0] == told[1] && told[0].count == 1, "\(sources)")
        let (expected, reached) = (sandbox.path("expected"), sandbox.path("reached"))
        expectNone(try TreeComparer.differences(expected, reached, [.times]), "\(sources)")
        try succeed("rm", ["-r", expected, reached])
      }
    }
  }

  /// Without `-p` directories get what the umask leaves, also where owner or group are set and
  /// nobody is let in meanwhile; what they become is told once.
  @Test(
    .enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed"),
    .enabled(if: isRoot, "only root can give files away"),
    arguments: ["--chown=12345:1", "--chown=:1", "--groupmap=*:1"]
  )
  func newDirectoriesWithoutPermissions(_ option: String) throws {
    try withSandbox { sandbox in
      try succeed("mkdir", ["-p"] + ["one/d/e", "two/d/e", "old/d"].map { sandbox.path($0) })
      for target in ["new", "old"] {
        let told = try [("rsync", "expected"), (fastsyncBinary, "reached")].map { tool, name in
          let place = sandbox.path("\(name)-\(target)")
          if target == "old" { try succeed("cp", ["-r", sandbox.path(target), place]) }
          let words = ["-r", "-vv", option, "one/", "two/", "\(place)/"]
          let result = try run(tool, words, directory: sandbox.path)
          #expect(result.status == 0, "\(result.errorText)")
          return result.outputText.split(separator: "\n").filter { $0.hasSuffix("/") }.sorted()
        }
        #expect(told[0] == told[1], "\(target)")
        let aspects: TreeComparer.Aspects = [.modes, .owners]
        let (expected, reached) = ("expected-\(target)", "reached-\(target)")
        let differences = try TreeComparer.differences(
          sandbox.path(expected),
          sandbox.path(reached),
          aspects
        )
        expectNone(differences, target)
      }
    }
  }

  /// Directories that belong to somebody else, and need no change, are no failure.
  @Test(.enabled(if: isRoot, "only root can become another user"), arguments: engines)
  func directoriesOfOthers(_ engine: String) throws {
    try withSandbox { sandbox in
      let names = ["one/d/e", "two/d/e", "target/d/e"].map { sandbox.path($0) }
      try succeed("mkdir", ["-p"] + names)
      let words = ["-r", "--io-engine=\(engine)", sandbox.path("one/"), sandbox.path("two/")]
      try expectFastsync(0, words + [sandbox.path("target/")], user: 1_000)
    }
  }

  /// What an entry costs does not follow from the number of sources.
  @Test(.enabled(if: has("strace"), "strace is not installed"), arguments: [[], ["-n"]])
  func callsGrowWithTheEntries(_ options: [String]) throws {
    try withSandbox { sandbox in
      let sources = try makeSources(sandbox, 200).map { "\($0)/" }
      let calls = try [100, 200].map { count in
        let log = sandbox.path("log-\(count)")
        let words = ["-a", "--io-engine=sync"] + options + sources.prefix(count)
        let trace = ["-f", "-e", "trace=statx,openat,openat2,getdents64", "-o", log]
        try succeed("strace", trace + [fastsyncBinary] + words + [sandbox.path("target-\(count)")])
        return try succeed("grep", ["-c", "(", log]).outputText.prefix { $0.isNumber }
      }
      let counts = calls.map { Int($0) ?? 0 }
      #expect(counts[0] > 0 && counts[1] < counts[0] * 9 / 4, "\(counts)")
    }
  }
}
