// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Exit 0 comes after the data is on stable storage: once for each filesystem written to.
@Suite(.enabled(if: has("strace"), "strace is not installed")) struct DurabilityTests {
  /// The calls of a run that copies one or two files, from strace; `operands` are what is copied
  /// below the source, and the target's name.
  private func syncs(
    _ options: [String],
    operands: (source: String, target: String) = ("/", "/")
  ) throws -> [Substring] {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      for name in ["a", "b"] { try OpenDirectory(source).makeFile(Bytes(text: name), [1]) }
      let trace = sandbox.path("trace")
      let words = ["-f", "-e", "trace=syncfs,fsync,fdatasync,linkat,rename,renameat,renameat2"]
      let command =
        ["-o", trace, fastsyncBinary] + options + [
          "\(source)\(operands.source)", "\(target)\(operands.target)",
        ]
      try succeed("strace", words + command)
      return try succeed("cat", [trace]).outputText.split(separator: "\n")
    }
  }

  @Test func aRunEndsWithSyncfs() throws {
    for engine in engines {
      let calls = try syncs(["--io-engine=\(engine)"])
      let last = calls.last { !$0.contains("exited") && !$0.contains("+++") }
      // After the last name was published, and with success.
      #expect(last?.contains("syncfs(") == true, "\(engine): \(calls)")
      #expect(last?.hasSuffix("= 0") == true, "\(engine): \(calls)")
      #expect(calls.count { $0.contains("syncfs(") } == 1, "\(engine): \(calls)")
    }
  }

  /// A file that is an operand itself is in no directory that is read.
  @Test func aSingleFileIsSynced() throws {
    for operands in [("/a", "/"), ("/a", "/new")] {
      let calls = try syncs([], operands: operands)
      #expect(calls.contains { $0.contains("syncfs(") && $0.hasSuffix("= 0") }, "\(calls)")
    }
  }

  @Test func noneMeansNone() throws {
    let calls = try syncs(["--durability=none"])
    #expect(!calls.contains { $0.contains("sync") }, "\(calls)")
  }

  /// What a power cut must not leave: a name without the data.
  ///
  /// Few files are waited for one by one, many by one sync of the filesystem.
  @Test(
    .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
    arguments: Filesystem.allCases,
    [3, 100]
  )
  func dataIsOnTheDiskBeforeTheName(_ kind: Filesystem, _ files: Int) throws {
    for mode in ["auto", "keep", "dontcache"] {
      try withSandbox { sandbox in
        let target = try kind.make(in: sandbox, as: "target")
        let source = try sandbox.makeDirectory("source")
        for number in 0..<files {
          try OpenDirectory(source).makeFile(Bytes(text: "\(number)"), [1, 2, 3])
        }
        // What goes through the ring is not seen.
        let options = ["--io-engine=sync", "--cache=keep:\(mode)"]
        let trace = sandbox.path("trace")
        let words = ["-f", "-e", "trace=syncfs,sync_file_range,linkat", "-o", trace]
        try succeed("strace", words + [fastsyncBinary] + options + ["\(source)/", "\(target)/"])
        let calls = try succeed("cat", [trace]).outputText.split(separator: "\n")
        expectNone(namesWithoutData(calls), "\(kind) \(files) \(options)")
        #expect(calls.count { $0.contains("linkat(") && $0.hasSuffix("= 0") } == files)
      }
    }
  }

  /// The calls that gave a file its name before its data was waited for.
  private func namesWithoutData(_ calls: [Substring]) -> [String] {
    var waitedFor: Set<Substring> = []
    var early: [String] = []
    for call in calls {
      guard let start = call.firstIndex(of: "(") else { continue }
      let descriptor = call[call.index(after: start)...].prefix { $0.isNumber }
      if call.contains("sync_file_range(") && call.contains("WAIT_AFTER") {
        waitedFor.insert(descriptor)
      } else if call.contains("linkat(") && call.hasSuffix("= 0") {
        if !waitedFor.contains(descriptor) { early.append(String(call)) }
      }
    }
    return early
  }

  /// With `--durability=file` the filesystem is synced between the last name and the word of it.
  @Test(arguments: ["--durability=file", "--fsync"])
  func aNameIsOnTheDiskBeforeItIsReported(_ option: String) throws {
    guard filesystemObstacle == nil else { try Test.cancel("\(filesystemObstacle ?? "")") }
    for kind in Filesystem.allCases {
      try withSandbox { sandbox in
        let target = try kind.make(in: sandbox, as: "target")
        let source = try sandbox.makeDirectory("source")
        for name in ["a", "b"] { try OpenDirectory(source).makeFile(Bytes(text: name), [1]) }
        let trace = sandbox.path("trace")
        let words = ["-f", "-e", "trace=syncfs,linkat,write", "-o", trace, fastsyncBinary]
        try succeed("strace", words + [option, "-v", "\(source)/", "\(target)/"])
        let calls = try succeed("cat", [trace]).outputText.split(separator: "\n")
        let named = try #require(calls.lastIndex { $0.contains("linkat(") })
        let synced = try #require(
          calls[named...].firstIndex { $0.contains("syncfs(") && $0.hasSuffix("= 0") }
        )
        let told = try #require(calls.firstIndex { $0.contains("write(1, ") })
        #expect(named < synced && synced < told, "\(kind): \(calls[named...])")
      }
    }
  }

  /// What lies in allocated space has to be there before the name.
  ///
  /// The end of a file that is written directly goes through the cache: after a power cut it would
  /// be zeros in a file of the right size and time. What is kept in the cache is not allocated.
  @Test(
    .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
    arguments: ["direct", "keep"]
  )
  func theEndIsWrittenBeforeTheName(_ mode: String) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try Filesystem.ext4.make(in: sandbox, as: "target")
      let size = 3 << 20 + 1234
      let contents = SeededContents(seed: testSeed)
      try contents.makeFile(1, try OpenDirectory(source), Bytes(text: "file"), size: size)
      let trace = sandbox.path("trace")
      let words = ["-f", "-e", "trace=pwrite64,sync_file_range,linkat,fallocate", "-o", trace]
      let options = ["--io-engine=sync", "--cache=keep:\(mode)", "\(source)/", "\(target)/copy"]
      try succeed("strace", words + [fastsyncBinary] + options)
      let calls = try succeed("cat", [trace]).outputText.split(separator: "\n")
      func index(_ words: String...) -> Int? {
        calls.firstIndex { call in words.allSatisfy { call.contains($0) } }
      }
      guard mode == "direct" else {
        #expect(index("fallocate(") == nil, "\(calls)")
        return
      }
      let written = try #require(index("pwrite64(", "1234, 3145728)"), "\(calls)")
      let waited = try #require(index("sync_file_range(", "3145728", "WAIT_AFTER"), "\(calls)")
      let named = try #require(index("linkat(", "\"file\""), "\(calls)")
      #expect(written < waited && waited < named, "\(calls)")
      try expectSame(source, "\(target)/copy")
    }
  }
}
