// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel
import SystemPackage

/// What a run writes for machines: its events (`--json`) and its figures (`--metrics`).
struct MachineReports {
  private let json: JSONSink?
  private let metrics: MetricsFile?
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
  /// - Throws: Why events cannot be written.
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
    guard let place = verbosity.json else {
      json = nil
      return
    }
    do throws(Errno) {
      json = try JSONSink(place, plan, tellsUnchanged: verbosity.tellsUnchanged, progress)
    } catch {
      throw Refusal("--json: the file cannot be opened: \(error)", .stopped)
    }
  }

  /// Who is told what happens.
  var sinks: [any EventSink] { json.map { [$0] } ?? [] }

  /// Begins to tell how far the run has come.
  func begin() { json?.start() }

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
    guard json != nil || metrics != nil else { return code }
    let seconds = progress.seconds
    let disks = progress.facts(report, seconds: seconds, plan.options.transfer).disks
    var isWritten = true
    if let problem = json?.finish(report, code, seconds: seconds, disks: disks) {
      isWritten = false
      let text = "--json: the events cannot be written: \(problem)"
      output.writeError(Message.error(text.utf8).line)
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
