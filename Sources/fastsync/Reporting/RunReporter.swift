// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel
import SystemPackage

/// Says what is to be said before and behind a run.
struct RunReporter {
  private let output: Output
  private let verbosity: Verbosity
  private let plan: CopyPlan
  private let start = ContinuousClock.now
  /// Says what happens in between.
  let sink: ConsoleSink

  /// Prepares for a run: opens its log, and begins the list of names.
  init(_ plan: CopyPlan, _ verbosity: Verbosity, _ output: Output) {
    self.output = output
    self.verbosity = verbosity
    self.plan = plan
    output.configure(verbosity)
    var problem: [Message] = []
    let log = Self.openLog(plan, verbosity, &problem)
    let preservation = plan.options.preservation
    sink = ConsoleSink(
      output: output,
      verbosity: verbosity,
      log: log,
      progress: verbosity.info[.progress] > 0 ? ProgressText(verbosity.figures) : nil,
      purpose: PurposeText(plan),
      context: OutputFormat.Context(
        keepsOwner: preservation.contains(.owner),
        keepsGroup: preservation.contains(.group),
        listRoot: verbosity.listRoot,
        checksum: ShownChecksum(
          kind: verbosity.checksum,
          isOfAll: plan.options.rules.comparison.comparesContents,
          isDry: plan.options.isDryRun
        )
      ),
      deletionPhase: plan.options.deletion.phase,
      onlyNames: plan.options.isDryRun
    )
    log?.write(Array("building file list".utf8))
    for message in problem { output.writeError(message.line) }
    if let line = Self.heading(plan, verbosity), !verbosity.isQuiet {
      output.write(Array("\(line)\n".utf8))
    }
    if verbosity.debug[.flist] > 0 {
      sink.say(
        Message(
          escaping: Array("delta-transmission disabled for local transfer or --whole-file".utf8)
        ),
        .remark
      )
    }
  }

  private static func openLog(
    _ plan: CopyPlan,
    _ verbosity: Verbosity,
    _ problem: inout [Message]
  ) -> LogFile? {
    guard let settings = verbosity.log else { return nil }
    let path = FilePath(bytes: settings.path)
    do throws(Errno) {
      return try LogFile(path, followsAll: plan.options.followsForeignLinks)
    } catch {
      var message = Message.named()
      message.append("failed to open log-file ")
      message.append(path)
      message.append(": \(error)")
      problem.append(message)
      message = Message.named()
      message.append("ignoring \"log file\" setting")
      problem.append(message)
      return nil
    }
  }

  /// What begins a list of names, as rsync has it: whether it is gathered in full first.
  static func heading(_ plan: CopyPlan, _ verbosity: Verbosity) -> String? {
    let rules = plan.options.rules
    guard verbosity.info[.flist] > 0, rules.isRecursive || rules.makesDirectories else {
      return nil
    }
    let moment = plan.options.deletion.moment
    let isGathered =
      verbosity.listsFirst || !rules.isRecursive || moment == .before || moment == .after
      || rules.filters.prunesEmptyDirectories
      || plan.options.staging.delaysNames
    return isGathered ? "building file list ... done" : "sending incremental file list"
  }

  private func sayLine(_ line: String) {
    var message = Message()
    message.append(line)
    sink.say(message)
  }

  /// Says what kept the run from starting.
  func fail(_ error: CopyError) {
    sink.receive(.failed(error))
    sink.summarizeFailures()
  }

  /// Sums up.
  func finish(_ report: CopyReport, _ progress: RunProgress) {
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let summary = Summary(
      report: report,
      seconds: seconds,
      isDryRun: plan.options.isDryRun,
      verbosity: verbosity
    )
    if verbosity.info[.progress] > 1, let text = sink.progress, !verbosity.isQuiet {
      output.writeOver(text.lastLine(report))
    }
    let latencies = verbosity.tellsLatency ? progress.latencies : nil
    let latencyLines = latencies.map { LatencyText.lines($0, verbosity.figures) } ?? []
    // Blank lines are for those who read along.
    for line in latencyLines + summary.lines {
      if !line.isEmpty { sayLine(line) } else if !verbosity.isQuiet { output.write([10]) }
    }
    if let limit = summary.limit { sink.complain(Message.error(limit.utf8)) }
    if let line = summary.logLine { sink.log?.write(Array(line.utf8)) }
    sink.summarizeFailures()
    let terminal = endTerminal(seconds)
    if let closing = summary.closing {
      let message = Message.error(closing.utf8)
      if terminal != .standardError { output.writeError(message.line) }
      sink.log?.write(message.bytes)
    }
    guard let terminal else { return }
    let end = EndText(
      report: report,
      facts: progress.facts(report, seconds: seconds, plan.options.transfer),
      isDryRun: plan.options.isDryRun,
      isDurable: plan.options.publish.durability != .none,
      leftOut: progress.leftOut
    )
    let columns = TerminalDisplay.columns(at: terminal)
    for line in end.lines.flatMap({ TerminalText.wrapped($0, to: columns) }) {
      var message = Message()
      message.append(line)
      if terminal == .standardError {
        output.writeError(message.line)
      } else {
        output.write(message.line)
      }
    }
  }

  /// Where somebody waits for how the run ended: a terminal, unless it was over at once and nobody
  /// asked for figures.
  private func endTerminal(_ seconds: Double) -> TerminalDisplay.Place? {
    let isWaitedFor = seconds >= TerminalDisplay.delaySeconds
    guard verbosity.mayDisplay, plan.options.isDryRun || isWaitedFor || verbosity.info[.stats] > 0
    else { return nil }
    return TerminalDisplay.place
  }
}

extension DeletionOptions {
  /// Where rsync tells of what is removed.
  fileprivate var phase: OutputOrder.Phase {
    switch moment {
    case .before: .before
    case .after, .delay: .after
    case .during, nil: .during
    }
  }
}
