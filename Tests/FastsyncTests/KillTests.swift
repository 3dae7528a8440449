// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// kill -9 at any moment leaves every final name with its old or its new content, never a mix.
@Suite struct KillTests {
  /// 200 kills in all, whatever engines there are.
  private static let killCount = 200 / engines.count

  @Test(.timeLimit(.minutes(30)), arguments: engines) func everyNameIsOldOrNew(
    _ engine: String
  ) throws {
    let hint = "--io-engine=\(engine), \(replay("KillTests"))"
    try withSandbox { sandbox in
      let tree = try MixedTree(sandbox, seed: testSeed)
      var random = SeededRandom(seed: testSeed)
      let target = sandbox.path("target")
      let arguments = ["--io-engine=\(engine)", "\(tree.new)/", "\(target)/"]
      try tree.reset(target)
      let start = ContinuousClock.now
      try expectFastsync(0, arguments, hint: hint)
      // How long a run takes, as far as the machine has told by now.
      var wholeMicroseconds = Double((ContinuousClock.now - start).microseconds)
      try expectSame(tree.new, target, hint: hint)
      var killed = 0
      var remains = 0
      var round = 0
      while killed < KillTests.killCount && round < 5 * KillTests.killCount {
        round += 1
        // Mostly on from where the last one was killed; what is left to do gets less each time.
        if round % 3 == 1 { try tree.reset(target) }
        let fraction = Double(random.next() >> 11) / Double(1 << 53)
        let process = try RunningProcess(
          fastsyncBinary,
          rawArguments: arguments.map { Bytes(text: $0) }
        )
        usleep(UInt32(wholeMicroseconds * fraction))
        process.send(SIGKILL)
        let isKilled = try process.wait().signal == SIGKILL
        if isKilled { killed += 1 }
        wholeMicroseconds *= isKilled ? 1.05 : 0.9
        let place = "round \(round), \(hint)"
        expectNone(try tree.flaws(target), place)
        remains += try temporaryNames(target).count
      }
      print("\(engine): \(killed) kills in \(round) runs left \(remains) temporaries")
      #expect(killed == KillTests.killCount, "most runs ended before they were killed, \(hint)")
      try expectFastsync(0, arguments, hint: hint)
      try expectSame(tree.new, target, hint: hint)
      expectNone(try temporaryNames(target), hint)
    }
  }
}

extension Duration {
  var microseconds: Int64 {
    components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
  }
}
