// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A filesystem that is gone in the middle of a run ends it, with one line.
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

  private func makeTree(_ path: String) throws {
    let directory = try OpenDirectory(path)
    let contents = SeededContents(seed: testSeed)
    for number in 0..<3_000 {
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
      try succeed("sh", ["-c", "echo 3 >/proc/sys/vm/drop_caches"])
    case .server:
      try check(Glibc.kill(server, SIGKILL), "kill")
    }
  }

  private func run(_ row: Row, _ engine: String) throws {
    try withSandbox { sandbox in
      var server: pid_t = 0
      func make(_ name: String, isDying: Bool) throws -> String {
        guard row.kind == nil else {
          return try (row.kind ?? .ext4).make(in: sandbox, as: name, megabytes: 500)
        }
        guard isDying else { return try sandbox.makeDirectory(name) }
        let made = try FaultyFilesystem(in: sandbox, as: name)
        server = made.server
        return made.path
      }
      let source = try make("source", isDying: row.isSource)
      let target = try make("target", isDying: !row.isSource)
      try makeTree(source)
      if row.death == .disk { try succeed("sh", ["-c", "echo 3 >/proc/sys/vm/drop_caches"]) }
      // Names are to be seen while the run goes on.
      let options = ["--io-engine=\(engine)", "--memory=64K", "-rt", "--durability=none"]
      let words = options + ["\(source)/", "\(target)/"]
      let process = try RunningProcess(fastsyncBinary, rawArguments: words.map { Bytes(text: $0) })
      let listing = try OpenDirectory(target)
      try #require(process.stop { _ in ((try? listing.names().count) ?? 0) > 100 })
      let dying = row.isSource ? "source" : "target"
      let image = sandbox.path("\(dying).img")
      try kill(sandbox.path(dying), row.death, image: image, server: server)
      process.send(SIGCONT)
      let result = try process.wait()
      let told = result.errorText
      #expect(result.status == 11, "\(told)")
      let line = "fastsync: \(sandbox.path(dying)): the filesystem or its disk does not answer: "
      #expect(told.hasPrefix(line), "\(told)")
      #expect(told.split(separator: "\n").count == 2, "\(told)")
      #expect(told.contains("\nfastsync: stopped before everything was copied"), "\(told)")
    }
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
