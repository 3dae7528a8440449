// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// How much is to be copied, found out ahead of the copy as soon as somebody asks.
@Suite("What is to be copied is known ahead of the copy", .enabled(if: RsyncJudge.obstacle == nil))
struct ScanAheadTests {
  /// Asks a slow run until it knows, and ends it.
  ///
  /// - Returns: The last line that it said of itself, and all that it said.
  private func ask(_ process: RunningProcess) throws -> (line: String, all: String) {
    // A run that has written something takes the signal.
    try #require(process.stop { try writtenBytes($0) > 100_000 })
    process.send(SIGCONT)
    let deadline = ContinuousClock.now + .seconds(120)
    var line = ""
    while ContinuousClock.now < deadline {
      process.send(SIGUSR1)
      usleep(100_000)
      let said = String(decoding: try process.errorUntilNow(), as: UTF8.self)
      line = said.split(separator: "\n").last { $0.contains(" passed, ") }.map(String.init) ?? line
      if !line.isEmpty && !line.contains("or more") { break }
    }
    process.send(SIGTERM)
    let result = try process.wait()
    #expect(result.status == 20, "\(result.errorText)")
    return (line, result.errorText)
  }

  /// Makes a tree of which the target has a part, and a part of that is old.
  ///
  /// It has no name of a file with several: which of them is met first is chance, and may be one
  /// that need not be copied.
  private func makeTrees(_ sandbox: Sandbox) throws {
    let script = """
      cd '\(sandbox.path)' && mkdir -p source/new/deep source/old source/kept target/old &&
      for i in $(seq 300); do head -c $((i * 100)) /dev/zero >source/new/deep/n$i.o; done &&
      for i in $(seq 200); do head -c $((i * 150)) /dev/zero >source/old/o$i; done &&
      for i in $(seq 200); do head -c $((i * 50)) /dev/zero >source/kept/k$i; done &&
      cp -a source/kept target/ &&
      for i in $(seq 20); do ln source/new/deep/n$i.o source/kept/link$i; done &&
      touch -d 2001-01-01 target/kept/k1? &&
      cp -a source/old/o1* target/old/ && echo 'hide old/o19*' >source/.rules
      """
    try succeed("sh", ["-c", script])
  }

  @Test(
    "it is what rsync would copy",
    arguments: [
      ["-a"], ["-aH"], ["-rlt", "--exclude=*.o"], ["-a", "--max-size=9000"],
      ["-a", "--ignore-existing"],
      ["-a", "-f. source/.rules"], ["-rl", "--size-only"], ["-a", "--link-dest=../target/kept"],
    ]
  )
  func asRsyncCounts(_ options: [String]) throws {
    try withSandbox { sandbox in
      try makeTrees(sandbox)
      let peer = try run(
        "rsync",
        ["-n", "--stats", "--no-h"] + options + ["source/", "target/"],
        directory: sandbox.path
      )
      func figure(_ label: String) -> String? {
        let line = peer.outputText.split(separator: "\n").first { $0.hasPrefix(label) }
        return line?.split(separator: " ").map(String.init).first { UInt64($0) != nil }
      }
      let files = try #require(figure("Number of regular files transferred:"))
      let bytes = try #require(figure("Total transferred file size:"))
      let words = ["--no-h", "--bwlimit=200K", "--durability=none"] + options
      let process = try RunningProcess(
        fastsyncBinary,
        rawArguments: (words + ["source/", "target/"]).map { Array($0.utf8) },
        directory: sandbox.path
      )
      let line = try ask(process).line
      #expect(line.contains(" of \(bytes) bytes, "), "\(line)")
      #expect(line.contains(" of \(files) files, "), "\(line)")
    }
  }

  @Test("what fails is told by the copy alone", .enabled(if: isRoot))
  func silent() throws {
    try withSandbox { sandbox in
      try makeTrees(sandbox)
      let script = """
        cd '\(sandbox.path)' && mkdir source/closed && chown -R 65534 target source/new &&
        chmod 0 source/new/deep/n7.o source/closed
        """
      try succeed("sh", ["-c", script])
      let words = ["-rt", "--bwlimit=200K", "--durability=none", "source/", "target/"]
      let process = try RunningProcess(
        fastsyncBinary,
        rawArguments: words.map { Array($0.utf8) },
        directory: sandbox.path,
        user: 65534
      )
      let (line, all) = try ask(process)
      #expect(!line.isEmpty)
      let lines = all.split(separator: "\n").filter { !$0.contains(" passed, ") }
      #expect(Set(lines).count == lines.count, "\(lines)")
    }
  }
}
