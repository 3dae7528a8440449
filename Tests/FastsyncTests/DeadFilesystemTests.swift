// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

/// A filesystem that is gone in the middle of a run costs one line: it ends the run where it is an
/// operand's own, and below an operand all else is copied.
@Suite(.serialized, .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"))
struct DeadFilesystemTests {
  /// How a filesystem goes.
  enum Death: String, Sendable {
    /// It is shut down, as when its journal cannot be written or its disk is pulled out.
    case shutdown
    /// Every read of its disk fails, and it does not notice.
    case disk
    /// Its server is killed.
    case server
  }

  struct Row: Sendable, CustomTestStringConvertible {
    let kind: Filesystem?
    let isSource: Bool
    let death: Death
    var testDescription: String {
      "\(kind?.rawValue ?? "fuse") \(isSource ? "source" : "target") \(death.rawValue)"
    }
  }

  static let rows = [
    Row(kind: .ext4, isSource: true, death: .shutdown),
    Row(kind: .ext4, isSource: false, death: .shutdown),
    Row(kind: .xfs, isSource: true, death: .shutdown),
    Row(kind: .xfs, isSource: false, death: .shutdown),
    Row(kind: .ext4, isSource: true, death: .disk),
    Row(kind: .btrfs, isSource: true, death: .disk),
  ]
  static let served = [
    Row(kind: nil, isSource: true, death: .server),
    Row(kind: nil, isSource: false, death: .server),
  ]

  private func makeTree(_ path: String, files: Int = 3_000) throws {
    let directory = try OpenDirectory(path)
    let contents = SeededContents(seed: testSeed)
    for number in 0..<files {
      let size = number % 50 == 0 ? 2_000_000 : 1_000
      try contents.makeFile(number, directory, Bytes(text: "file-\(number)"), size: size)
    }
    try succeed("sync", ["--file-system", path])
  }

  private func kill(_ point: String, _ death: Death, image: String, server: pid_t) throws {
    switch death {
    case .shutdown:
      // XFS_IOC_GOINGDOWN, which ext4 has as EXT4_IOC_SHUTDOWN: without writing anything.
      var flags: UInt32 = 2
      let directory = try OpenDirectory(point)
      let result = unsafe withUnsafeMutablePointer(to: &flags) { flags in
        unsafe ioctl(directory.descriptor, 0x8004_587d, flags)
      }
      try check(result, "ioctl", Bytes(text: point))
    case .disk:
      try succeed("truncate", ["-s", "0", image])
      try dropCaches()
    case .server:
      try check(Glibc.kill(server, SIGKILL), "kill")
    }
  }

  private func dropCaches() throws {
    try PageCache.dropped { try succeed("sh", ["-c", "echo 3 >/proc/sys/vm/drop_caches"]) }
  }

  /// Makes what is to die.
  ///
  /// - Returns: The process that serves it, if one does.
  private func makeDying(_ row: Row, _ sandbox: Sandbox, as name: String) throws -> pid_t {
    guard let kind = row.kind else { return try FaultyFilesystem(in: sandbox, as: name).server }
    _ = try kind.make(in: sandbox, as: name, megabytes: 500)
    return 0
  }

  /// Copies, and has a filesystem die when a directory of the target has some names.
  private func copy(
    _ row: Row,
    _ sandbox: Sandbox,
    dying: String,
    server: pid_t,
    below: String = "",
    _ engine: String
  ) throws -> ProcessResult {
    if row.death == .disk { try dropCaches() }
    let (source, target) = (sandbox.path("source"), sandbox.path("target"))
    // Names are to be seen while the run goes on.
    let options = ["--io-engine=\(engine)", "--memory=64K", "-rt", "--durability=none"]
    let words = options + ["\(source)/", "\(target)/"]
    let process = try RunningProcess(fastsyncBinary, rawArguments: words.map { Bytes(text: $0) })
    try #require(
      process.stop { _ in
        let names = try? OpenDirectory("\(target)/\(below)").names()
        return (names?.count ?? 0) > 100
      }
    )
    try kill(sandbox.path(dying), row.death, image: sandbox.path("\(dying).img"), server: server)
    process.send(SIGCONT)
    return try process.wait()
  }

  private func run(_ row: Row, _ engine: String) throws {
    try withSandbox { sandbox in
      let dying = row.isSource ? "source" : "target"
      let server = try makeDying(row, sandbox, as: dying)
      let other = row.isSource ? "target" : "source"
      if let kind = row.kind {
        _ = try kind.make(in: sandbox, as: other, megabytes: 500)
      } else {
        _ = try sandbox.makeDirectory(other)
      }
      try makeTree(sandbox.path("source"))
      let result = try copy(row, sandbox, dying: dying, server: server, engine)
      let told = result.errorText
      #expect(result.status == 11, "\(told)")
      let line = "fastsync: \(sandbox.path(dying)): the filesystem or its disk does not answer: "
      #expect(told.hasPrefix(line), "\(told)")
      #expect(told.split(separator: "\n").count == 2, "\(told)")
      #expect(told.contains("\nfastsync: stopped before everything was copied"), "\(told)")
    }
  }

  /// The same, mounted in the middle of what is copied.
  private func runBelow(_ row: Row, _ engine: String) throws {
    try withSandbox { sandbox in
      for name in ["source", "target"] {
        for below in ["", "/a", "/below", "/z"] {
          _ = try sandbox.makeDirectory("\(name)\(below)")
        }
      }
      let server = try makeDying(row, sandbox, as: "dying")
      let side = row.isSource ? "source" : "target"
      try succeed("rmdir", [sandbox.path("\(side)/below")])
      let below = try sandbox.mount(["--bind", sandbox.path("dying")], at: "\(side)/below")
      try makeTree(sandbox.path("source/below"))
      for name in ["a", "z"] { try makeTree(sandbox.path("source/\(name)"), files: 500) }
      let result = try copy(row, sandbox, dying: "dying", server: server, below: "below", engine)
      let told = result.errorText
      #expect(result.status == 23, "\(told)")
      let line = "fastsync: \(below): the filesystem or its disk does not answer: "
      #expect(told.hasPrefix(line), "\(told)")
      #expect(told.split(separator: "\n").count == 2, "\(told)")
      #expect(told.contains("\nfastsync: not everything was copied (failures: "), "\(told)")
      for name in ["a", "z"] {
        let trees = (sandbox.path("source/\(name)"), sandbox.path("target/\(name)"))
        expectNone(try TreeComparer.differences(trees.0, trees.1, .times), "\(row) \(engine)")
      }
    }
  }

  @Test(arguments: rows, engines) func aDiskBelow(_ row: Row, _ engine: String) throws {
    try runBelow(row, engine)
  }

  @Test(
    .enabled(if: FaultyFilesystem.obstacle == nil, "\(FaultyFilesystem.obstacle ?? "")"),
    arguments: served,
    engines
  ) func aServerBelow(_ row: Row, _ engine: String) throws {
    try runBelow(row, engine)
  }

  @Test(arguments: rows, engines) func aDisk(_ row: Row, _ engine: String) throws {
    try run(row, engine)
  }

  @Test(
    .enabled(if: FaultyFilesystem.obstacle == nil, "\(FaultyFilesystem.obstacle ?? "")"),
    arguments: served,
    engines
  ) func aServer(_ row: Row, _ engine: String) throws {
    try run(row, engine)
  }
}
