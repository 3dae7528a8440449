// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A target that cannot take more ends the run: exit 11, nothing half done, and a reason.
@Suite(
  .serialized,
  .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")")
)
struct StoppedRunTests {
  /// Small files around one that is larger than the target.
  private func makeSource(_ sandbox: Sandbox) throws -> String {
    let path = try sandbox.makeDirectory("source")
    let source = try OpenDirectory(path)
    let contents = SeededContents(seed: testSeed)
    for number in 0..<10 {
      let size = number == 5 ? 40 << 20 : 100_000
      try contents.makeFile(number, source, Bytes(text: "file-\(number)"), size: size)
    }
    return path
  }

  /// Every file at the target is whole, and there is nothing else.
  private func expectWhole(_ target: String, of source: String, _ hint: String) throws {
    let (sourceFiles, targetFiles) = try (OpenDirectory(source), OpenDirectory(target))
    for name in try targetFiles.names() where name != Bytes(text: "lost+found") {
      let isWhole = try haveSameContents(sourceFiles, name, targetFiles, name)
      #expect(isWhole, "\(name.shown), \(hint)")
    }
    expectNone(try temporaryNames(target), hint)
  }

  @Test(arguments: engines, [false, true]) func fullDisk(
    _ engine: String,
    _ isUpdate: Bool
  ) throws {
    try withSandbox { sandbox in
      let hint = "--io-engine=\(engine)"
      let source = try makeSource(sandbox)
      let target = try Filesystem.ext4.make(in: sandbox, as: "target", megabytes: 20)
      let large = Bytes(text: "file-5")
      if isUpdate { try OpenDirectory(target).makeFile(large, [1]) }
      let arguments = [hint, "\(source)/", "\(target)/"]
      // The one that is too large, or one that found no room beside it.
      let words = ["target/file-", "No space left on device"]
      try expectFastsync(11, arguments, saying: words, hint: hint)
      if isUpdate {
        let status = try OpenDirectory(target).status(large)
        #expect(status.st_size == 1, "the old contents are gone, \(hint)")
        try check(unsafe unlink("\(target)/file-5"), "unlink")
      }
      try expectWhole(target, of: source, hint)
      // The room that it took is free again: a small enough tree fits in.
      try check(unsafe unlink("\(source)/file-5"), "unlink")
      try succeed("rm", ["-rf", "\(target)/lost+found"])
      try expectFastsync(0, arguments, hint: hint)
      try expectSame(source, target, hint: hint)
    }
  }

  /// A file that is begun again, since its source cannot be read without the cache, has its space
  /// already.
  @Test(arguments: engines, ["--jobs=1", "--jobs=2"])
  func whatIsBegunAgainFits(_ engine: String, _ jobs: String) throws {
    try withSandbox { sandbox in
      let source = try sandbox.mount(["-t", "tmpfs", "tmpfs"], at: "source")
      let target = try sandbox.mount(["-t", "tmpfs", "-o", "size=8m", "tmpfs"], at: "target")
      let contents = SeededContents(seed: testSeed)
      for number in 0..<2 {
        let name = Bytes(text: "file-\(number)")
        try contents.makeFile(number, try OpenDirectory(source), name, size: 3 << 20)
      }
      try expectFastsync(0, ["--io-engine=\(engine)", jobs, "\(source)/", "\(target)/copy/"])
      try expectSame(source, "\(target)/copy")
    }
  }

  /// All inodes taken: names cannot be made although there is room.
  @Test func noInodesLeft() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let files = try OpenDirectory(source)
      for number in 0..<50 { try files.makeFile(Bytes(text: "f\(number)"), [1]) }
      let options = ["-t", "tmpfs", "-o", "size=10m,nr_inodes=20", "tmpfs"]
      let target = try sandbox.mount(options, at: "target")
      let arguments = ["\(source)/", "\(target)/"]
      try expectFastsync(11, arguments, saying: ["No space left on device"])
      try expectWhole(target, of: source, "")
    }
  }

  @Test(arguments: engines) func quota(_ engine: String) throws {
    try withSandbox { sandbox in
      let hint = "--io-engine=\(engine)"
      let source = try makeSource(sandbox)
      let mount = try Filesystem.btrfs.make(in: sandbox, as: "target")
      let target = "\(mount)/volume"
      try succeed("btrfs", ["subvolume", "create", target])
      try succeed("btrfs", ["quota", "enable", mount])
      try succeed("btrfs", ["qgroup", "limit", "8M", target])
      let arguments = [hint, "\(source)/", "\(target)/"]
      try expectFastsync(11, arguments, saying: ["Disk quota exceeded"], hint: hint)
      try expectWhole(target, of: source, hint)
    }
  }

  @Test func readOnlyTarget() throws {
    try withSandbox { sandbox in
      let source = try makeSource(sandbox)
      let target = try Filesystem.ext4.make(in: sandbox, as: "target", megabytes: 20)
      try succeed("mount", ["-o", "remount,ro", target])
      let arguments = ["\(source)/", "\(target)/"]
      try expectFastsync(11, arguments, saying: ["Read-only file system"])
      try expectFastsync(11, ["\(source)/", "\(target)/new/"], saying: ["Read-only file system"])
    }
  }
}
