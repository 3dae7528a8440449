// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Storage

@Suite("Disks that stall")
struct StallDetectorTests {
  /// What is said over the seconds, of a disk that completes and has requests as told.
  private func events(_ seconds: [(completed: UInt64, inFlight: UInt64)]) -> [Int: StallDetector
    .Event]
  {
    var detector = StallDetector()
    var events: [Int: StallDetector.Event] = [:]
    for (second, (completed, inFlight)) in seconds.enumerated() {
      let activity = DiskActivity(completed: completed, inFlight: inFlight)
      events[second] = detector.sample(activity, at: second)
    }
    return events
  }

  @Test("it is said once that a disk stalls, and once that it goes on")
  func stalls() {
    let seconds = [(1, 8), (2, 8)] + Array(repeating: (2, 8), count: 30) + [(3, 7), (9, 7)]
    let found = events(seconds.map { (UInt64($0.0), UInt64($0.1)) })
    #expect(found == [6: .stalled(since: 1), 32: .recovered(after: 31)])
  }

  @Test("a disk with nothing to do, or one that is only slow, does not stall")
  func works() {
    #expect(events(Array(repeating: (5, 0), count: 60)).isEmpty)
    #expect(events((0..<60).map { (UInt64($0 / 4), 32) }).isEmpty)
  }

  @Test("the kernel's figures, of old and new kernels")
  func parsing() {
    func activity(_ completed: UInt64) -> DiskActivity {
      DiskActivity(
        completed: completed,
        inFlight: 9,
        bytesRead: 2 * 512,
        bytesWritten: 6 * 512,
        busyMilliseconds: 10
      )
    }
    let old = "  100 1 2 3 200 5 6 7 9 10 11\n"
    #expect(DiskActivity(parsing: old) == activity(300))
    let new = "100 1 2 3 200 5 6 7 9 10 11 1000 0 0 0 5000 8\n"
    #expect(DiskActivity(parsing: new) == activity(6300))
    #expect(DiskActivity(parsing: "") == nil && DiskActivity(parsing: "1 2 3") == nil)
  }
}
