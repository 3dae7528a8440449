// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A control group of its own that may have little memory.
private enum MemoryGroup {
  /// Where groups with a limit can be made, and the file that holds it.
  private static let places = [
    ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max"),
  ]

  /// Makes a group with a limit.
  ///
  /// - Returns: Its path, or `nil` where none can be made.
  static func make(_ limit: String) -> String? {
    for (place, file) in places {
      let path = "\(place)/fastsync-tests.\(getpid()).\(UInt64.random(in: 0 ... .max))"
      guard unsafe mkdir(path, 0o755) == 0 else { continue }
      let words = ["-c", "echo \(limit) > \(path)/\(file)"]
      if let result = try? run("sh", words), result.status == 0 { return path }
      unsafe rmdir(path)
    }
    return nil
  }

  /// Why no group can be made here, or nil.
  static let obstacle: String? = {
    guard isRoot else { return "only root can make control groups" }
    guard let path = make("16M") else { return "no control group with a limit can be made here" }
    unsafe rmdir(path)
    return nil
  }()
}

/// Runs that may have little memory.
@Suite struct MemoryGroupTests {
  /// Runs a command in a group that may have so much memory.
  private func run(in limit: String, _ words: [String]) throws -> ProcessResult {
    let group = try #require(MemoryGroup.make(limit))
    defer {
      // What has just ended may still count.
      for _ in 0..<100 where (try? FastsyncTests.run("rmdir", [group]).status) != 0 {
        guard unsafe access(group, F_OK) == 0 else { break }
      }
    }
    let script = "echo $$ > \(group)/cgroup.procs && exec \"$0\" \"$@\""
    return try FastsyncTests.run("sh", ["-c", script] + words, timeoutSeconds: 300)
  }

  /// Makes a sandbox's directory on a disk: pages of a filesystem in memory count for who writes.
  private func withDisk(_ body: (Sandbox) throws -> Void) throws {
    let path = "/var/tmp/fastsync-tests.\(getpid()).\(UInt64.random(in: 0 ... .max))"
    try check(unsafe mkdir(path, 0o755), "mkdir", Bytes(text: path))
    defer { _ = try? FastsyncTests.run("rm", ["-rf", "--one-file-system", path]) }
    try withSandbox { sandbox in
      _ = try sandbox.mount(["--bind", path], at: "disk")
      try body(sandbox)
    }
  }

  private func makeTree(_ path: String) throws {
    let contents = SeededContents(seed: testSeed)
    let root = try OpenDirectory(path)
    for number in 0..<15 {
      let directory = try root.makeDirectory(Bytes(text: "directory-\(number)"))
      for file in 0..<100 {
        let name = Bytes(text: "file-\(file)")
        try contents.makeFile(number * 100 + file, directory, name, size: 2_000 + file * 99)
      }
    }
    try contents.makeFile(1_000_000, root, Bytes(text: "large"), size: 40 << 20)
  }

  @Test(
    .enabled(if: MemoryGroup.obstacle == nil, "\(MemoryGroup.obstacle ?? "")"),
    .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
    .enabled(if: isShipped, "the other build needs more memory itself"),
    arguments: Filesystem.allCases
  )
  func sixteenMegabytes(_ kind: Filesystem) throws {
    try withDisk { sandbox in
      let source = try sandbox.makeDirectory("disk/source")
      try makeTree(source)
      let target = try kind.make(in: sandbox, as: "disk/target")
      for options in engines.flatMap({
        [["--io-engine=\($0)"], ["--io-engine=\($0)", "--cache=advise"]]
      }) {
        let words = [fastsyncBinary] + options + ["\(source)/", "\(target)/copy/"]
        for round in ["first", "second"] {
          let result = try run(in: "16M", words)
          #expect(result.status == 0 && result.standardError == [], "\(result) \(round) \(options)")
          try expectSame(source, "\(target)/copy", hint: "\(options)")
        }
        try succeed("rm", ["-r", "\(target)/copy"])
      }
    }
  }

  @Test(.enabled(if: MemoryGroup.obstacle == nil, "\(MemoryGroup.obstacle ?? "")"))
  func theLimitIsExplained() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let words = [
        fastsyncBinary, "-n", "--explain", "--profile=nvme", "\(source)/", source + "-copy",
      ]
      let told = try run(in: "64M", words).outputText
      #expect(!told.contains("memory:"), "\(told)")
      let less = try run(in: "32M", words).outputText
      #expect(
        less.contains(
          "memory: buffers, and what waits to be written, follow the 32 MiB that the "
            + "control group of the process may have"
        ),
        "\(less)"
      )
      #expect(less.contains("buffers: 8 of 512 KiB"), "\(less)")
    }
  }

  /// Whatever may be mapped, a run copies all, or says in a sentence that it cannot.
  @Test(
    .enabled(if: isShipped, "the other build maps more before it begins"),
    arguments: engines,
    [[], ["--jobs=8", "--profile=nvme"], ["-n"], ["--memory=16M"]]
  )
  func littleAddressSpace(_ engine: String, _ options: [String]) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let root = try OpenDirectory(source)
      for number in 0..<200 { try root.makeFile(Bytes(text: "file-\(number)"), [1, 2, 3]) }
      let target = sandbox.path("target")
      var statuses: [Int32] = []
      for kilobytes in stride(from: 20_000, through: 120_000, by: 5_000) {
        let script = "ulimit -v \(kilobytes) && exec \"$0\" \"$@\""
        let words =
          [fastsyncBinary, "--io-engine=\(engine)"] + options + ["\(source)/", "\(target)/"]
        let result = try FastsyncTests.run("sh", ["-c", script] + words)
        let told = "ulimit -v \(kilobytes): \(result)"
        #expect(result.status == 0 || result.status == 22, "\(told)")
        if result.status == 22 {
          let isSentence = result.errorText.hasPrefix("fastsync: ")
          #expect(isSentence && result.errorText.split(separator: "\n").count == 1, "\(told)")
        } else {
          #expect(result.standardError == [], "\(told)")
        }
        statuses.append(result.status)
        if kilobytes == 40_000 { #expect(result.status == 22, "\(told)") }
      }
      #expect(statuses.last == 0 && statuses == statuses.sorted(by: >), "\(statuses)")
    }
  }
}
