// SPDX-License-Identifier: Apache-2.0

import Glibc
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

  /// Neither `/proc` nor the calls that came in place of it.
  @Test(
    .enabled(if: CallFilter.obstacle == nil, "\(CallFilter.obstacle ?? "")"),
    arguments: [0, 1000] as [UInt32],
    [EPERM, ENOSYS]
  )
  func onAnOlderKernel(_ user: UInt32, _ code: Int32) throws {
    try withSandbox { sandbox in
      let root = try sandbox.makeDirectory("root")
      try install(root)
      let tree = try MixedTree(sandbox, seed: testSeed)
      let place = try sandbox.makeDirectory("root/place")
      try succeed("cp", ["-a", tree.new, "\(place)/source"])
      try succeed("cp", ["-a", tree.old, "\(place)/target"])
      let source = try OpenDirectory("\(place)/source")
      let link = Bytes(text: "link-with-attribute")
      if user == 0 {
        try source.makeSymbolicLink(link, to: link)
        try setAttribute(source.descriptor, link, "trusted.of-link", [1])
      }
      try source.makeFile(Bytes(text: "locked"), [1])
      try setAttribute(source.descriptor, Bytes(text: "locked"), "user.attribute", [1])
      try source.changeMode(Bytes(text: "locked"), 0o444)
      try succeed("chown", ["-hR", "\(user):\(user)", place])
      var rules = CallFilter.Rule.fail(MissingCallTests.newer, code)
      if user != 0 {
        // AT_EMPTY_PATH without the privilege, before Linux 6.10.
        rules.append(CallFilter.Rule(call: "linkat", argument: (4, 0x1000, 0x1000), error: ENOENT))
      }
      let filter = try CallFilter(rules, in: sandbox)
      let inside = ["chroot", "--userspec=\(user):\(user)", root, "/bin/fastsync"]
      let words = inside + ["/place/source/", "/place/target/"]
      let hint = "\(user) \(code) \(replay("BareRootTests"))"
      for round in ["first", "second"] {
        // What makes files readable, but no mode, is repaired by name.
        let result = try filter.run(words)
        #expect(result.status == 0, "\(result.errorText), \(round), \(hint)")
        expectNone(
          try RsyncJudge.complaints("\(place)/source", "\(place)/target", options: "-aHAXnci")
            .filter { !$0.hasPrefix("*deleting") },
          "\(round), \(hint)"
        )
        try succeed("chmod", ["600", "\(place)/target/locked"])
      }
      expectNone(try temporaryNames("\(place)/target"), hint)
      // Of what cannot be opened the mode cannot be set.
      try source.makeNode(Bytes(text: "pipe"), S_IFIFO | 0o600)
      try source.changeMode(Bytes(text: "pipe"), 0o666)
      try source.changeOwner(Bytes(text: "pipe"), user, user)
      let named = try filter.run(words)
      #expect(named.status == 23, "\(named.errorText), \(hint)")
      let told = "/place/target/pipe: cannot set permissions: Function not implemented (it takes"
      #expect(named.errorText.contains(told), "\(named.errorText), \(hint)")
    }
  }
}
