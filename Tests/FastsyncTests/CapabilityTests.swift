// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// The kernel takes the capabilities of a file away with its owner or group, also those that are
/// right.
@Suite(
  .enabled(if: geteuid() == 0, "only root can give files away"),
  .enabled(if: has("setcap"), "setcap is not installed")
)
struct CapabilityTests {
  /// What getcap says of a file, without its name.
  private func capabilities(_ path: String) throws -> String {
    let line = try run("getcap", [path]).outputText
    return String(line.dropFirst(path.count))
  }

  /// Makes a file with capabilities, and the same at the target.
  private func withFile(_ body: (Sandbox, _ source: String, _ target: String) throws -> Void) throws
  {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      try succeed("cp", ["/bin/true", "\(source)/tool"])
      try succeed("setcap", ["cap_net_raw+p", "\(source)/tool"])
      try succeed("setfattr", ["-n", "user.note", "-v", "text", "\(source)/tool"])
      try expectFastsync(0, ["\(source)/", "\(target)/"])
      try body(sandbox, source, target)
    }
  }

  @Test(arguments: ["1234:0", "0:1234", "1234:5678"], ["uring", "sync"])
  func stayWhereOnlyTheOwnerIsRepaired(_ owner: String, _ engine: String) throws {
    try withFile { _, source, target in
      try succeed("chown", [owner, "\(target)/tool"])
      try succeed("setcap", ["cap_net_raw+p", "\(target)/tool"])
      try expectFastsync(0, ["--io-engine=\(engine)", "\(source)/", "\(target)/"])
      let found = try capabilities("\(target)/tool")
      #expect(try found == capabilities("\(source)/tool") && found.contains("cap_net_raw"))
      try expectSame(source, target)
    }
  }

  @Test func areRepairedWithTheOwner() throws {
    try withFile { _, source, target in
      // Which takes them away.
      try succeed("chown", ["1234", "\(target)/tool"])
      try expectFastsync(0, ["\(source)/", "\(target)/"])
      try expectSame(source, target)
    }
  }

  @Test func areKeptByEveryNameOfTheFile() throws {
    try withFile { _, source, target in
      try succeed("ln", ["\(source)/tool", "\(source)/other"])
      try expectFastsync(0, ["\(source)/", "\(target)/"])
      try succeed("chown", ["1234", "\(target)/tool"])
      try succeed("setcap", ["cap_net_raw+p", "\(target)/tool"])
      try expectFastsync(0, ["\(source)/", "\(target)/"])
      try expectSame(source, target)
    }
  }

  /// rsync's options leave the others out for an ordinary user; what was not asked for stays as
  /// it is.
  @Test func areNobodysBusinessWithoutX() throws {
    try withFile { _, source, target in
      try succeed("chown", ["1234", "\(target)/tool"])
      try expectFastsync(0, ["-a", "\(source)/", "\(target)/"])
      #expect(try capabilities("\(target)/tool").isEmpty)
    }
  }
}

/// Without CAP_FSETID the kernel takes setgid away from who is not in the group of what he changes,
/// and says nothing; rsync does not notice, and is no judge here.
@Suite(
  .enabled(if: geteuid() == 0, "only root can give files away"),
  .enabled(if: has("setpriv"), "setpriv is not installed")
)
struct SetgidTests {
  private static let withoutPrivilege = [
    "--bounding-set=-fsetid", "--inh-caps=-fsetid", "--clear-groups", fastsyncBinary,
  ]

  private func permissions(_ path: String) throws -> String {
    String(try succeed("stat", ["--format=%a %g", path]).outputText.dropLast())
  }

  /// Entries with setuid and setgid of a group that root is not in, and of its own.
  private func makeTree(_ sandbox: Sandbox) throws -> String {
    let source = try sandbox.makeDirectory("source")
    for (name, group, mode) in [
      ("foreign", 1234, "2755"), ("both", 1234, "6755"), ("setuid", 1234, "4755"),
      ("own", 0, "2755"), ("plain", 1234, "755"),
    ] {
      try OpenDirectory(source).makeFile(Bytes(text: name), [1, 2, 3])
      try succeed("chgrp", ["\(group)", "\(source)/\(name)"])
      try succeed("chmod", [mode, "\(source)/\(name)"])
    }
    try succeed(
      "sh",
      ["-c", "cd \(source) && mkdir directory && mkfifo fifo && chgrp 1234 d* fifo"]
    )
    try succeed("chmod", ["2775", "\(source)/directory", "\(source)/fifo"])
    return source
  }

  private static let lost = [
    ("foreign", "2755"), ("both", "6755"), ("directory", "2775"), ("fifo", "2775"),
  ]

  @Test(arguments: engines) func isToldWhereItIsLost(_ engine: String) throws {
    try withSandbox { sandbox in
      let source = try makeTree(sandbox)
      let target = sandbox.path("target")
      let words = ["-vi", "--io-engine=\(engine)", "\(source)/", "\(target)/"]
      for round in 1...2 {
        let result = try run("setpriv", Self.withoutPrivilege + words)
        #expect(result.status == 23, "\(result.errorText)")
        let lines = result.complaints
        for (name, mode) in Self.lost {
          let told = "\(target)/\(name): cannot set setgid: Operation not permitted"
          #expect(lines.count { $0.hasSuffix(told) } == 1, "\(name): \(lines)")
          let left = String(mode.first == "6" ? "4" : "") + mode.dropFirst()
          #expect(try permissions("\(target)/\(name)") == "\(left) 1234", "\(name)")
        }
        #expect(lines.count == Self.lost.count + 1, "\(lines)")
        for name in ["setuid", "own", "plain"] {
          let same = try permissions("\(source)/\(name)")
          #expect(try permissions("\(target)/\(name)") == same, "\(name)")
        }
        let isSame = result.listing.isEmpty
        #expect(isSame == (round == 2), "\(result.outputText)")
      }
      // Whoever may do it finds it to be done.
      try expectFastsync(0, Array(words.dropFirst()))
      try expectSame(source, target)
    }
  }

  /// A directory that is opened for the moment loses it by that.
  @Test(arguments: engines) func ofAClosedDirectory(_ engine: String) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      try OpenDirectory(source).makeFile(Bytes(text: "file"), [1])
      try succeed("chown", ["65534:1234", target])
      try succeed("chmod", ["2555", target])
      let words = ["-rt", "--io-engine=\(engine)", "\(source)/file", "\(target)/"]
      try expectFastsync(23, words, user: 65534, saying: ["target: cannot set setgid: "])
      #expect(try permissions(target) == "555 1234")
    }
  }
}

/// Attributes that cannot be read are told by every run, and are no change.
@Suite(.enabled(if: geteuid() == 0, "only root can give files away"))
struct UnreadableAttributeTests {
  @Test(arguments: ["-naX", "-aX"]) func areToldAndNotCounted(_ options: String) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      try succeed("sh", ["-c", "echo x >\(source)/f; setfattr -n user.a -v 1 \(source)/f"])
      try succeed(
        "sh",
        ["-c", "cp -p \(source)/f \(target)/f; setfattr -n user.a -v 1 \(target)/f"]
      )
      try succeed("chmod", ["600", "\(source)/f", "\(target)/f"])
      try succeed("chown", ["-R", "65534", target])
      try succeed("touch", ["-r", "\(source)/f", "\(target)/f"])
      for _ in 0..<2 {
        let result = try run(
          fastsyncBinary,
          [options, "-v", "\(source)/f", "\(target)/"],
          user: 65534
        )
        #expect(result.status == 23)
        #expect(result.errorText.contains("f: cannot read attribute user.a: Permission denied"))
        #expect(!result.outputText.split(separator: "\n").contains("f"), "it did not change")
      }
    }
  }
}
