// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Glibc
import Testing

@testable import fastsync

/// `--timeout`, and a filesystem that does not answer.
@Suite struct TimeoutTests {
  @Test(
    .enabled(if: RsyncTwin.obstacle == nil, "rsync is not installed"),
    arguments: ["0", "1", "-1", "", "0x10", "x", "1s", "99999999999", "1.5"]
  )
  func isReadAsByRsync(_ seconds: String) throws {
    try withSandbox { sandbox in
      _ = try sandbox.makeDirectory("s")
      let words = ["-a", "--timeout=\(seconds)", sandbox.path + "/s/", sandbox.path + "/t/"]
      let theirs = try run("rsync", words)
      let ours = try fastsync(words)
      #expect(ours.status == theirs.status, "\(theirs.errorText)\(ours.errorText)")
      guard theirs.status == 1 else { return }
      let told = theirs.errorText.split(separator: "\n").first ?? ""
      #expect(ours.errorText == "fastsync: \(told.dropFirst("rsync: ".count))\n")
    }
  }

  @Test func itCanBeTakenBack() throws {
    #expect(try plan("--timeout=5 a b").options.time.idleSecondsMax == 5)
    #expect(try plan("--timeout=5 --no-timeout a b").options.time.idleSecondsMax == nil)
    #expect(try plan("a b").options.time.idleSecondsMax == nil)
    #expect(refusal("--contimeout=5 a b")?.code == .unsupported)
  }

  /// A server that does not answer is a source that hangs in the middle of the walk.
  @Test(
    .enabled(if: FaultyFilesystem.obstacle == nil, "\(FaultyFilesystem.obstacle ?? "")"),
    arguments: engines
  )
  func whatHangsIsEnded(_ engine: String) throws {
    try withSandbox { sandbox in
      let served = try FaultyFilesystem(in: sandbox, as: "source")
      let target = try sandbox.makeDirectory("target")
      try succeed("sh", ["-c", "for n in $(seq 500); do echo $n > '\(served.path)'/$n; done"])
      try served.stop()
      defer { _ = Glibc.kill(served.server, SIGCONT) }
      let words = ["-a", "--timeout=1", "--io-engine=\(engine)", "\(served.path)/", "\(target)/"]
      let result = try fastsync(words, timeoutSeconds: 120)
      #expect(result.status == 30, "\(result.errorText)")
      #expect(result.errorText.contains("nothing went on"))
    }
  }
}
