// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A disk that fails to write what it was given: the run says so, leaves no name without its data,
/// and the next run copies what is missing.
@Suite(.enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"))
struct WriteErrorTests {
  /// A filesystem in a file that can grow no more than a memory filesystem lets it: what is written
  /// is accepted first, and fails when it is written back.
  private func withFullDisk(
    _ kind: Filesystem,
    _ body: (Sandbox, _ target: String, _ makeRoom: () throws -> Void) throws -> Void
  ) throws {
    try withSandbox { sandbox in
      let below = try sandbox.mount(["-t", "tmpfs", "-o", "size=110m", "tmpfs"], at: "below")
      let target = try kind.make(in: sandbox, as: "below/target", megabytes: 600)
      try body(sandbox, target) { try succeed("mount", ["-o", "remount,size=1g", below]) }
    }
  }

  @Test(.timeLimit(.minutes(30)), arguments: Filesystem.allCases)
  func whatWasNotWrittenIsCopiedAgain(_ kind: Filesystem) throws {
    for options in [[], ["--profile=hdd"]] {
      try withFullDisk(kind) { sandbox, target, makeRoom in
        let source = try sandbox.makeDirectory("source")
        let contents = SeededContents(seed: testSeed)
        let directory = try OpenDirectory(source)
        for number in 0..<3_200 {
          try contents.makeFile(number, directory, Bytes(text: "\(number)"), size: 50 << 10)
        }
        let hint = "\(kind) \(options)"
        let first = try fastsync(options + ["\(source)/", "\(target)/copy/"])
        #expect(first.status == 11, "\(hint): \(first.errorText.prefix(500))")
        try makeRoom()
        // Some filesystems take no more after an error until they are mounted again.
        try Sandbox.unmount(target)
        try succeed("mount", ["-o", "loop", sandbox.path("below/target.img"), target])
        try expectFastsync(0, options + ["\(source)/", "\(target)/copy/"], hint: hint)
        try expectSame(source, "\(target)/copy", hint: hint)
        expectNone(try temporaryNames(target), hint)
      }
    }
  }

  /// A disk below the target that fails costs what is on it.
  @Test(.timeLimit(.minutes(30)), arguments: Filesystem.allCases)
  func whatIsOnOtherDisksIsCopied(_ kind: Filesystem) throws {
    for options in [[], ["--profile=hdd"], ["--durability=file", "--jobs=4"]] {
      try withFullDisk(kind) { sandbox, disk, makeRoom in
        let source = try sandbox.makeDirectory("source")
        let contents = SeededContents(seed: testSeed)
        for (name, files) in [("a", 900), ("part", 3_200), ("z", 900)] {
          let directory = try OpenDirectory(sandbox.makeDirectory("source/\(name)"))
          for number in 0..<files {
            try contents.makeFile(number, directory, Bytes(text: "\(number)"), size: 50 << 10)
          }
        }
        let target = try sandbox.makeDirectory("target")
        let part = try sandbox.mount(["--bind", disk], at: "target/part")
        let hint = "\(kind) \(options)"
        let first = try fastsync(options + ["\(source)/", "\(target)/"])
        #expect(first.status == 23, "\(hint): \(first.errorText.prefix(500))")
        let isOther = first.complaints.dropLast()
          .contains { !$0.hasPrefix("fastsync: \(part)") }
        #expect(!isOther, "\(hint): \(first.errorText.prefix(500))")
        for name in ["a", "z"] {
          try expectSame("\(source)/\(name)", "\(target)/\(name)", hint: hint)
        }
        try makeRoom()
        // Some filesystems take no more after an error until they are mounted again.
        for point in [part, disk] { try Sandbox.unmount(point) }
        try succeed("mount", ["-o", "loop", sandbox.path("below/target.img"), disk])
        try succeed("mount", ["--bind", disk, part])
        try expectFastsync(0, options + ["\(source)/", "\(target)/"], hint: hint)
        try succeed("find", [target, "-name", "lost+found", "-delete"])
        try succeed("touch", ["-r", "\(source)/part", part])
        try expectSame(source, target, hint: hint)
        expectNone(try temporaryNames(target), hint)
      }
    }
  }

  /// One file that is too large leaves the others their room, whoever comes first.
  @Test(arguments: Filesystem.allCases, engines)
  func whatFitsIsCopied(_ kind: Filesystem, _ engine: String) throws {
    for profile in ["auto", "hdd"] {
      try withSandbox { sandbox in
        let target = try kind.make(in: sandbox, as: "target")
        let source = try sandbox.makeDirectory("source")
        _ = try sandbox.makeDirectory("source/small")
        let contents = SeededContents(seed: testSeed)
        let root = try OpenDirectory(source)
        let large = (Filesystem.megabytesMin + 10) << 20
        try contents.makeFile(1, root, Bytes(text: "a"), size: 20 << 20)
        try contents.makeFile(2, root, Bytes(text: "too large"), size: large)
        try contents.makeFile(3, root, Bytes(text: "b"), size: 20 << 20)
        let small = try root.open(Bytes(text: "small"))
        for number in 0..<300 {
          try contents.makeFile(number, small, Bytes(text: "\(number)"), size: 20_000)
        }
        let options = ["--io-engine=\(engine)", "--profile=\(profile)"]
        let hint = "\(kind) \(options)"
        let result = try fastsync(options + ["\(source)/", "\(target)/copy/"])
        #expect(result.status == 11, "\(hint): \(result.errorText)")
        #expect(result.errorText.contains("too large: "), "\(hint): \(result.errorText)")
        try succeed("rm", ["\(source)/too large"])
        // It is another time of the directory now.
        try succeed("touch", ["-r", "\(target)/copy", source])
        try expectSame(source, "\(target)/copy", hint: hint)
      }
    }
  }
}
