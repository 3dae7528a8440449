// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel
import Storage
import SystemPackage

/// What a run does each second, as comma-separated values (`--trace`); docs/trace.md names the
/// columns.
final class TraceFile: Sendable {
  private struct State {
    var thread: Thread?
    var problem: Errno?
    /// The disks that have columns, once there is a head line.
    var disks: [String]?
    var last: TraceLook
  }

  private let file: ReportFile
  private let progress: RunProgress
  private let ticker = Ticker()
  private let state: Lock<State>

  /// Begins to write.
  ///
  /// - Parameters:
  ///   - file: Where to.
  ///   - progress: How far the run has come.
  init(_ file: ReportFile, _ progress: RunProgress) {
    self.file = file
    self.progress = progress
    state = Lock(State(last: TraceLook(progress, seconds: 0)))
  }

  /// Writes a line each second; without a thread for that there is one at the end.
  func start() {
    let thread = try? Thread {
      while self.ticker.tick() {
        self.progress.meter.refresh()
        // The workers answer when the request that they wait for is done.
        Clock.pause(microseconds: 20_000)
        self.write()
      }
    }
    state.withLock { $0.thread = thread }
  }

  /// Writes the last line.
  ///
  /// - Returns: Why something could not be written.
  func finish() -> Errno? {
    ticker.end(state.withLock { $0.thread.take() })
    write()
    return state.withLock { $0.problem }
  }

  private func write() {
    let now = TraceLook(progress, seconds: progress.seconds)
    state.withLock { state in
      guard state.problem == nil else { return }
      var text = ""
      if state.disks == nil {
        let disks = now.disks.map(\.name)
        state.disks = disks
        state.last.disks = progress.disksAtFirst
        text = TraceColumns.head(disks) + "\n"
      }
      let since = TraceInterval(before: state.last, now: now)
      text += TraceColumns.line(since, state.disks ?? []) + "\n"
      state.problem = file.write(Array(text.utf8))
      state.last = now
    }
  }
}

/// All that a line tells of, at one moment.
struct TraceLook {
  /// Since the run began.
  let seconds: Double
  let processorNanoseconds = Clock.processorNanoseconds
  let reading: CopyMeter.Reading
  /// Of all devices, by operation.
  let figures: [TransferMeter.Figures]
  let dirty = DirtyMemory()
  /// The disks of a run that has begun.
  var disks: [(name: String, activity: DiskActivity)]

  /// Takes a look at a run, and at its disks once it has begun.
  init(_ progress: RunProgress, seconds: Double) {
    self.seconds = seconds
    reading = progress.meter.read()
    disks = progress.disksNow
    let devices = progress.meter.transfers?.read() ?? []
    figures = TransferMeter.Operation.allCases.map { operation in
      devices.reduce(into: TransferMeter.Figures()) { $0.add($1[operation]) }
    }
  }
}

/// What was done between two looks.
struct TraceInterval {
  let before: TraceLook
  let now: TraceLook

  private var seconds: Double { now.seconds - before.seconds }

  /// How much a second something has grown that only grows.
  fileprivate func rate(from earlier: UInt64, to later: UInt64) -> String {
    guard seconds > 0 else { return "" }
    return "\(UInt64(Double(later - min(earlier, later)) / seconds))"
  }

  fileprivate var processors: String {
    guard seconds > 0 else { return "" }
    let worked = Double(now.processorNanoseconds - before.processorNanoseconds) / 1e9
    return decimalText(worked / seconds)
  }

  fileprivate func figures(_ operation: TransferMeter.Operation) -> TransferMeter.Figures {
    now.figures[operation.rawValue].since(before.figures[operation.rawValue])
  }

  /// What a disk did; empty where that is not known.
  fileprivate func fields(ofDisk name: String) -> [String] {
    guard let later = now.disks.first(where: { $0.name == name })?.activity else {
      return ["", "", "", ""]
    }
    guard let earlier = before.disks.first(where: { $0.name == name })?.activity else {
      return ["", "", "", "\(later.inFlight)"]
    }
    return [
      rate(from: earlier.bytesRead, to: later.bytesRead),
      rate(from: earlier.bytesWritten, to: later.bytesWritten),
      seconds > 0 ? "\(later.busyPercent(since: earlier, seconds: seconds))" : "",
      "\(later.inFlight)",
    ]
  }
}

/// The columns of a trace.
enum TraceColumns {
  private static let requests: [(operation: TransferMeter.Operation, one: String, many: String)] = [
    (.read, "read", "reads"), (.write, "write", "writes"), (.flush, "flush", "flushes"),
  ]

  /// The line of names.
  static func head(_ disks: [String]) -> String {
    var names = ["seconds", "files", "bytes", "bytes_per_second"]
    for (operation, one, many) in requests {
      if operation != .flush { names.append("\(one)_bytes_per_second") }
      names += ["\(many)_per_second", "\(many)_in_flight"]
      names += ["p50", "p99", "max"].map { "\(one)_\($0)_us" }
    }
    names += ["dirty_bytes", "writeback_bytes", "processors"]
    for disk in disks {
      names += ["read_bytes_per_second", "write_bytes_per_second", "busy_percent", "in_flight"].map
      {
        "\(disk)_\($0)"
      }
    }
    return names.joined(separator: ",")
  }

  /// A line of figures; what is not known, or did not happen, is empty.
  static func line(_ interval: TraceInterval, _ disks: [String]) -> String {
    let (before, now) = (interval.before, interval.now)
    var fields = [
      decimalText(now.seconds), "\(now.reading.files)", "\(now.reading.bytes)",
      interval.rate(from: before.reading.bytes, to: now.reading.bytes),
    ]
    for (operation, _, _) in requests {
      let figures = interval.figures(operation)
      let latency = figures.latency
      if operation != .flush { fields.append(interval.rate(from: 0, to: figures.bytes)) }
      fields += [interval.rate(from: 0, to: latency.count), "\(figures.inFlight)"]
      fields += [latency.percentile(50), latency.percentile(99), latency.maximum].map {
        latency.count == 0 ? "" : "\($0 / 1000)"
      }
    }
    fields += [now.dirty.map { "\($0.dirtyBytes)" } ?? ""]
    fields += [now.dirty.map { "\($0.writebackBytes)" } ?? "", interval.processors]
    for disk in disks { fields += interval.fields(ofDisk: disk) }
    return fields.joined(separator: ",")
  }
}
