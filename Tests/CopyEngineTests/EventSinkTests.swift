// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Glibc
import SystemPackage
import Testing

@Suite("What a run tells")
struct EventSinkTests {
  private let directory: OracleDirectory
  private var source: String { "\(directory.path)/source" }
  private var target: String { "\(directory.path)/target" }

  init() throws {
    directory = try OracleDirectory()
    try OracleEntry.plain(.directory).make(source)
    try OracleEntry.plain(.directory).make(target)
    let kinds: [(String, OracleEntry.Kind)] = [
      ("file", .file), ("link", .symbolicLink), ("fifo", .fifo),
    ]
    for (name, kind) in kinds {
      try OracleEntry.plain(kind).make("\(source)/\(name)")
    }
    // A directory with something in it does not give way.
    try OracleEntry.plain(.file).make("\(source)/full")
    try OracleEntry.plain(.directory).make("\(target)/full")
    try OracleEntry.plain(.file).make("\(target)/full/file")
    // The time of the target differs.
    try OracleEntry.plain(.directory).dress(source, isRoot: false)
  }

  private func copy(_ recorder: EventRecorder, isDryRun: Bool) throws -> CopyReport {
    var options = CopyOptions()
    options.isDryRun = isDryRun
    options.preservation = .archive.subtracting(.specials)
    options.publish.durability = .none
    return try TreeCopier(events: recorder).copy(
      CopyPlan(
        sources: [CopyPlan.Source(path: FilePath(source), isContents: true)],
        target: FilePath(target),
        options: options
      )
    )
  }

  @Test("a sink that wants nothing is told nothing; all is counted", arguments: [true, false])
  func wantsNothing(isDryRun: Bool) throws {
    let recorder = EventRecorder([])
    let report = try copy(recorder, isDryRun: isDryRun)
    #expect(recorder.events.isEmpty)
    #expect(report.failures == 1 && report.filesCopied == 1 && report.othersCreated == 1)
  }

  @Test("a sink is told what it wants, and nothing else", arguments: [true, false])
  func wants(isDryRun: Bool) throws {
    for wanted: RunEvent.Kinds in [.failures, .skips, .explanations, [.failures, .skips]] {
      let recorder = EventRecorder(wanted)
      _ = try copy(recorder, isDryRun: true)
      #expect(!recorder.events.isEmpty)
      for event in recorder.events { #expect(wanted.contains(event.kind)) }
    }
    let all = EventRecorder([.entries, .skips, .failures])
    _ = try copy(all, isDryRun: isDryRun)
    #expect(Set(all.entries.map(\.path)) == ["file", "link", "."])
    #expect(all.failures.count == 1 && all.events.count == 5)
  }

  @Test("a failure says what failed, where, and why", arguments: [true, false])
  func failure(isDryRun: Bool) throws {
    let recorder = EventRecorder(.failures)
    let report = try copy(recorder, isDryRun: isDryRun)
    let expected = CopyError(
      .replaceDirectory,
      FilePath("\(target)/full"),
      .directoryNotEmpty,
      .entry
    )
    #expect(recorder.failures == [expected] && report.failures == 1)
  }

  @Test("a source that is missing is told, and others are copied")
  func missingSource() throws {
    let recorder = EventRecorder([.failures, .entries])
    let missing = FilePath("\(directory.path)/missing")
    let report = try TreeCopier(events: recorder).copy(
      CopyPlan(
        sources: [missing, FilePath("\(source)/file")].map { CopyPlan.Source(path: $0) },
        target: FilePath(target)
      )
    )
    let expected = CopyError(.openSource, missing, .noSuchFileOrDirectory, .entry)
    #expect(recorder.failures == [expected] && report.failures == 1 && report.filesCopied == 1)
    #expect(recorder.entries.map(\.path) == ["file"])
  }

  @Test("a target that is no directory keeps the run from starting")
  func wrongTarget() throws {
    let recorder = EventRecorder([.failures, .entries])
    let target = FilePath("\(target)/full/file")
    let plan = CopyPlan(
      sources: [CopyPlan.Source(path: FilePath(source), isContents: true)],
      target: target
    )
    #expect(throws: CopyError(.refuse(.notADirectory), target, nil, .selection)) {
      try TreeCopier(events: recorder).copy(plan)
    }
    #expect(recorder.events.isEmpty)
  }

  @Test(
    "what cannot be read is told with its path at the source",
    .enabled(if: geteuid() != 0, "root reads everything")
  )
  func unreadable() throws {
    let closed = "\(source)/file"
    #expect(unsafe chmod(closed, 0) == 0)
    let recorder = EventRecorder(.failures)
    _ = try copy(recorder, isDryRun: false)
    let expected = CopyError(.open, FilePath(closed), .permissionDenied, .entry)
    #expect(recorder.failures.contains(expected))
  }
}

extension OracleEntry {
  /// An entry of no special kind.
  fileprivate static func plain(_ kind: Kind) -> OracleEntry {
    OracleEntry(
      kind: kind,
      contents: 0,
      time: 0,
      mode: 0,
      owner: 0,
      group: 0,
      list: 0,
      handedDown: 0,
      attributes: 0
    )
  }
}
