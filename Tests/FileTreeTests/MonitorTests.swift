// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

@Suite struct MonitorTests {
  /// Who sleeps has to see what others changed meanwhile; a wait that holds on to the state goes on
  /// with what it read before, in an optimised build.
  @Test func whoWaitsSeesEveryChange() async {
    let rounds = 20_000
    let monitor = Monitor([Int]())
    let taker = Task.detached {
      var sum = 0
      for _ in 0..<rounds {
        sum += monitor.wait { $0.popLast() }
      }
      return sum
    }
    for number in 1...rounds {
      monitor.withLockWaking { $0.append(number) }
    }
    #expect(await taker.value == rounds * (rounds + 1) / 2)
    #expect(monitor.withLock { $0.isEmpty })
  }
}
