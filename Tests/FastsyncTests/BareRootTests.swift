// SPDX-License-Identifier: Apache-2.0

import SystemPackage
import Testing

/// The installed command in a root directory that has nothing else: no libraries, no `/proc`.
@Suite(
  .enabled(if: isRoot, "only root can change the root directory"),
  .enabled(if: isShipped, "only the release binary is linked whole (set FASTSYNC_BINARY)"),
  .enabled(if: has("make") && has("strip"), "make or strip is not installed")
)
struct BareRootTests {
  /// Installs the command into a directory, as `make install` does.
  private func install(_ root: String) throws {
    let project = packageFolder
    let variables = ["DESTDIR=\(root)", "PREFIX=", "BINARY=\(fastsyncBinary)"]
    try succeed("make", ["--no-print-directory", "-C", project.string, "install"] + variables)
  }

  private func runInside(_ root: String, _ arguments: [String], user: UInt32 = 0) throws
    -> ProcessResult
  {
    let words = ["--userspec=\(user):\(user)", root, "/bin/fastsync"]
    return try run("chroot", words + arguments, environment: ["SWIFT_BACKTRACE": "enable=tty"])
  }

  @Test func isInstalledWholeAndStripped() throws {
    try withSandbox { sandbox in
      let root = try sandbox.makeDirectory("root")
      try install(root)
      let files = try succeed("find", [root, "-type", "f", "-printf", "%P %m\\n"]).outputText
      #expect(
        Set(files.split(separator: "\n")) == [
          "bin/fastsync 755", "share/man/man1/fastsync.1 644",
          "share/bash-completion/completions/fastsync 644",
          "share/zsh/site-functions/_fastsync 644",
          "share/fish/vendor_completions.d/fastsync.fish 644",
        ]
      )
      let sections = try succeed("readelf", ["-SW", "\(root)/bin/fastsync"]).outputText
      for name in [".symtab", ".debug_", ".interp"] { #expect(!sections.contains(" \(name)")) }
    }
  }

  @Test(arguments: engines) func copiesWhatThereIs(_ engine: String) throws {
    try withSandbox { sandbox in
      let root = try sandbox.makeDirectory("root")
      try install(root)
      var tree = NastyTree(seed: testSeed)
      let source = try sandbox.makeDirectory("root/source")
      try tree.make(at: source)
      let hint = "--io-engine=\(engine), \(replay("BareRootTests"))"
      for round in ["first", "second"] {
        let result = try runInside(root, ["--io-engine=\(engine)", "/source/", "/target/"])
        #expect(result.status == 0 && result.standardError == [], "\(result) \(round), \(hint)")
        try expectSame(
          source,
          sandbox.path("root/target"),
          beyondRsync: NastyTree.beyondRsync,
          hint: "\(round), \(hint)"
        )
      }
      expectNone(try temporaryNames(sandbox.path("root/target")), hint)
    }
  }

  /// Words are bytes there as well, and what is wrong with them is said.
  @Test func takesItsWords() throws {
    try withSandbox { sandbox in
      let root = try sandbox.makeDirectory("root")
      try install(root)
      #expect(try runInside(root, ["--version"]).outputText.hasPrefix("fastsync "))
      let wrong = try runInside(root, ["-a", "/bin/fast sync", "/x"])
      #expect(wrong.status == 23 && wrong.errorText.contains("/bin/fast sync"), "\(wrong)")
      let words = [root, "/bin/fastsync"].map { Array($0.utf8) }
      let raw = try run("chroot", rawArguments: words + [[0xff, 0x3a], [0x61]])
      #expect(raw.status == 4 && raw.standardError.contains(0xff), "\(raw)")
    }
  }

  /// An ordinary user has to name what was written without a name; Linux before 6.10 lets it do so
  /// through `/proc` alone.
  @Test(arguments: engines) func copiesForAnOrdinaryUser(_ engine: String) throws {
    try withSandbox { sandbox in
      let root = try sandbox.makeDirectory("root")
      try install(root)
      let tree = try MixedTree(sandbox, seed: testSeed)
      let place = try sandbox.makeDirectory("root/place")
      try succeed("cp", ["-a", tree.new, "\(place)/source"])
      try succeed("cp", ["-a", tree.old, "\(place)/target"])
      try succeed("chown", ["-hR", "1000:1000", place])
      let words = ["--io-engine=\(engine)", "/place/source/", "/place/target/"]
      let result = try runInside(root, words, user: 1000)
      let hint = "--io-engine=\(engine), \(replay("BareRootTests"))"
      #expect(result.status == 0 && result.standardError == [], "\(result.errorText) \(hint)")
      // What only the old tree has stays.
      expectNone(
        try RsyncJudge.complaints(
          "\(place)/source",
          "\(place)/target",
          options: "-aHAXnci"
        ).filter { !$0.hasPrefix("*deleting") },
        hint
      )
    }
  }
}
