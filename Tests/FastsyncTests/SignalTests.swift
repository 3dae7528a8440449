// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// SIGINT, SIGTERM and SIGHUP during a copy.
@Suite(.serialized) struct SignalTests {
  /// Starts a copy that takes far longer than the test: zeros without end, since no -S is given.
  private func startEndlessCopy(_ body: (RunningProcess, String) throws -> Void) throws {
    let script = "d=$(mktemp -d) && mkdir $d/t && truncate -s 200G $d/zeros && printf %s $d"
    let folder = try run("sh", ["-c", script]).outputText
    defer { _ = try? run("rm", ["-rf", folder]) }
    let process = try RunningProcess(
      fastsyncBinary,
      rawArguments: ["-t", "--memory=64K", "\(folder)/zeros", "\(folder)/t/"].map { Array($0.utf8) }
    )
    usleep(200_000)
    try body(process, "\(folder)/t")
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func theFirstEndsTheRunInOrder(signal: Int32) throws {
    try startEndlessCopy { process, target in
      process.send(signal)
      let result = try process.wait(timeoutSeconds: 60)
      #expect(result.status == 20)
      #expect(result.errorText.contains("interrupted"))
      #expect(try run("ls", ["-A", target]).outputText == "")
    }
  }

  @Test func ignoredSignalsStayIgnored() throws {
    let script = """
      d=$(mktemp -d); mkdir $d/t; truncate -s 200G $d/zeros; trap '' HUP
      "$1" -t --memory=64K $d/zeros $d/t/ & p=$!; sleep 0.2; kill -HUP $p; sleep 0.2
      kill -TERM $p; wait $p; echo $?; rm -rf $d
      """
    let result = try run("sh", ["-c", script, "sh", fastsyncBinary])
    #expect(result.outputText == "20\n")
  }
}
