// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kernel
import Storage
import SystemPackage
import Testing

@testable import CopyEngine

@Suite("The time of a run")
struct TimeWatchTests {
  /// A clock that goes on by a second whenever somebody looks at it.
  private static func clock() -> @Sendable () -> Int {
    let now = Lock(1_000_000)
    return {
      now.withLock { now in
        now += 1
        return now
      }
    }
  }

  private static func makeDirectory(_ path: String) throws {
    guard unsafe mkdir(path, 0o755) == 0 else {
      throw CallFailure(call: "mkdir", path: path, errno: errno)
    }
  }

  @Test(
    "a run whose time is over ends, and what is at the target is whole",
    arguments: [1, 2],
    [DiskProfile.ssd, .hdd]
  )
  func stopsInTime(jobs: Int, disk: DiskProfile) throws {
    let directory = try OracleDirectory()
    let (source, target) = ("\(directory.path)/source", "\(directory.path)/target")
    try Self.makeDirectory(source)
    let count = 60
    let bytes = (0..<3000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    for number in 0..<count { try FilePath("\(source)/\(number)").write(bytes) }
    var options = CopyOptions()
    // All of it would take most of a minute.
    options.transfer.bytesPerSecond = 4096
    options.transfer.jobs = jobs
    // Where the target seeks, files are held back, but not for longer than the run has.
    options.transfer.targetProfile = disk
    options.time.stopsAt = 1_000_003
    let recorder = EventRecorder([.failures, .entries])
    let copier = TreeCopier(events: recorder, time: Ticker.Time(wall: Self.clock()))
    let report = try copier.copy(
      CopyPlan(
        sources: [CopyPlan.Source(path: FilePath(source), isContents: true)],
        target: FilePath(target),
        options: options
      )
    )
    #expect(report.stop == .timeLimit && report.failures == 0)
    #expect(report.filesCopied > 0 && report.filesCopied < count)
    var found = 0
    for number in 0..<count {
      let path = TrustedPath(FilePath("\(target)/\(number)"))
      guard let copy = try? path.contents() else { continue }
      #expect(copy == bytes)
      found += 1
    }
    #expect(found == report.filesCopied)
    let files = recorder.entries.count { if case .file = $0.kind { true } else { false } }
    #expect(files == found, "what is told is there")
  }

  @Test("a run that has time ends by itself")
  func hasTime() throws {
    let directory = try OracleDirectory()
    let source = "\(directory.path)/source"
    try Self.makeDirectory(source)
    try FilePath("\(source)/file").write([1])
    var options = CopyOptions()
    options.time.stopsAt = .max
    let report = try TreeCopier(events: EventRecorder([])).copy(
      CopyPlan(
        sources: [CopyPlan.Source(path: FilePath(source), isContents: true)],
        target: FilePath("\(directory.path)/target"),
        options: options
      )
    )
    #expect(report.stop == nil && report.filesCopied == 1)
  }

  @Test("the first look at a clock that is past the moment ends the run")
  func looks() {
    var limits = TimeLimits()
    limits.stopsAt = 5
    for (now, stops) in [(4, false), (5, true), (6, true)] {
      let watch = TimeWatch(limits, nil, Ticker.Time(wall: { now })) { _ in }
      var progress = TimeWatch.Progress()
      #expect(watch.sample(&progress) == (stops ? .stop(.timeLimit) : nil))
      #expect(watch.sample(&progress) == nil, "once is enough")
    }
  }

  /// A watch whose clock is set by hand.
  private struct Rig {
    let heartbeat: Heartbeat
    let now = Counter()
    var progress = TimeWatch.Progress()

    final class Counter: Sendable {
      private let value = Lock(0)
      var now: Int {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
      }
    }

    mutating func look(at second: Int) -> TimeWatch.Event? {
      now.now = second
      var limits = TimeLimits()
      limits.idleSecondsMax = 10
      let watch = TimeWatch(limits, heartbeat, Ticker.Time(elapsed: { [now] in now.now })) { _ in
      }
      return watch.sample(&progress)
    }
  }

  @Test("a run where nothing goes on is ended, and that it hangs is told later")
  func nothingGoesOn() {
    var rig = Rig(heartbeat: Heartbeat())
    #expect(rig.look(at: 100) == nil && rig.look(at: 109) == nil)
    rig.heartbeat.beat()
    #expect(rig.look(at: 110) == nil && rig.look(at: 119) == nil)
    #expect(rig.look(at: 120) == .stop(.timedOut(seconds: 10)))
    #expect(rig.look(at: 124) == nil)
    // It comes to its end, and slowly.
    rig.heartbeat.beat()
    #expect(rig.look(at: 125) == nil && rig.look(at: 129) == nil)
    #expect(rig.look(at: 130) == .hangs)
    #expect(rig.look(at: 200) == nil, "once is enough")
  }

  @Test("who waits on purpose does not hang")
  func rests() {
    var rig = Rig(heartbeat: Heartbeat())
    rig.heartbeat.rest()
    for second in [0, 100, 1000] { #expect(rig.look(at: second) == nil) }
    rig.heartbeat.endRest()
    #expect(rig.look(at: 1009) == nil && rig.look(at: 1018) == nil)
    #expect(rig.look(at: 1019) == .stop(.timedOut(seconds: 10)))
  }

  @Test("a disk that completes requests is no run that hangs")
  func disksWork() throws {
    let directory = try OracleDirectory()
    let block = "\(directory.path)/class/block/sda"
    for path in ["class", "class/block", "class/block/sda"] {
      try Self.makeDirectory("\(directory.path)/\(path)")
    }
    let heartbeat = Heartbeat(sysfs: directory.path)
    heartbeat.watch(disks: ["sda"])
    var rig = Rig(heartbeat: heartbeat)
    for second in stride(from: 0, through: 60, by: 6) {
      let line = "\(second) 0 0 0 7 0 0 0 5 0 0\n"
      try FilePath("\(block)/stat").write(Array(line.utf8))
      #expect(rig.look(at: second) == nil)
    }
    #expect(rig.look(at: 69) == nil)
    #expect(rig.look(at: 70) == .stop(.timedOut(seconds: 10)), "5 requests wait for ten seconds")
  }
}
