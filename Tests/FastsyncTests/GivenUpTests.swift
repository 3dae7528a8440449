// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Something below the target that cannot be written to costs no more than itself: one line, and
/// all else is copied.
@Suite(.serialized, .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"))
struct GivenUpTests {
  /// What is wrong with `b/part` at the target.
  enum Kind: String, CaseIterable, Sendable {
    case readOnlyBind, readOnlyFilesystem, readOnlySnapshot, readOnlyAtServer
    case fullFilesystem, fullSubvolume, fullProject

    /// What keeps it from being made here, or nil.
    var obstacle: String? {
      switch self {
      case .readOnlyAtServer: FaultyFilesystem.obstacle
      // There as soon as XFS is.
      case .fullProject where unsafe access("/proc/fs/xfs/xqmstat", F_OK) != 0:
        "this kernel knows no quotas of XFS"
      default: nil
      }
    }

    /// Those that can be made everywhere.
    static let usual = allCases.filter { $0 != .readOnlyAtServer && $0 != .fullProject }

    /// What the target itself is on.
    var filesystem: Filesystem {
      switch self {
      case .readOnlySnapshot, .fullSubvolume: .btrfs
      case .fullProject: .xfs
      default: .ext4
      }
    }

    var reason: String {
      switch self {
      case .fullFilesystem, .fullProject: "No space left on device"
      case .fullSubvolume: "Disk quota exceeded"
      default: "Read-only file system"
      }
    }
  }

  private static let part = "b/part"

  /// Entries of all kinds around and in `b/part`.
  private func makeSource(_ sandbox: Sandbox) throws -> String {
    let source = try sandbox.makeDirectory("source")
    let contents = SeededContents(seed: testSeed)
    for name in ["a", "b", "b/part", "b/part/deep", "c"] {
      _ = try sandbox.makeDirectory("source/\(name)")
      let directory = try OpenDirectory("\(source)/\(name)")
      for number in 0..<150 {
        let size = number % 50 == 7 ? 2_500_000 : number * 99
        try contents.makeFile(number, directory, Bytes(text: "file-\(number)"), size: size)
      }
      try directory.makeSymbolicLink(Bytes(text: "link"), to: Bytes(text: "file-1"))
      try succeed("ln", ["\(source)/\(name)/file-2", "\(source)/\(name)/name"])
    }
    return source
  }

  private func makeTarget(_ kind: Kind, _ sandbox: Sandbox) throws -> String {
    if kind == .readOnlyAtServer {
      let server = try FaultyFilesystem(in: sandbox, as: "target")
      for name in ["bound", "b"] { _ = try sandbox.makeDirectory("target.backing/\(name)") }
      let bound = "\(server.backing)/bound"
      let part = try sandbox.mount(["--bind", bound], at: "target.backing/\(Self.part)")
      try succeed("mount", ["-o", "remount,bind,ro", part])
      return server.path
    }
    let options = kind == .fullProject ? "noatime,prjquota" : "noatime"
    let target = try kind.filesystem.make(in: sandbox, as: "target", options: options)
    _ = try sandbox.makeDirectory("target/b")
    let part = "\(target)/\(Self.part)"
    switch kind {
    case .readOnlyAtServer: break
    case .readOnlyBind:
      _ = try sandbox.mount(["--bind", sandbox.makeDirectory("target/bound")], at: "target/b/part")
      try succeed("mount", ["-o", "remount,bind,ro", part])
    case .readOnlyFilesystem, .fullFilesystem:
      let other = try Filesystem.ext4.make(in: sandbox, as: "other", megabytes: 20)
      if kind == .fullFilesystem { _ = try run("dd", ["if=/dev/zero", "of=\(other)/all"]) }
      _ = try sandbox.mount(["--bind", other], at: "target/b/part")
      if kind == .readOnlyFilesystem { try succeed("mount", ["-o", "remount,ro", other]) }
    case .readOnlySnapshot:
      try succeed("btrfs", ["subvolume", "create", part])
      try succeed("btrfs", ["property", "set", part, "ro", "true"])
    case .fullProject:
      _ = try sandbox.makeDirectory("target/b/part")
      let commands = ["project -s -p \(part) 7", "limit -p bhard=256k 7"]
      try succeed("xfs_quota", ["-x"] + commands.flatMap { ["-c", $0] } + [target])
    case .fullSubvolume:
      try succeed("btrfs", ["quota", "enable", target])
      try succeed("btrfs", ["subvolume", "create", part])
      try succeed("btrfs", ["qgroup", "limit", "256k", part])
    }
    return target
  }

  /// What differs beside what cannot be written.
  private func differences(_ source: String, _ target: String) throws -> [String] {
    try TreeComparer.differences(source, target, [.archive, .hardLinks]).map { "\($0)" }
      .filter { !$0.hasPrefix(Self.part) && !$0.hasPrefix("lost+found") && !$0.hasPrefix("bound") }
  }

  /// Copies into a target with a part that cannot be written to, twice.
  private func copy(_ kind: Kind, _ engine: String, user: UInt32? = nil) throws {
    try withSandbox { sandbox in
      let source = try makeSource(sandbox)
      let target = try makeTarget(kind, sandbox)
      let part = "\(target)/\(Self.part)"
      if let user { _ = try run("chown", ["-R", "\(user):\(user)", source, target]) }
      for round in 1...2 {
        let words = ["--io-engine=\(engine)", "-aH", "\(source)/", "\(target)/"]
        let result = try expectFastsync(23, words, user: user)
        let hint = "\(kind) \(engine), round \(round): \(result.errorText)"
        let lines = result.complaints
        // Smaller files are tried as long as there is some room.
        let isTold = lines.contains {
          $0.hasPrefix("fastsync: \(part)") && $0.hasSuffix(kind.reason)
        }
        #expect(isTold, "\(hint)")
        #expect(lines.count <= (kind == .fullProject || kind == .fullSubvolume ? 4 : 2), "\(hint)")
        #expect(lines.last?.contains("not everything was copied (failures: ") == true, "\(hint)")
        #expect(lines.dropLast().allSatisfy { $0.contains(part) }, "\(hint)")
        expectNone(try differences(source, target), hint)
        expectNone(try temporaryNames(target), hint)
      }
    }
  }

  @Test(arguments: Kind.usual, engines) func oneLineAndAllElse(
    _ kind: Kind,
    _ engine: String
  ) throws {
    try copy(kind, engine)
  }

  @Test(arguments: [Kind.readOnlyBind, .fullSubvolume]) func ofAnOrdinaryUser(_ kind: Kind) throws {
    try copy(kind, "auto", user: 1000)
  }

  @Test(
    .enabled(if: Kind.fullProject.obstacle == nil, "\(Kind.fullProject.obstacle ?? "")"),
    arguments: engines
  ) func aProject(_ engine: String) throws {
    try copy(.fullProject, engine)
  }

  /// A directory that is read-only for reasons of its own, on the target's own filesystem.
  @Test(
    .enabled(if: Kind.readOnlyAtServer.obstacle == nil, "\(Kind.readOnlyAtServer.obstacle ?? "")"),
    arguments: engines
  ) func aDirectory(_ engine: String) throws {
    try copy(.readOnlyAtServer, engine)
  }

  /// Where nothing is to be written it does not matter.
  @Test func whatIsAsItShouldBe() throws {
    try withSandbox { sandbox in
      let source = try makeSource(sandbox)
      let target = try makeTarget(.readOnlyBind, sandbox)
      let part = "\(target)/\(Self.part)"
      try succeed("mount", ["-o", "remount,bind,rw", part])
      try expectFastsync(0, ["-aH", "\(source)/", "\(target)/"])
      try succeed("mount", ["-o", "remount,bind,ro", part])
      try expectFastsync(0, ["-aH", "\(source)/", "\(target)/"])
      try succeed("touch", (3...5).map { "\(source)/\(Self.part)/file-\($0)" })
      let words = ["\(part): ", "(failures: 3)"]
      try expectFastsync(23, ["-aH", "\(source)/", "\(target)/"], saying: words)
      // A single name is no more than that.
      let file = "\(target)/c/file-9"
      try succeed("mount", ["-o", "bind,ro", file, file])
      defer { _ = try? run("umount", [file]) }
      try succeed("chmod", ["600", "\(source)/c/file-9"])
      let told = "fastsync: \(file): cannot set permissions: Read-only file system\n"
      try expectFastsync(23, ["-aH", "\(source)/c", "\(target)/"], saying: [told])
    }
  }

  /// What `--min-free` asks for is asked of each filesystem.
  @Test(arguments: engines) func lessThanIsToStayFree(_ engine: String) throws {
    try withSandbox { sandbox in
      let source = try makeSource(sandbox)
      let target = try makeTarget(.readOnlyFilesystem, sandbox)
      try succeed("mount", ["-o", "remount,rw", "\(target)/\(Self.part)"])
      let options = ["--io-engine=\(engine)", "--min-free=19M", "-aH"]
      let told =
        "\(target)/\(Self.part): not copied, since less than 19922944 bytes would stay free\n"
      let result = try expectFastsync(23, options + ["\(source)/", "\(target)/"], saying: [told])
      #expect(result.complaints.count == 2, "\(result.errorText)")
      expectNone(try differences(source, target), engine)
    }
  }

  /// ext4 turns read-only when it finds an error; here it is told that there is one.
  @Test(arguments: engines) func whatTurnsReadOnly(_ engine: String) throws {
    try withSandbox { sandbox in
      let source = try makeSource(sandbox)
      let contents = SeededContents(seed: testSeed)
      let many = try OpenDirectory("\(source)/\(Self.part)/deep")
      for number in 200..<3_000 {
        try contents.makeFile(number, many, Bytes(text: "file-\(number)"), size: 5_000)
      }
      let target = try Filesystem.xfs.make(in: sandbox, as: "target")
      _ = try sandbox.makeDirectory("target/b")
      let other = try Filesystem.ext4.make(
        in: sandbox,
        as: "other",
        options: "noatime,errors=remount-ro"
      )
      let part = try sandbox.mount(["--bind", other], at: "target/\(Self.part)")
      let words = ["--io-engine=\(engine)", "--memory=64K", "--durability=none", "-aH"]
      let process = try RunningProcess(
        fastsyncBinary,
        rawArguments: (words + ["\(source)/", "\(target)/"]).map { Bytes(text: $0) }
      )
      try #require(
        process.stop { _ in ((try? OpenDirectory("\(part)/deep").names().count) ?? 0) > 100 }
      )
      let device =
        try succeed("findmnt", ["-no", "SOURCE", other]).outputText
        .split(separator: "/").last?.prefix { $0 != "\n" && $0 != "[" } ?? ""
      let trigger = "/sys/fs/ext4/\(device)/trigger_fs_error"
      try succeed("sh", ["-c", "echo 1 >\(trigger)"])
      process.send(SIGCONT)
      let result = try process.wait()
      let hint = "\(engine): \(result.errorText)"
      #expect(result.status == 23, "\(hint)")
      let lines = result.complaints
      #expect(lines.count == 2 && lines.first?.hasPrefix("fastsync: \(part)") == true, "\(hint)")
      #expect(lines.first?.hasSuffix("Read-only file system") == true, "\(hint)")
      expectNone(try differences(source, target), hint)
    }
  }

  /// The target's own filesystem is all there is.
  @Test(arguments: engines) func theTargetItself(_ engine: String) throws {
    try withSandbox { sandbox in
      let source = try makeSource(sandbox)
      for kind in [Kind.readOnlyFilesystem, .fullFilesystem, .readOnlySnapshot, .readOnlyBind] {
        let name = "at-\(kind)"
        try withSandbox { other in
          let target = try makeTarget(kind, other)
          let words = ["--io-engine=\(engine)", "-aH", "\(source)/", "\(target)/\(Self.part)/"]
          let result = try expectFastsync(11, words, saying: [kind.reason], hint: name)
          let lines = result.complaints
          #expect(lines.count == 2, "\(name) \(result.errorText)")
        }
      }
    }
  }
}
