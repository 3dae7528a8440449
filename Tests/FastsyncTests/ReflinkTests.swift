// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Where one filesystem holds both sides and can share extents, nothing needs to be copied.
@Suite(
  .serialized,
  .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
  .enabled(if: has("filefrag"), "filefrag is not installed")
)
struct ReflinkTests {
  /// Makes a source on a filesystem, and copies it beside itself.
  private func copy(
    _ kind: Filesystem,
    _ options: [String],
    expecting status: Int32 = 0
  ) throws -> (isShared: Bool, result: ProcessResult) {
    try withSandbox { sandbox in
      let mount = try kind.make(in: sandbox, as: "disk")
      let source = try sandbox.makeDirectory("disk/source")
      let contents = SeededContents(seed: testSeed)
      try contents.makeFile(1, OpenDirectory(source), Bytes(text: "file"), size: 3_000_001)
      try succeed("sync", ["-f", mount])
      let target = "\(mount)/target"
      let result = try expectFastsync(status, options + ["\(source)/", "\(target)/"])
      guard status == 0 else { return (false, result) }
      try expectSame(source, target)
      let map = try succeed("filefrag", ["-v", "\(target)/file"]).outputText
      return (map.contains("shared"), result)
    }
  }

  @Test(arguments: [Filesystem.btrfs, .xfs], engines) func sharesByItself(
    _ kind: Filesystem,
    _ engine: String
  ) throws {
    for reflink in ["auto", "always"] {
      let options = ["--io-engine=\(engine)", "--reflink=\(reflink)"]
      #expect(try copy(kind, options).isShared, "\(kind) \(options)")
    }
    #expect(try copy(kind, ["--io-engine=\(engine)"]).isShared, "\(kind), no option")
  }

  @Test(arguments: [Filesystem.btrfs, .xfs]) func neverMeansNever(_ kind: Filesystem) throws {
    #expect(try !copy(kind, ["--reflink=never"]).isShared)
  }

  @Test func withoutItAutoCopiesAndAlwaysFails() throws {
    #expect(try !copy(.ext4, ["--reflink=auto"]).isShared)
    let result = try copy(.ext4, ["--reflink=always"], expecting: 23).result
    #expect(result.errorText.contains("/file: "), "\(result.errorText)")
  }

  /// A clone has all holes and all metadata of its source, and is as independent as a copy.
  @Test(.enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed"))
  func nastyTreeOnOneFilesystem() throws {
    try withSandbox { sandbox in
      let mount = try Filesystem.btrfs.make(in: sandbox, as: "disk", megabytes: 512)
      let source = try sandbox.makeDirectory("disk/source")
      var tree = NastyTree(seed: testSeed)
      try tree.make(at: source)
      let target = "\(mount)/target"
      try expectFastsync(0, ["\(source)/", "\(target)/"])
      try expectSame(source, target, beyondRsync: NastyTree.beyondRsync)
      let file = try OpenDirectory("\(target)/sizes").openFile(Bytes(text: "size-4097"), O_WRONLY)
      defer { close(file) }
      try check(unsafe pwrite(file, [0], 1, 0), "pwrite")
      let differences = try TreeComparer.differences(source, target, [])
      #expect(differences == ["sizes/size-4097: contents from byte 0"])
    }
  }
}
