// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel
import SystemPackage

/// Tells a run as JSON, an event a line (`--json`).
///
/// Lines are gathered, and written each second, when there are many, and with each that somebody
/// may wait for.
final class JSONSink: EventSink {
  private static let bufferBytesMax = 32 << 10

  private struct State {
    var buffer: [UInt8] = []
    var problem: Errno?
    var thread: Thread?
  }

  private let plan: CopyPlan
  private let tellsUnchanged: Bool
  private let progress: RunProgress
  private let file: ReportFile
  private let ticker = Ticker()
  private let state = Lock(State())

  /// Begins to write.
  ///
  /// - Parameters:
  ///   - place: Where to.
  ///   - plan: The run.
  ///   - tellsUnchanged: Whether what is as it should be is told as well.
  ///   - progress: How far it has come.
  /// - Throws: Why the file cannot be opened.
  init(
    _ place: JSONPlace,
    _ plan: CopyPlan,
    tellsUnchanged: Bool,
    _ progress: RunProgress
  ) throws(Errno) {
    self.plan = plan
    self.tellsUnchanged = tellsUnchanged
    self.progress = progress
    file =
      switch place {
      case .standardOutput: ReportFile()
      case .file(let path): try ReportFile(path, plan)
      }
  }

  var wants: RunEvent.Kinds {
    let told: RunEvent.Kinds = [
      .start, .entries, .skips, .failures, .warnings, .notes, .deletions, .backups, .targetCreation,
    ]
    return tellsUnchanged ? told.union(.unchanged) : told
  }

  func receive(_ event: RunEvent) {
    guard let line = JSONLine(event, of: plan) else { return }
    let isWaitedFor =
      switch event {
      case .started, .failed, .warning: true
      default: false
      }
    write(line, atOnce: isWaitedFor)
  }

  /// Tells each second how far the run has come; without a thread for that it is not told.
  func start() {
    let thread = try? Thread { self.tellProgress() }
    state.withLock { $0.thread = thread }
  }

  private func tellProgress() {
    while ticker.tick() {
      progress.meter.watch()
      write(JSONLine(progress.figures()), atOnce: true)
      // By the next second the workers have answered.
      progress.meter.refresh()
    }
  }

  /// Tells how the run ended, and writes what is left.
  ///
  /// - Returns: Why something could not be written.
  func finish(
    _ report: CopyReport,
    _ code: ExitCode,
    seconds: Double,
    disks: [DiskUse],
    latencies: [DeviceLatency]?
  ) -> Errno? {
    ticker.end(state.withLock { $0.thread.take() })
    write(JSONLine(report, code, seconds: seconds, disks: disks, latencies), atOnce: true)
    return state.withLock { $0.problem }
  }

  private func write(_ line: JSONLine, atOnce: Bool) {
    state.withLock { state in
      guard state.problem == nil else { return }
      state.buffer += line.line
      guard atOnce || state.buffer.count >= Self.bufferBytesMax else { return }
      state.problem = file.write(state.buffer)
      state.buffer.removeAll(keepingCapacity: true)
    }
  }
}
