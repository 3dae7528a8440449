// SPDX-License-Identifier: Apache-2.0

import Kernel
import Synchronization
import TestSupport
import Testing

@testable import Storage

@Suite("Watching disks that stall")
struct StallWatchTests {
  /// Remembers what is told.
  private final class Recorder: Sendable {
    let events = Mutex<[StallEvent]>([])
  }

  private static let disk = WatchedDisk(role: .target, name: "sdx")

  /// Looks at a disk that has requests and completes nothing, once for each of the times.
  private func events(_ times: [(elapsed: Int, wall: Int)]) throws -> [StallEvent] {
    let recorder = Recorder()
    try withScratchDirectory { scratch in
      try scratch.makeFile("class/block/sdx/stat", "100 1 2 3 200 5 6 7 9 10 11\n")
      var detectors: [StallDetector] = []
      for (elapsed, wall) in times {
        let watch = StallWatch(
          [Self.disk],
          report: { event in recorder.events.withLock { $0.append(event) } },
          sysfs: scratch.path,
          time: Ticker.Time(elapsed: { elapsed }, wall: { wall })
        )
        if detectors.isEmpty { detectors = watch.newDetectors() }
        watch.sample(&detectors)
      }
    }
    return recorder.events.withLock { $0 }
  }

  @Test("a step of the clock on the wall is no stall")
  func steps() throws {
    #expect(try events([(10, 1_000), (11, 9_000), (12, 9_001), (14, 20_000)]).isEmpty)
  }

  @Test("a stall is told in the time of day when it began, as it is called now")
  func since() throws {
    // The clock was set back by an hour meanwhile: nothing completed since six seconds ago.
    let said = try events([(10, 7_200), (13, 3_603), (16, 3_606)])
    #expect(said == [.stalled(Self.disk, since: 3_600, waiting: 9)])
  }

  @Test("nobody sets the clock that times are measured by")
  func monotonic() throws {
    let uptime = try #require(SmallFile.text("/proc/uptime")?.split(separator: ".").first)
    let elapsed = Ticker.Time().elapsed()
    // Without the time that the machine slept.
    #expect(elapsed <= (Int(uptime) ?? 0) + 1 && elapsed > 0)
  }
}
