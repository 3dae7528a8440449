// SPDX-License-Identifier: Apache-2.0

import Synchronization
import SystemPackage
import Testing

@testable import Storage

@Suite("Watching disks that stall")
struct StallWatchTests {
  /// Remembers the warnings.
  private final class Recorder: CopyObserver {
    let warnings = Mutex<[String]>([])
    func updated(_ update: EntryUpdate) {}
    func failed(_ error: CopyError) {}
    func skipped(_ path: FilePath, isDirectory: Bool) {}
    func warned(_ text: String) { warnings.withLock { $0.append(text) } }
    func noted(_ text: String) {}
    func explained(_ text: String) {}
  }

  /// Looks at a disk that has requests and completes nothing, once for each of the times.
  private func warnings(_ times: [(elapsed: Int, wall: Int)]) throws -> [String] {
    let recorder = Recorder()
    try withScratchDirectory { scratch in
      try scratch.makeFile("class/block/sdx/stat", "100 1 2 3 200 5 6 7 9 10 11\n")
      var detectors: [StallDetector] = []
      for (elapsed, wall) in times {
        let watch = StallWatch(
          [StallWatch.Disk(title: "target disk sdx", name: "sdx")],
          observer: recorder,
          sysfs: scratch.path,
          clock: StallWatch.Clock(elapsed: { elapsed }, wall: { wall })
        )
        if detectors.isEmpty { detectors = watch.newDetectors() }
        watch.sample(&detectors)
      }
    }
    return recorder.warnings.withLock { $0 }
  }

  @Test("a step of the clock on the wall is no stall")
  func steps() throws {
    #expect(try warnings([(10, 1_000), (11, 9_000), (12, 9_001), (14, 20_000)]).isEmpty)
  }

  @Test("a stall is told in the time of day when it began, as it is called now")
  func since() throws {
    // The clock was set back by an hour meanwhile: nothing completed since six seconds ago.
    let said = try warnings([(10, 7_200), (13, 3_603), (16, 3_606)])
    #expect(said.count == 1)
    // Whatever the time zone is, whole quarters of an hour.
    #expect(said.first?.contains(":00, 9 requests wait") == true, "\(said)")
  }

  @Test("nobody sets the clock that times are measured by")
  func monotonic() throws {
    let uptime = try #require(readSmallFile("/proc/uptime")?.split(separator: ".").first)
    let elapsed = StallWatch.Clock().elapsed()
    // Without the time that the machine slept.
    #expect(elapsed <= (Int(uptime) ?? 0) + 1 && elapsed > 0)
  }
}
