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
  ) throws -> [TracedCall] {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      for name in ["a", "b"] { try OpenDirectory(source).makeFile(Bytes(text: name), [1]) }
      return try sandbox.trace(
        "syncfs,fsync,fdatasync,linkat,rename,renameat,renameat2",
        options + ["\(source)\(operands.source)", "\(target)\(operands.target)"]
      )
    }
  }

  @Test func aRunEndsWithSyncfs() throws {
    for engine in engines {
      let calls = try syncs(["--io-engine=\(engine)"])
      // After the last name was published, and with success.
      let last = try #require(calls.last)
      #expect(last.is("syncfs") && last.hasSucceeded, "\(engine): \(calls)")
      #expect(calls.allSatisfy { $0.begin == last.begin || $0.end < last.begin }, "\(calls)")
      #expect(calls.count { $0.is("syncfs") } == 1, "\(engine): \(calls)")
    }
  }

  /// A file that is an operand itself is in no directory that is read.
  @Test func aSingleFileIsSynced() throws {
    for operands in [("/a", "/"), ("/a", "/new")] {
      let calls = try syncs([], operands: operands)
      #expect(calls.contains { $0.is("syncfs") && $0.hasSucceeded }, "\(calls)")
    }
  }

  @Test func noneMeansNone() throws {
    let calls = try syncs(["--durability=none"])
    #expect(calls.contains { $0.is("linkat") }, "\(calls)")
    #expect(!calls.contains { $0.description.contains("sync") }, "\(calls)")
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
        let calls = try sandbox.trace(
          "syncfs,sync_file_range,linkat",
          options + ["\(source)/", "\(target)/"]
        )
        expectNone(namesWithoutData(calls), "\(kind) \(files) \(options)")
        #expect(calls.count { $0.is("linkat") && $0.hasSucceeded } == files)
      }
    }
  }

  /// The calls that gave a file its name before its data was waited for.
  private func namesWithoutData(_ calls: [TracedCall]) -> [String] {
    var waitedFor: [Int: Int] = [:]
    var early: [String] = []
    for call in calls {
      guard let descriptor = call.descriptor else { continue }
      if call.is("sync_file_range", "WAIT_AFTER") {
        waitedFor[descriptor] = call.end
      } else if call.is("linkat") && call.hasSucceeded {
        // The number may be another file's next.
        let waited = waitedFor.removeValue(forKey: descriptor)
        if waited.map({ $0 < call.begin }) != true { early.append(call.description) }
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
        let options = [option, "-v", "\(source)/", "\(target)/"]
        let calls = try sandbox.trace("syncfs,linkat,write", options)
        let named = try #require(calls.last { $0.is("linkat") })
        let synced = try #require(
          calls.first { $0.is("syncfs") && $0.hasSucceeded && $0.begin > named.end }
        )
        let told = try #require(calls.first { $0.is("write", "(1, ") })
        #expect(synced.end < told.begin, "\(kind): \(calls)")
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
      let options = ["--io-engine=sync", "--cache=keep:\(mode)", "\(source)/", "\(target)/copy"]
      let calls = try sandbox.trace("pwrite64,sync_file_range,linkat,fallocate", options)
      guard mode == "direct" else {
        #expect(!calls.contains { $0.is("fallocate") }, "\(calls)")
        return
      }
      let written = try #require(calls.first { $0.is("pwrite64", "1234, 3145728)") }, "\(calls)")
      let waited = try #require(
        calls.first { $0.is("sync_file_range", "3145728", "WAIT_AFTER") },
        "\(calls)"
      )
      let named = try #require(calls.first { $0.is("linkat", "\"file\"") }, "\(calls)")
      #expect(written.end < waited.begin && waited.end < named.begin, "\(calls)")
      try expectSame(source, "\(target)/copy")
    }
  }

  /// Nodes, and links that replace others, have their owner and times before their names; a link
  /// that is new has its contents with its name.
  @Test(.enabled(if: isRoot, "only root can give links away"))
  func metadataComesBeforeTheName() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      try succeed("ln", ["-s", "somewhere", "\(source)/entry-link"])
      try succeed("mkfifo", ["\(source)/entry-pipe"])
      try succeed("chown", ["-h", "1001:2001", "\(source)/entry-link", "\(source)/entry-pipe"])
      for run in ["first", "replacing"] {
        let names = "symlinkat,mknodat,fchownat,utimensat,renameat,renameat2"
        let calls = try sandbox.trace(names, ["\(source)/", "\(target)/"])
        for entry in ["entry-link", "entry-pipe"] {
          let own = calls.filter { $0.description.contains("\"\(entry)\"") }
          if run == "first" && entry == "entry-link" {
            #expect(own.first?.is("symlinkat", "\"somewhere\"") == true, "\(calls)")
            continue
          }
          let last = try #require(calls.last { $0.description.contains(entry) })
          #expect(last.description.hasPrefix("renameat"), "\(run): \(calls)")
          #expect(own.count == 1 && own.first?.begin == last.begin, "\(run): \(calls)")
        }
        try expectSame(source, target)
        try succeed("ln", ["-sfn", "elsewhere", "\(source)/entry-link"])
        try succeed("rm", ["\(target)/entry-pipe"])
      }
    }
  }
}
