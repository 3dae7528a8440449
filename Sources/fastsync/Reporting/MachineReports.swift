// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel
import SystemPackage

/// What a run writes for machines: its events (`--json`), its figures (`--metrics`), and what it
/// does each second (`--trace`).
struct MachineReports {
  /// A file that many may write to.
  private static let nothing = Array("/dev/null".utf8)

  private let json: JSONSink?
  private let metrics: MetricsFile?
  private let trace: TraceFile?
  private let plan: CopyPlan
  private let progress: RunProgress
  private let output: Output

  /// Begins to write what is wanted.
  ///
  /// - Parameters:
  ///   - plan: The run.
  ///   - verbosity: What is wanted.
  ///   - progress: How far it has come.
  ///   - output: Where problems are told.
  /// - Throws: Why events or a trace cannot be written.
  init(
    _ plan: CopyPlan,
    _ verbosity: Verbosity,
    _ progress: RunProgress,
    _ output: Output
  ) throws(Refusal) {
    self.plan = plan
    self.progress = progress
    self.output = output
    metrics = verbosity.metricsFile.map { MetricsFile(path: FilePath(bytes: $0), plan: plan) }
    if let path = verbosity.traceFile, verbosity.json == .file(path), path != Self.nothing {
      throw Refusal("--trace and --json have the same file")
    }
    json = try Self.open("--json") { () throws(Errno) in
      guard let place = verbosity.json else { return nil }
      return try JSONSink(place, plan, tellsUnchanged: verbosity.tellsUnchanged, progress)
    }
    trace = try Self.open("--trace") { () throws(Errno) in
      guard let path = verbosity.traceFile else { return nil }
      return TraceFile(try ReportFile(path, plan), progress)
    }
  }

  private static func open<Writer>(
    _ option: String,
    _ make: () throws(Errno) -> Writer?
  ) throws(Refusal) -> Writer? {
    do throws(Errno) {
      return try make()
    } catch {
      throw Refusal("\(option): the file cannot be opened: \(error)", .stopped)
    }
  }

  /// Who is told what happens.
  var sinks: [any EventSink] { json.map { [$0] } ?? [] }

  /// Begins to tell how far the run has come.
  func begin() {
    json?.start()
    trace?.start()
  }

  /// Writes what is known of a run that did not even begin.
  func fail(_ error: CopyError) -> ExitCode {
    var report = CopyReport()
    report.failures = 1
    json?.receive(.failed(error))
    return finish(report, ExitCode(error.severity))
  }

  /// Writes what is known when a run is over.
  ///
  /// - Returns: Its exit status, or another one where all went well, and something could not be
  ///   written.
  func finish(_ report: CopyReport, _ code: ExitCode) -> ExitCode {
    guard json != nil || metrics != nil || trace != nil else { return code }
    let seconds = progress.seconds
    let disks = progress.facts(report, seconds: seconds, plan.options.transfer).disks
    var isWritten = true
    let latencies = progress.latencies
    let problems = [
      json?.finish(report, code, seconds: seconds, disks: disks, latencies: latencies).map {
        "--json: the events cannot be written: \($0)"
      },
      trace?.finish().map { "--trace: the lines cannot be written: \($0)" },
    ]
    for case let problem? in problems {
      isWritten = false
      output.writeError(Message.error(problem.utf8).line)
    }
    if let metrics {
      do throws(Errno) {
        try metrics.write(report, code, seconds: seconds, disks: disks)
      } catch {
        isWritten = false
        var message = Message.named()
        message.append(metrics.path)
        message.append(": cannot write metrics: \(error)")
        output.writeError(message.line)
      }
    }
    return code == .done && !isWritten ? .stopped : code
  }
}
