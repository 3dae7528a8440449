// SPDX-License-Identifier: Apache-2.0

import CLiburing
import CopyEngine
import Glibc

/// Tells the shim by being there that the process is the command's, which it sets up before `main`.
@_cdecl("cl_process_is_the_commands")
func processIsTheCommands() {}

/// The words behind the command's name, in bytes, since names need not be UTF-8; also where there
/// is no `/proc`, from which `CommandLine` has them.
func processWords() -> [[UInt8]] {
  var count: Int32 = 0
  let words = unsafe cl_process_arguments(&count)
  return (1..<max(Int(count), 1)).compactMap { index in
    unsafe words?[index].map { unsafe [UInt8](cString: $0) }
  }
}

/// One run of the command.
struct Run {
  /// The words after the command's name.
  let arguments: [[UInt8]]
  private let output = Output()

  /// Plans a run.
  init(arguments: [[UInt8]]) {
    self.arguments = arguments
  }

  /// Carries it out, and returns the exit status.
  func execute() -> ExitCode {
    // Before any thread is started: every thread inherits which signals are blocked.
    let watcher = SignalWatcher()
    defer { output.flush() }
    do {
      switch try Invocation(arguments) {
      case .text(let text): return show(text)
      case .copy(let plan, let verbosity):
        var plan = plan
        plan.options.process = .own
        return try copy(plan, verbosity, watcher)
      }
    } catch {
      output.writeError(Message.error(error.sentence).line)
      return error.code
    }
  }

  /// Shows all that was asked for, and says so where that is not possible.
  private func show(_ text: String) -> ExitCode {
    guard let errno = output.writeAtOnce(Array(text.utf8)) else { return .done }
    output.writeError(Message.error("the output cannot be written: \(errno)".utf8).line)
    return .stopped
  }

  private func list(_ plan: CopyPlan, _ sink: ListingSink, _ watcher: SignalWatcher) -> ExitCode {
    let copier = TreeCopier(events: sink, onHang: Self.endHanging)
    watcher.start { if case .stop = $0 { copier.requestStop() } }
    do {
      let report = try copier.copy(plan)
      sink.finish(report)
      let code = ExitCode(report)
      if code != .done { output.writeError(Message.error("not everything was listed".utf8).line) }
      return code
    } catch {
      output.writeError(Message.failure(error).line)
      return ExitCode(error.severity)
    }
  }

  /// Ends the process while a filesystem does not answer (`_exit`); what is to be printed may wait
  /// for the thread that hangs.
  private static func endHanging() {
    let line = Message.error("nothing went on, and what hangs does not end (--timeout)".utf8).line
    unsafe line.withUnsafeBytes { _ = unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    _exit(ExitCode.timeout.rawValue)
  }

  private func copy(
    _ plan: CopyPlan,
    _ verbosity: Verbosity,
    _ watcher: SignalWatcher
  ) throws(Refusal) -> ExitCode {
    if let listing = plan.options.listing {
      output.configure(verbosity)
      let sink = ListingSink(output, plan, verbosity, listing)
      return list(plan, sink, watcher)
    }
    let reporter = RunReporter(plan, verbosity, output)
    let progress = RunProgress(
      verbosity.highBits,
      measuresTransfers: verbosity.measuresTransfers
    )
    let machines = try MachineReports(plan, verbosity, progress, output)
    let display =
      reporter.sink.onlyNames ? nil : TerminalDisplay(progress, output, verbosity)
    let copier = TreeCopier(
      events: ProgressSink([reporter.sink] + machines.sinks, progress),
      meter: progress.meter,
      onHang: {
        display?.eraseAtOnce()
        Self.endHanging()
      }
    )
    watcher.start { [output] event in
      switch event {
      case .stop:
        copier.requestStop()
        output.endFooter()
      case .status: output.writeError(progress.status(verbosity.figures).line)
      case .suspend: output.suspendFooter()
      case .resume: output.resumeFooter()
      }
    }
    display?.start()
    machines.begin()
    let report: CopyReport
    do {
      report = try copier.copy(plan)
      display?.end()
    } catch {
      display?.end()
      reporter.fail(error)
      return machines.fail(error)
    }
    reporter.finish(report, progress)
    return machines.finish(report, ExitCode(report))
  }
}

exit(Run(arguments: processWords()).execute().rawValue)
