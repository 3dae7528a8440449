// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage
import Testing

/// SIGINT, SIGTERM and SIGHUP during a copy.
@Suite(.serialized) struct SignalTests {
  /// A copy that takes seconds: zeros are written, since no -S is given, in small blocks.
  private static let options = ["-t", "--memory=64K", "--io-engine=sync", "--durability=none"]

  /// Makes a folder with a big file and an empty folder `target`, and removes it afterwards.
  private func withFolder(_ body: (String) throws -> Void) throws {
    let script = "d=$(mktemp -d) && mkdir $d/target && truncate -s 8G $d/zeros && printf %s $d"
    let folder = try run("sh", ["-c", script]).outputText
    defer { _ = try? run("rm", ["-rf", folder]) }
    try body(folder)
  }

  private func startCopy(in folder: String) throws -> RunningProcess {
    let words = SignalTests.options + ["\(folder)/zeros", "\(folder)/target/"]
    let process = try RunningProcess(fastsyncBinary, rawArguments: words.map { Array($0.utf8) })
    try waitUntilBlocked(SIGTERM, by: process.processID)
    usleep(100_000)
    return process
  }

  /// Waits until the command has taken over its signals.
  private func waitUntilBlocked(_ signal: Int32, by process: pid_t) throws {
    for _ in 0..<2_000 {
      let status = try text(of: FilePath("/proc/\(process)/status"))
      let line = status.split(separator: "\n").first { $0.hasPrefix("SigBlk:") }
      let blocked = UInt64(line?.split(separator: "\t").last ?? "", radix: 16) ?? 0
      if blocked & 1 << UInt64(signal - 1) != 0 { return }
      usleep(5_000)
    }
    Issue.record("signal \(signal) is not blocked")
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func theFirstEndsTheRunInOrder(signal: Int32) throws {
    try withFolder { folder in
      let process = try startCopy(in: folder)
      process.send(signal)
      let result = try process.wait(timeoutSeconds: 60)
      #expect(result.status == 20)
      #expect(result.errorText == "fastsync: interrupted; run it again to finish\n")
      #expect(try run("ls", ["-A", "\(folder)/target"]).outputText == "")
    }
  }

  /// Either may be taken first, and the copy may be done with it before the other comes.
  @Test func theSecondEndsItAtOnce() throws {
    try withFolder { folder in
      let process = try startCopy(in: folder)
      process.send(SIGTERM)
      process.send(SIGINT)
      let result = try process.wait(timeoutSeconds: 60)
      #expect([SIGINT, SIGTERM].contains(result.signal) || result.status == 20)
      #expect(try run("find", ["\(folder)/target", "-name", "zeros"]).outputText == "")
    }
  }

  @Test func ignoredSignalsStayIgnored() throws {
    try withFolder { folder in
      let options = SignalTests.options.joined(separator: " ")
      let script = """
        trap '' HUP; "$1" \(options) "$2/zeros" "$2/target/" & p=$!
        sleep 0.3; kill -HUP $p; sleep 0.2; kill -TERM $p; wait $p; echo $?
        """
      let result = try run("sh", ["-c", script, "sh", fastsyncBinary, folder])
      #expect(result.outputText == "20\n")
    }
  }
}
