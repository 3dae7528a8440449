// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A target that is mounted below the source, as where a running system is moved to another disk:
/// a run that stays on the source's filesystem does not come to it.
@Suite(
  .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
  .enabled(if: RsyncJudge.obstacle == nil, "\(RsyncJudge.obstacle ?? "")")
)
struct TargetBelowSourceTests {
  /// A root directory in memory, with something mounted in it that is not to be copied.
  private func makeRoot(_ sandbox: Sandbox) throws -> String {
    let root = try sandbox.mount(["-t", "tmpfs", "tmpfs"], at: "root")
    for name in ["mnt", "bin"] { _ = try sandbox.makeDirectory("root/\(name)") }
    let tree = try MixedTree(sandbox, seed: testSeed)
    try succeed("cp", ["-a", tree.new, "\(root)/home"])
    try succeed("cp", [fastsyncBinary, "\(root)/bin/fastsync"])
    let other = try sandbox.mount(["-t", "tmpfs", "tmpfs"], at: "root/proc")
    try OpenDirectory(other).makeFile(Bytes(text: "on another"), [1])
    return root
  }

  private func makeTarget(_ kind: Filesystem, _ sandbox: Sandbox, _ name: String) throws -> String {
    let path = try kind.make(in: sandbox, as: "root/mnt/\(name)")
    try check(unsafe unlink("\(path).img"), "unlink")
    // The targets are compared, and each mkfs has a time of its own.
    if kind == .ext4 { try succeed("rmdir", ["\(path)/lost+found"]) }
    return path
  }

  /// Copies in turns with rsync, since each target's own root is a part of what the other copies,
  /// and compares.
  private func compare(
    _ root: String,
    _ target: String,
    _ judge: String,
    hint: String,
    copy: (_ options: [String]) throws -> ProcessResult
  ) throws {
    for round in 1...3 {
      let result = try copy(["-aHAXx"])
      #expect(
        result.status == 0 && result.errorText.isEmpty,
        "\(hint), round \(round): \(result.errorText)"
      )
      // In nanoseconds, as everything here.
      try succeed("rsync", ["-aHAXx", "--modify-window=-1", "\(root)/", "\(judge)/"])
    }
    expectNone(try TreeComparer.differences(judge, target, .all), hint)
    expectNone(try RsyncJudge.complaints(root, target, options: "-aHAXxnci"), hint)
    expectNone(try temporaryNames(target), hint)
  }

  @Test(arguments: Filesystem.allCases, engines)
  func aMountPointArrivesEmpty(_ kind: Filesystem, _ engine: String) throws {
    try withSandbox { sandbox in
      let root = try makeRoot(sandbox)
      let (target, judge) = try (
        makeTarget(kind, sandbox, "new"), makeTarget(kind, sandbox, "judge")
      )
      let operands = ["--io-engine=\(engine)", "\(root)/", "\(target)/"]
      try expectFastsync(0, ["-aHAXxn"] + operands)
      try compare(root, target, judge, hint: "\(kind) \(engine)") { try fastsync($0 + operands) }
      for name in ["proc", "mnt/new", "mnt/judge"] {
        #expect(try OpenDirectory("\(target)/\(name)").names().isEmpty, "\(name)")
      }
    }
  }

  /// The target's own root arrives as it was before it became a copy of the source.
  @Test(arguments: engines) func theMountPointIsAsItWas(_ engine: String) throws {
    try withSandbox { sandbox in
      let root = try makeRoot(sandbox)
      let options = ["-t", "tmpfs", "-o", "mode=1777,uid=1,gid=2", "tmpfs"]
      for name in ["new", "judge"] {
        let path = try sandbox.mount(options, at: "root/mnt/\(name)")
        try succeed("touch", ["-d", "@1000", path])
      }
      func look(_ path: String) throws -> String {
        try succeed("stat", ["-c", "%a %u %g %Y", "\(root)/mnt/\(path)"]).outputText
      }
      let before = try look("new")
      let words = ["--io-engine=\(engine)", "-aHAXx", "\(root)/", "\(root)/mnt/new/"]
      try expectFastsync(0, words)
      #expect(try look("new/mnt/new") == before)
      try succeed("rsync", ["-aHAXx", "\(root)/", "\(root)/mnt/judge/"])
      #expect(try look("judge/mnt/judge") == before)
      #expect(try look("new/mnt/judge") == before)
    }
  }

  /// The root directory itself, from within.
  @Test(
    .enabled(if: isShipped, "only the release binary is linked whole (set FASTSYNC_BINARY)"),
    arguments: engines
  ) func theRootDirectory(_ engine: String) throws {
    try withSandbox { sandbox in
      let root = try makeRoot(sandbox)
      let (target, judge) = try (
        makeTarget(.ext4, sandbox, "new"), makeTarget(.ext4, sandbox, "judge")
      )
      try compare(root, target, judge, hint: engine) { options in
        let words = ["/bin/fastsync", "--io-engine=\(engine)"] + options + ["/", "/mnt/new"]
        return try run("chroot", [root] + words)
      }
      // What was copied is a root directory to start from.
      let inside = try run("chroot", [target, "/bin/fastsync", "-a", "/home/", "/again/"])
      #expect(inside.status == 0, "\(inside.errorText)")
      try expectSame("\(root)/home", "\(target)/again", .archive)
    }
  }

  /// Subvolumes of one btrfs are filesystems of their own to whoever stays on one.
  @Test(arguments: engines) func aSubvolumeArrivesEmpty(_ engine: String) throws {
    try withSandbox { sandbox in
      let root = try Filesystem.btrfs.make(in: sandbox, as: "root")
      let tree = try MixedTree(sandbox, seed: testSeed)
      try succeed("cp", ["-a", tree.new, "\(root)/home"])
      let (target, judge) = ("\(root)/new", "\(root)/judge")
      for path in [target, judge] { try succeed("btrfs", ["subvolume", "create", path]) }
      let operands = ["--io-engine=\(engine)", "\(root)/", "\(target)/"]
      try compare(root, target, judge, hint: engine) { try fastsync($0 + operands) }
      #expect(try OpenDirectory("\(target)/new").names().isEmpty)
    }
  }

  /// What would never end is refused, and what to do is said.
  @Test func isRefusedWhereARunWouldComeToIt() throws {
    try withSandbox { sandbox in
      let root = try makeRoot(sandbox)
      let target = try makeTarget(.ext4, sandbox, "new")
      let before = try fingerprint(root)
      let inside = "target lies inside the source"
      let other = "\(inside), on another filesystem, which -x leaves out\n"
      for words in [["-a", "\(root)/", target], ["-a", root, "\(target)/below"], [root, target]] {
        try expectFastsync(3, words, saying: [other])
      }
      for words in [["-ax", "\(root)/", "\(root)/mnt"], ["-ax", root, "\(root)/mnt/below/"]] {
        try expectFastsync(3, words, saying: ["\(inside)\n"])
      }
      // The filesystem of this source is the target's own.
      try expectFastsync(3, ["-ax", "\(root)/bin/", "\(target)/", "\(target)/x"], saying: [inside])
      #expect(try fingerprint(root) == before)
    }
  }
}
