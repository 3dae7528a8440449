// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// The exit statuses of the command, which are rsync's.
enum ExitCode: Int32 {
  /// Everything is there, and on stable storage unless `--durability=none` was given.
  case done = 0
  /// The command line is wrong.
  case usage = 1
  /// Source and target do not go together.
  case selection = 3
  /// The command line asks for what belongs to a remote or a delta transfer, or is not possible
  /// with a device.
  case unsupported = 4
  /// The target cannot take more, or the ring broke.
  case stopped = 11
  /// Ended early because of a signal.
  case interrupted = 20
  /// The memory for the buffers cannot be had.
  case memory = 22
  /// Some entries, or parts of them, were not carried over.
  case partial = 23
  /// Some entries vanished at the source, and nothing else went wrong.
  case vanished = 24
  /// Names were to be deleted beyond `--max-delete`, and nothing else went wrong.
  case limited = 25
  /// Ended early because its time was over, or because nothing went on.
  case timeout = 30

  /// What a finished run amounts to.
  init(_ report: CopyReport) {
    self =
      switch report.stop {
      case .failure: .stopped
      case .usage: .usage
      case .interrupted: .interrupted
      case .timeLimit, .timedOut: .timeout
      case nil where report.failures > 0: .partial
      case nil where report.vanished > 0: .vanished
      case nil: report.deletions.skipped > 0 ? .limited : .done
      }
  }

  /// What an error that kept the run from starting amounts to.
  init(_ severity: CopyError.Severity) {
    self =
      switch severity {
      case .entry: .partial
      case .vanished: .vanished
      case .stop: .stopped
      case .selection: .selection
      case .usage: .usage
      case .unsupported: .unsupported
      case .memory: .memory
      }
  }
}

/// A command line that is not carried out, and why.
struct Refusal: Error, Equatable {
  /// The reason, as one sentence without the command's name; in bytes, since it may name a word of
  /// the line.
  let sentence: [UInt8]
  /// The exit status.
  let code: ExitCode

  /// Refuses what is wrong, or with another code what is only not supported.
  init(_ sentence: String, _ code: ExitCode = .usage) {
    self.init([], sentence, code)
  }

  /// Refuses with a sentence that begins with a word of the line.
  init(_ word: [UInt8], _ rest: String, _ code: ExitCode = .usage) {
    sentence = word + rest.utf8
    self.code = code
  }
}
