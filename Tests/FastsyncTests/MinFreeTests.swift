// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// `--min-free`: a run stops before it takes the last of the target.
@Suite(.enabled(if: isRoot, "only root can mount")) struct MinFreeTests {
  private static let megabyte = 1 << 20

  /// What is free of a mount, in bytes, as the kernel has it.
  private func free(_ path: String) throws -> Int {
    var status = statvfs()
    try check(unsafe statvfs(path, &status), "statvfs", Bytes(text: path))
    return Int(status.f_bavail) * Int(status.f_frsize)
  }

  /// Lends a source of 16 files of 1 MiB and 200 of 10 KiB, and a target.
  private func withTrees(
    megabytes: Int = 30,
    _ body: (Sandbox, OpenDirectory, String) throws -> Void
  ) throws {
    try withSandbox { sandbox in
      let source = try OpenDirectory(sandbox.makeDirectory("source"))
      let contents = SeededContents(seed: testSeed)
      for number in 0..<16 {
        let name = Bytes(text: "large-\(number)")
        try contents.makeFile(number, source, name, size: Self.megabyte)
      }
      for number in 0..<200 {
        try contents.makeFile(number, source, Bytes(text: "small-\(number)"), size: 10_000)
      }
      let target = try sandbox.mount(
        ["-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs"],
        at: "target"
      )
      try body(sandbox, source, target)
    }
  }

  @Test(arguments: engines, ["--jobs=1", "--jobs=4"])
  func itStopsBefore(_ engine: String, _ jobs: String) throws {
    try withTrees { sandbox, source, target in
      let options = ["--io-engine=\(engine)", jobs, "-rt"]
      let operands = ["\(sandbox.path("source"))/", "\(target)/"]
      let told = "not copied, since less than 20971520 bytes would stay free\n"
      let result = try expectFastsync(11, options + ["--min-free=20M"] + operands, saying: [told])
      #expect(result.complaints.count == 2, "\(result.errorText)")
      #expect(try free(target) >= 20 * Self.megabyte)
      // Not much more is left than one of the large files takes.
      #expect(try free(target) < 22 * Self.megabyte)
      let copied = try OpenDirectory(target)
      for name in try copied.names() {
        #expect(try haveSameContents(source, name, copied, name), "\(name.shown)")
      }
      try expectFastsync(0, options + ["--min-free=10M"] + operands)
      try expectSame(sandbox.path("source"), target, [.times])
      #expect(try free(target) >= 10 * Self.megabyte)
      // There is nothing left to be copied, and so nothing to be kept.
      try expectFastsync(0, options + ["--min-free=29M"] + operands)
    }
  }

  /// Holes and further names, and what is replaced by what was written before.
  @Test func whatTakesNoSpaceFits() throws {
    try withTrees(megabytes: 60) { sandbox, source, target in
      try succeed("truncate", ["-s", "1G", sandbox.path("source/sparse")])
      for number in 0..<20 {
        let (first, other) = ("source/large-0", "source/other-\(number)")
        try check(unsafe link(sandbox.path(first), sandbox.path(other)), "link")
      }
      let arguments = ["--min-free=8M", "\(sandbox.path("source"))/", "\(target)/"]
      try expectFastsync(0, arguments)
      try succeed("find", [target, "-type", "f", "-exec", "touch", "-d", "@1", "{}", "+"])
      try expectFastsync(0, arguments)
      try expectSame(sandbox.path("source"), target)
    }
  }

  @Test func devicesAreNotMeant() throws {
    let arguments = ["--copy-devices", "--min-free=1M", "/dev/loop0", "/nonexistent/image"]
    try expectFastsync(4, arguments, saying: ["--min-free: is for trees and files"])
  }
}
