// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kernel
import SystemPackage
import Testing

@testable import CopyEngine

@Suite("The time of a run")
struct TimeWatchTests {
  /// A clock that goes on by a second whenever somebody looks at it.
  private static func clock() -> @Sendable () -> Int {
    let now = Lock(1_000_000)
    return { now.withLock { $0 += 1; return $0 } }
  }

  @Test("a run whose time is over ends, and what is at the target is whole", arguments: [1, 2])
  func stopsInTime(jobs: Int) throws {
    let directory = try OracleDirectory()
    let (source, target) = ("\(directory.path)/source", "\(directory.path)/target")
    try OracleEntry.plain(.directory).make(source)
    let count = 60
    let bytes = (0..<3000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    for number in 0..<count { try FilePath("\(source)/\(number)").write(bytes) }
    var options = CopyOptions()
    // All of it would take most of a minute.
    options.transfer.bytesPerSecond = 4096
    options.transfer.jobs = jobs
    options.time.stopsAt = 1_000_003
    let recorder = EventRecorder([.failures, .entries])
    let copier = TreeCopier(events: recorder, time: TimeWatch.Time(wall: Self.clock()))
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
      guard let copy = try? TrustedPath(FilePath("\(target)/\(number)")).contents() else { continue }
      #expect(copy == bytes)
      found += 1
    }
    #expect(found == report.filesCopied)
    let files = recorder.entries.filter { $0.kind == .file }
    #expect(files.count == found, "what is told is there")
  }

  @Test("a run that has time ends by itself")
  func hasTime() throws {
    let directory = try OracleDirectory()
    let source = "\(directory.path)/source"
    try OracleEntry.plain(.directory).make(source)
    try OracleEntry.plain(.file).make("\(source)/file")
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
    for (now, stop) in [(4, nil), (5, .timeLimit), (6, .timeLimit)] as [(Int, CopyReport.Stop?)] {
      let watch = TimeWatch(limits, TimeWatch.Time(wall: { now })) { _ in }
      #expect(watch.sample() == stop)
    }
  }
}
