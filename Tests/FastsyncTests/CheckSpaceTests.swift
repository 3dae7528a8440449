// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// `--check-space`: what does not fit is refused before anything is written.
@Suite(.enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"))
struct CheckSpaceTests {
  private static let megabyte = 1 << 20

  private func makeFiles(_ path: String, _ sizes: [Int]) throws {
    let directory = try OpenDirectory(path)
    let contents = SeededContents(seed: testSeed)
    for (number, size) in sizes.enumerated() {
      try contents.makeFile(number, directory, Bytes(text: "file-\(number)"), size: size)
    }
  }

  /// Lends a source and a target in memory of this size.
  private func withTarget(
    _ options: String,
    _ sizes: [Int],
    _ body: (Sandbox, _ source: String, _ target: String) throws -> Void
  ) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      try makeFiles(source, sizes)
      let target = try sandbox.mount(["-t", "tmpfs", "-o", options, "tmpfs"], at: "target")
      try body(sandbox, source, target)
    }
  }

  private func expectRefused(_ arguments: [String], _ words: String) throws {
    for options in [["--check-space"], ["-n", "--check-space"]] {
      try expectFastsync(11, options + arguments, saying: [words], hint: "\(options)")
    }
  }

  @Test(arguments: Filesystem.allCases, engines)
  func nothingIsBegunThatDoesNotFit(_ kind: Filesystem, _ engine: String) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      try makeFiles(source, [100_000, 600 * Self.megabyte])
      let target = try kind.make(in: sandbox, as: "target")
      let before = try OpenDirectory(target).names()
      let words = ["--io-engine=\(engine)", "\(source)/", "\(target)/new/"]
      try expectRefused(words, "\(target)/new: nothing was copied, since ")
      #expect(try OpenDirectory(target).names() == before)
      try succeed("rm", ["\(source)/file-1"])
      try expectFastsync(0, ["--check-space"] + words)
      try expectSame(source, "\(target)/new")
    }
  }

  @Test func whatFitsExactlyIsCopied() throws {
    let most = 6 * Self.megabyte
    try withTarget("size=8m", [most / 2, most / 2]) { sandbox, source, target in
      let words = ["\(source)/", "\(target)/"]
      try expectRefused(["--min-free=3M"] + words, "6291456 bytes are needed, and 5242880 are free")
      try expectFastsync(0, ["--check-space", "--min-free=2M"] + words)
      try expectSame(source, target, [.times])
      // There is nothing left to be copied.
      try expectFastsync(0, ["--check-space", "--min-free=7M"] + words)
    }
  }

  /// What is replaced is taken off, but for the moment in which both are there.
  @Test func whatIsReplacedCounts() throws {
    try withTarget("size=8m", [3 * Self.megabyte, 3 * Self.megabyte]) { sandbox, source, target in
      let words = ["\(source)/", "\(target)/"]
      try expectFastsync(0, words)
      try succeed("touch", ["\(source)/file-0", "\(source)/file-1"])
      try expectRefused(words, "3145728 bytes are needed, and 2097152 are free")
      try succeed("mount", ["-o", "remount,size=12m", target])
      try expectFastsync(0, ["--check-space"] + words)
      try expectSame(source, target, [.times])
    }
  }

  @Test func inodesCount() throws {
    try withTarget("size=8m,nr_inodes=20", Array(repeating: 1, count: 25)) { _, source, target in
      try expectRefused(["\(source)/", "\(target)/new"], "25 inodes are needed, and 19 are free")
      try expectRefused(["\(source)/", "\(target)/"], "25 inodes are needed, and 19 are free")
      #expect(try OpenDirectory(target).names().isEmpty)
    }
  }

  /// Names of one file, holes, and what lies elsewhere take nothing.
  @Test func whatTakesNothingIsNotCounted() throws {
    try withTarget("size=8m", [5 * Self.megabyte]) { sandbox, source, target in
      try succeed("ln", ["\(source)/file-0", "\(source)/link"])
      try succeed("truncate", ["-s", "1T", "\(source)/hole"])
      _ = try sandbox.makeDirectory("source/below")
      try makeFiles("\(source)/below", [10 * Self.megabyte])
      _ = try sandbox.mount(["-t", "tmpfs", "-o", "size=20m", "tmpfs"], at: "target/below")
      try expectFastsync(0, ["--check-space", "\(source)/", "\(target)/"])
      try expectSame(source, target, [.times])
    }
  }

  @Test func whatSharesExtentsTakesNothing() throws {
    try withSandbox { sandbox in
      let place = try Filesystem.btrfs.make(in: sandbox, as: "place", megabytes: 300)
      let source = try sandbox.makeDirectory("place/source")
      try makeFiles(source, [120 * Self.megabyte, 60 * Self.megabyte])
      try succeed("sync", ["-f", source])
      let words = ["\(source)/", "\(place)/copy/"]
      try expectRefused(["--reflink=never"] + words, "nothing was copied")
      try expectFastsync(0, ["--check-space"] + words)
      try expectSame(source, "\(place)/copy")
    }
  }

  @Test func devicesAreComparedAnyway() throws {
    let words = ["--copy-devices", "--check-space", "/dev/loop0", "/nonexistent/image"]
    try expectFastsync(4, words, saying: ["--check-space: is for trees and files"])
  }

  /// What is replaced may be free only when its last name is; what cannot be read is not copied.
  @Test func whatMayFitIsTried() throws {
    try withTarget("size=10m", [3 * Self.megabyte, 3 * Self.megabyte]) { sandbox, source, target in
      try succeed("ln", ["\(source)/file-0", "\(source)/link-0"])
      let words = ["-rtH", "\(source)/", "\(target)/"]
      try expectFastsync(0, words)
      try succeed("touch", ["\(source)/file-0"])
      try expectFastsync(0, ["--check-space"] + words)
      try makeFiles(try sandbox.makeDirectory("source/closed"), [8 * Self.megabyte])
      try succeed("chmod", ["-R", "0777", target])
      try succeed("chmod", ["0600", "\(source)/closed/file-0"])
      let refused = try fastsync(["--check-space"] + words)
      #expect(refused.errorText.contains("nothing was copied"), "\(refused.errorText)")
      let result = try fastsync(["--check-space"] + words, user: 1001)
      #expect(result.errorText.contains("closed/file-0: cannot open"), "\(result.errorText)")
    }
  }
}
