// SPDX-License-Identifier: Apache-2.0

import CLiburing
import CopyEngine
import Glibc

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
      case .text(let text):
        output.write(Array(text.utf8))
        return .done
      case .copy(let plan, let verbosity):
        return copy(plan, verbosity, watcher)
      }
    } catch {
      output.writeError(Message.error(error.sentence).line)
      return error.code
    }
  }

  private func copy(_ plan: CopyPlan, _ verbosity: Verbosity, _ watcher: SignalWatcher) -> ExitCode
  {
    let copier = TreeCopier(
      events: ConsoleSink(output: output, verbosity: verbosity, explains: verbosity.explains)
    )
    watcher.start { copier.requestStop() }
    let start = ContinuousClock.now
    let report: CopyReport
    do {
      report = try copier.copy(plan)
    } catch {
      output.writeError(Message.failure(error).line)
      return ExitCode(error.severity)
    }
    let summary = Summary(
      report: report,
      seconds: (ContinuousClock.now - start) / .seconds(1),
      isDryRun: plan.options.isDryRun,
      verbosity: verbosity
    )
    for line in summary.lines { output.write(Array("\(line)\n".utf8)) }
    if let limit = summary.limit { output.writeError(Message.error(limit.utf8).line) }
    if let closing = summary.closing { output.writeError(Message.error(closing.utf8).line) }
    return ExitCode(report)
  }
}

exit(Run(arguments: processWords()).execute().rawValue)
