// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Disks that seek are read in their own order and written in one stream at a time, and the copy is
/// the same.
@Suite(
  .serialized,
  .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
  .enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed")
)
struct DiskOrderTests {
  @Test(
    arguments: [("hdd", .xfs, "uring"), ("nvme:hdd", .btrfs, "uring"), ("hdd:nvme", .ext4, "sync")]
      as [(String, Filesystem, String)]
  )
  func nastyTree(_ profile: String, _ kind: Filesystem, _ engine: String) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      var tree = NastyTree(seed: testSeed, symbolicLinkBytesMax: kind.symbolicLinkBytesMax)
      try tree.make(at: source)
      let target = try kind.make(in: sandbox, as: "target", megabytes: 600)
      // One worker is the default; who asks for more loses time, and nothing else.
      let words = [
        "--profile=\(profile)", "--io-engine=\(engine)", "--reflink=never",
        kind == .ext4 ? "--jobs=4" : "--jobs=1",
      ]
      for run in 1...2 {
        let hint = "\(profile) \(kind), run \(run)"
        try expectFastsync(0, words + ["\(source)/", "\(target)/copy"], hint: hint)
      }
      try expectSame(source, "\(target)/copy", beyondRsync: NastyTree.beyondRsync)
    }
  }

  /// One filesystem, so that source and target share a disk: all is read first and written then.
  @Test(arguments: Filesystem.allCases) func oneDisk(_ kind: Filesystem) throws {
    try withSandbox { sandbox in
      let place = try kind.make(in: sandbox, as: "place", megabytes: 900)
      let source = try sandbox.makeDirectory("place/source")
      let contents = SeededContents(seed: testSeed)
      let directory = try OpenDirectory(source)
      for (number, size) in [0, 1, 4097, 100_000, 3 << 20, 70 << 20 + 7, 140 << 20].enumerated() {
        try contents.makeFile(number, directory, Bytes(text: "file-\(number)"), size: size)
      }
      for engine in engines {
        for memory in [[], ["--memory=1M"]] {
          let words = ["--profile=hdd", "--io-engine=\(engine)", "--reflink=never"] + memory
          try expectFastsync(0, words + ["\(source)/", "\(place)/copy"])
          try expectSame(source, "\(place)/copy")
          try succeed("rm", ["-r", "\(place)/copy"])
        }
      }
    }
  }

  /// The calls of a run, from strace, that mention a file by its name: each call's name with the
  /// number of the file.
  private func calls(_ names: String, _ words: [String], _ sandbox: Sandbox) throws -> [Int] {
    try sandbox.trace(names, words).compactMap { call in
      let line = call.description
      guard call.hasSucceeded || names.contains("open"), let start = line.firstRange(of: "\"f-")
      else { return nil }
      return Int(line[start.upperBound...].prefix { $0.isNumber })
    }
  }

  /// Makes small files in several directories.
  private func makeSmallFiles(_ path: String, _ count: Int, bytes: Int) throws {
    let contents = SeededContents(seed: testSeed)
    let root = try OpenDirectory(path)
    for number in 0..<8 { _ = try root.makeDirectory(Bytes(text: "d\(number)")) }
    for number in 0..<count {
      let directory = try OpenDirectory("\(path)/d\(number % 8)")
      try contents.makeFile(number, directory, Bytes(text: "f-\(number)"), size: bytes)
    }
  }

  /// Every file below a target is as at the source, and there are no others.
  private func expectWhole(_ source: String, _ target: String, _ hint: String) throws {
    let lines = try run("rsync", ["-rnic", "--existing", "--delete", "\(source)/", "\(target)/"])
      .outputText.split(separator: "\n")
    expectNone(lines.filter { !$0.contains("lost+found") && !$0.hasPrefix(".d") }, hint)
  }

  /// Files that were read and are held back when the disk is full must not be in the way of the
  /// end.
  @Test(arguments: engines) func fullDisk(_ engine: String) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      try makeSmallFiles(source, 400, bytes: 100_000)
      let target = try Filesystem.ext4.make(in: sandbox, as: "target", megabytes: 24)
      let words = ["--profile=hdd", "--io-engine=\(engine)", "\(source)/", "\(target)/"]
      try expectFastsync(11, words, saying: ["No space left on device"])
      try expectWhole(source, target, engine)
    }
  }

  @Test(arguments: engines) func interrupted(_ engine: String) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      try makeSmallFiles(source, 4000, bytes: 40_000)
      let words = ["--profile=hdd", "--io-engine=\(engine)", "\(source)/", "\(target)/"]
      let process = try RunningProcess(
        fastsyncBinary,
        rawArguments: words.map { Bytes(text: $0) }
      )
      _ = process.stop { _ in unsafe access("\(target)/d0/f-0", F_OK) == 0 }
      process.send(SIGINT)
      process.send(SIGCONT)
      let result = try process.wait()
      // It may have been done before it was stopped.
      #expect([0, 20].contains(result.status) && result.signal == 0, "\(result.errorText)")
      try expectWhole(source, target, engine)
      try expectFastsync(0, words)
      try expectSame(source, target)
    }
  }

  /// A few descriptors, and hardly any memory, make it slower and nothing else.
  @Test func littleToGoRound() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      try makeSmallFiles(source, 900, bytes: 9_000)
      for (number, limits) in ["ulimit -n 64", "ulimit -n 200; ulimit -l 64"].enumerated() {
        for memory in ["64K", "8M"] {
          let target = sandbox.path("target-\(number)-\(memory)")
          let words = "--profile=hdd --memory=\(memory) '\(source)/' '\(target)'"
          let command = "\(limits); exec '\(fastsyncBinary)' \(words)"
          try succeed("bash", ["-c", command])
          try expectSame(source, target)
        }
      }
    }
  }

  /// Where the data of a file begins on its disk, in blocks, as `filefrag` tells:
  /// `   0:        0..       4:      33280..     33284:      5:             last,eof`.
  private func firstBlock(_ path: String) throws -> Int {
    let lines = try succeed("filefrag", ["-v", path]).outputText.split(separator: "\n")
    let extent = lines.first { $0.contains(" 0: ") }
    return extent?.split(separator: ":").dropFirst(2).first
      .flatMap { Int($0.prefix { $0 != "." }.filter(\.isNumber)) } ?? -1
  }

  /// ext4 gives names in the order of their hashes, which is neither that of the inodes nor that of
  /// the data: that was written backwards.
  @Test(.enabled(if: has("strace"), "strace is not installed"))
  func inodesAndDataAreReadInTheirOrder() throws {
    try withSandbox { sandbox in
      let source = try Filesystem.ext4.make(in: sandbox, as: "source")
      let target = try Filesystem.ext4.make(in: sandbox, as: "target")
      let count = 40
      for place in ["a", "b"] { _ = try sandbox.makeDirectory("source/\(place)") }
      func path(_ number: Int) -> String { "\(source)/\(number % 2 == 0 ? "a" : "b")/f-\(number)" }
      for number in 0..<count { try succeed("touch", [path(number)]) }
      let contents = SeededContents(seed: testSeed)
      for number in (0..<count).reversed() {
        let file = try check(unsafe open(path(number), O_RDWR | O_CLOEXEC), "open")
        defer { close(file) }
        try contents.write(number, to: file, count: 20_000)
        #expect(fsync(file) == 0)
      }
      let inodes = try (0..<count).map { number in
        var metadata = stat()
        try check(unsafe lstat(path(number), &metadata), "lstat")
        return metadata.st_ino
      }
      #expect(inodes == inodes.sorted(), "ext4 numbers inodes as they are made")
      let inOrder = try (0..<count).sorted {
        try firstBlock(path($0)) < firstBlock(path($1))
      }
      #expect(inOrder != Array(0..<count), "or this tests nothing")

      let words = ["--profile=hdd", "--durability=none", "\(source)/"]
      let stats = try calls("statx", words + ["\(target)/1"], sandbox)
      #expect(Array(stats.prefix(count)) == Array(0..<count), "inodes in their order")
      let opens = try calls("openat2,openat", words + ["\(target)/2"], sandbox)
      // Each is opened once to ask where its data is, and once to read it.
      #expect(Array(opens.suffix(count)) == inOrder, "data in its order")
      let unordered = try calls(
        "openat2,openat",
        ["--profile=ssd"] + words.dropFirst() + ["\(target)/3"],
        sandbox
      )
      #expect(Array(unordered.suffix(count)) != inOrder, "or this tests nothing")
    }
  }

  /// Small files are written back in few large batches, and the journal is left alone where they
  /// can be sent off as they are written; on btrfs without its trees.
  @Test(
    .enabled(if: has("strace"), "strace is not installed"),
    arguments: [Filesystem.ext4, .xfs, .btrfs]
  )
  func batches(_ kind: Filesystem) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try kind.make(in: sandbox, as: "target", megabytes: 800)
      let contents = SeededContents(seed: testSeed)
      let directory = try OpenDirectory(source)
      for number in 0..<1500 {
        try contents.makeFile(number, directory, Bytes(text: "f-\(number)"), size: 50_000)
      }
      let trace = sandbox.path("trace")
      let words = ["-f", "-c", "-o", trace, fastsyncBinary, "--profile=hdd"]
      try succeed("strace", words + ["\(source)/", "\(target)/"])
      let lines = try succeed("cat", [trace]).outputText.split(separator: "\n")
      func count(_ call: String) -> Int {
        lines.first { $0.hasSuffix(" \(call)") }
          .flatMap { $0.split(separator: " ").dropFirst(3).first.flatMap { Int($0) } } ?? 0
      }
      let (syncs, writebacks) = (count("syncfs"), count("sync_file_range"))
      // Each is sent off, and waited for but for those of the last batch.
      if kind == .btrfs { #expect(syncs == 1 && (2000...3000).contains(writebacks), "\(lines)") }
      guard kind != .btrfs else { return }
      #expect((1...40).contains(count("io_submit")), "\(lines)")
      // RWF_DONTCACHE is there since Linux 6.14.
      let isSent = writebacks > 0
      #expect(isSent ? syncs == 1 && writebacks <= 1500 : (2...5).contains(syncs), "\(lines)")
    }
  }

  /// Files whose data waits take so much metadata of btrfs that it writes its trees again and
  /// again, unless they are sent off one by one.
  @Test(arguments: ["nvme", "hdd"]) func btrfsNeedNotWriteItsTrees(_ profile: String) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      try makeSmallFiles(source, 4000, bytes: 9_000)
      let target = try Filesystem.btrfs.make(in: sandbox, as: "target")
      func commits() throws -> Int? {
        let identity = try succeed("findmnt", ["-no", "UUID", target]).outputText
        let path = "/sys/fs/btrfs/\(identity.filter { !$0.isWhitespace })/commit_stats"
        let words = try succeed("cat", [path]).outputText.split { $0.isWhitespace }
        return words.dropFirst().first.flatMap { Int($0) }
      }
      let before = try #require(try commits())
      try expectFastsync(0, ["--profile=\(profile)", "\(source)/", "\(target)/copy/"])
      let after = try #require(try commits())
      #expect((1...8).contains(after - before), "\(after - before) commits")
      try expectSame(source, "\(target)/copy")
    }
  }
}
