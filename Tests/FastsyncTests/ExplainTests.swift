// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// What `--explain` says.
@Suite(.enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"))
struct ExplainTests {
  private func explain(_ options: [String], _ source: String, _ target: String) throws
    -> [Substring]
  {
    let result = try fastsync(options + ["--explain", "\(source)/", "\(target)/"])
    #expect(result.status == 0, "\(result.errorText)")
    return result.outputText.split(separator: "\n")
  }

  private func makeFiles(_ path: String, _ count: Int, from first: Int = 0) throws {
    let contents = SeededContents(seed: testSeed)
    let directory = try OpenDirectory(path)
    for number in first..<count {
      try contents.makeFile(number, directory, Bytes(text: "file-\(number)"), size: 3000)
    }
  }

  @Test func namesDisksModesAndReasons() throws {
    try withSandbox { sandbox in
      let ext4 = try Filesystem.ext4.make(in: sandbox, as: "ext4", megabytes: 64)
      let btrfs = try Filesystem.btrfs.make(in: sandbox, as: "btrfs", megabytes: 128)
      let tree = try sandbox.makeDirectory("ext4/tree")
      try makeFiles(tree, 3)
      let lines = try explain(["--jobs=3"], tree, "\(btrfs)/copy")
      let first = try #require(lines.first)
      #expect(first.hasPrefix("Copies \(tree)/ (ext4 on "), "\(first)")
      #expect(first.contains(") to \(btrfs)/copy (btrfs on "), "\(first)")
      #expect(first.hasSuffix("; files that differ are replaced; nothing is deleted."))
      #expect(lines.contains { $0.hasPrefix("source \(tree): ext4 on /dev/loop") })
      #expect(lines.contains { $0.hasPrefix("target \(btrfs)/copy: btrfs on /dev/loop") })
      #expect(lines.contains("workers: 3 threads copy (as asked)"))
      #expect(lines.contains { $0.hasPrefix("buffers: 8 of 1024 KiB, shared by all workers; ") })
      #expect(lines.contains { $0.hasPrefix("engine: ") })
      #expect(
        lines.contains { $0.hasPrefix("reading ext4 on /dev/loop") && $0.contains(": direct (") }
      )
      #expect(
        lines.contains { $0.hasPrefix("writing btrfs on /dev/loop") && $0.contains(": advise (") }
      )
      let planned = try explain(["-n"], tree, "\(ext4)/planned")
      #expect(planned.contains { $0.hasPrefix("reading ext4") && $0.contains(": direct (") })
      #expect(try ["planned"].allSatisfy { try !names(ext4).contains($0) })
    }
  }

  @Test func goesByTheProfileThatItIsTold() throws {
    try withSandbox { sandbox in
      let ext4 = try Filesystem.ext4.make(in: sandbox, as: "ext4", megabytes: 64)
      let tree = try sandbox.makeDirectory("ext4/tree")
      for (number, (profile, source, target, shared)) in [
        ("hdd:nvme", "hdd", "nvme", false), ("ssd:smr", "ssd", "smr", false),
        ("hdd:smr", "hdd", "smr", true),
      ].enumerated() {
        let lines = try explain(["--profile=\(profile)"], tree, "\(ext4)/copy-\(number)")
        let said = lines.filter { $0.hasPrefix("  profile") }
        #expect(said.count == 2, "\(said)")
        for (line, profile) in zip(said, [source, target]) {
          #expect(line.hasPrefix("  profile \(profile), ") && line.hasSuffix(": as asked"))
        }
        #expect(lines.contains { $0.hasPrefix("workers: 1 thread copies (a disk that seeks") })
        #expect(
          lines.contains { $0.hasPrefix("one disk that seeks is read and written") } == shared,
          "\(lines)"
        )
      }
      let solid = try explain(["--profile=ssd"], tree, "\(ext4)/copy")
      #expect(solid.contains { $0.hasPrefix("workers: ") && $0.hasSuffix("no disk seeks)") })
    }
  }

  private func names(_ path: String) throws -> [Substring] {
    try succeed("ls", [path]).outputText.split(separator: "\n")
  }

  /// What kernel or filesystem has no use for is found out before anything is read.
  @Test(arguments: engines) func saysOnceWhatWasRefused(_ engine: String) throws {
    try withSandbox { sandbox in
      let btrfs = try Filesystem.btrfs.make(in: sandbox, as: "btrfs", megabytes: 128)
      let tree = try sandbox.makeDirectory("btrfs/tree")
      try makeFiles(tree, 150)
      let contents = SeededContents(seed: testSeed)
      try contents.makeFile(999, OpenDirectory(tree), Bytes(text: "large"), size: 9 << 20 + 5)
      let options = ["--io-engine=\(engine)", "--cache=dontcache", "--reflink=never"]
      let lines = try explain(options, tree, "\(btrfs)/copy")
      for direction in ["reading", "writing"] {
        let said = lines.filter { $0.hasPrefix(direction) }
        let isRefused = said.first?.contains(": advise (dontcache is not supported") == true
        // Until btrfs takes it.
        let isTaken = said.first?.contains(": dontcache (") == true
        #expect(said.count == 1 && (isRefused || isTaken), "\(said)")
      }
      try expectSame(tree, "\(btrfs)/copy")
    }
  }

  private func line(_ lines: [Substring], _ start: String) -> Substring? {
    lines.first { $0.hasPrefix(start) }
  }

  @Test func saysWhatLimitsTheWorkers() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = sandbox.path("target")
      let memory = try explain(["--jobs=256", "--memory=64K"], source, target)
      #expect(
        line(memory, "workers: ")?.hasPrefix("workers: 16 threads copy (of 256 wanted, since")
          == true
      )
      let words = ["--nofile=200:200", "--", fastsyncBinary, "--jobs=100", "--explain"]
      let result = try run("prlimit", words + ["\(source)/", "\(target)/"])
      let descriptors = line(result.outputText.split(separator: "\n"), "workers: ")
      #expect(descriptors?.contains("of 100 wanted, since the limit on open files") == true)
      #expect(
        try explain(["--jobs=3"], source, target).contains("workers: 3 threads copy (as asked)")
      )
    }
  }

  /// Several workers write several files at once, whoever asked for them.
  @Test(arguments: ["nvme:hdd", "hdd:nvme", "hdd"]) func saysWhatJobsDoToADiskThatSeeks(
    _ profile: String
  ) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = sandbox.path("target")
      let one = try explain(["--profile=\(profile)"], source, target)
      #expect(line(one, "order: ")?.hasSuffix("one file written at a time") == true, "\(one)")
      let four = try explain(["--profile=\(profile)", "--jobs=4"], source, target)
      let direction = profile == "hdd:nvme" ? "read" : "written"
      let said = "4 large files may be \(direction) at once, and the disk has to seek"
      #expect(line(four, "order: ")?.contains(said) == true, "\(four)")
      #expect(!four.contains { $0.contains("one file written at a time") }, "\(four)")
    }
  }

  @Test func saysBothReasonsWhereDontCacheWasRefused() throws {
    try withSandbox { sandbox in
      let btrfs = try Filesystem.btrfs.make(in: sandbox, as: "btrfs", megabytes: 128)
      let tree = try sandbox.makeDirectory("btrfs/tree")
      try makeFiles(tree, 3)
      let words = ["--profile=hdd", "--reflink=never"]
      let said = try explain(words, tree, "\(btrfs)/copy").filter { $0.hasPrefix("reading ") }
      let reason = "(btrfs reads directly out of order"
      // Until btrfs takes it.
      if said.first?.contains(": dontcache \(reason)") == true { return }
      #expect(said.count == 1 && said.first?.contains(": advise \(reason)") == true, "\(said)")
      #expect(said.first?.contains("; dontcache is not supported here)") == true, "\(said)")
    }
  }

  /// Files that share extents, and empty ones beside them, are not read.
  @Test func saysThatExtentsAreShared() throws {
    try withSandbox { sandbox in
      let btrfs = try Filesystem.btrfs.make(in: sandbox, as: "btrfs", megabytes: 128)
      let tree = try sandbox.makeDirectory("btrfs/tree")
      try makeFiles(tree, 3)
      try OpenDirectory(tree).makeFile(Bytes(text: "empty"))
      let lines = try explain([], tree, "\(btrfs)/copy")
      #expect(
        line(lines, "sharing extents on btrfs")?.hasSuffix("nothing is read and written") == true
      )
      #expect(line(lines, "reading ") == nil, "\(lines)")
      let planned = try explain(["-n"], tree, "\(btrfs)/planned")
      #expect(line(planned, "sharing extents on btrfs")?.contains("where they can be") == true)
      for direction in ["reading btrfs", "writing btrfs"] {
        #expect(line(planned, direction) != nil, "\(planned)")
      }
    }
  }

  /// A run with nothing to copy says how it would go about it, and so does a dry run, which makes
  /// nothing at the target to find out, not even for a moment.
  @Test(.enabled(if: has("strace"), "strace is not installed"), arguments: Filesystem.allCases)
  func saysHowItWouldGoAboutIt(_ kind: Filesystem) throws {
    try withSandbox { sandbox in
      let target = try kind.make(in: sandbox, as: "target")
      let tree = try sandbox.makeDirectory("tree")
      try makeFiles(tree, 3)
      let copied = try explain([], tree, "\(target)/copy")
      let writing = try #require(line(copied, "writing \(kind)"), "\(copied)")
      #expect(try explain([], tree, "\(target)/copy").contains(writing))
      for (copy, isThere) in [("copy", true), ("new", false)] {
        let trace = sandbox.path("trace")
        let words = ["-f", "-e", "trace=openat,open,mkdirat,mkdir", "-o", trace, fastsyncBinary]
        let options = ["-n", "--explain", "--profile=hdd", "\(tree)/", "\(target)/\(copy)/"]
        try makeFiles(tree, isThere ? 4 : 3, from: 3)
        let lines = try succeed("strace", words + options).outputText.split(separator: "\n")
        #expect(lines.contains(writing), "\(copy): \(lines)")
        #expect(line(lines, "reading ") != nil, "\(copy): \(lines)")
        let calls = try succeed("cat", [trace]).outputText
        #expect(!calls.contains("O_TMPFILE") && !calls.contains("O_CREAT"), "\(calls)")
      }
    }
  }

  @Test func saysWhetherItIsOneDisk() throws {
    try withSandbox { sandbox in
      let ext4 = try Filesystem.ext4.make(in: sandbox, as: "ext4", megabytes: 64)
      let memory = try sandbox.mount(["-t", "tmpfs", "tmpfs"], at: "memory")
      for (target, answer) in [
        (ext4, "same physical disk: "), (memory, "same physical disk: unknown"),
      ] {
        for option in ["--profile=nvme", "--profile=hdd", "--profile=auto"] {
          let lines = try explain(
            [option],
            sandbox.makeDirectory("ext4/s\(option)\(target.count)"),
            "\(target)/copy-\(option)"
          )
          #expect(lines.count { $0.hasPrefix(answer) } == 1, "\(lines)")
        }
      }
    }
  }
}
