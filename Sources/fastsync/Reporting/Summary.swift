// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// What is said at the end of a run.
struct Summary {
  let report: CopyReport
  let seconds: Double
  let isDryRun: Bool
  let verbosity: Verbosity

  /// The lines for the standard output: none, the short form of `-v`, or the full one of `-vv`.
  var lines: [String] {
    if verbosity.level == 0 { return [] }
    let rate = figure(UInt64(Double(report.bytesWritten) / max(seconds, 0.001)))
    let total = "\(figure(report.bytesWritten)) bytes in \(decimalText(seconds)) s, \(rate) bytes/s"
    let short =
      "\(figure(report.filesCopied)) files copied, "
      + "\(figure(report.entriesUnchanged)) entries unchanged, \(total)"
    return [""] + (verbosity.level > 1 ? details : []) + [short + (isDryRun ? " (DRY RUN)" : "")]
  }

  /// The line for the standard error, where not everything was deleted, in rsync's words.
  var limit: String? {
    let skipped = report.deletions.skipped
    guard skipped > 0 else { return nil }
    return "Deletions stopped due to --max-delete limit (\(skipped) skipped)"
  }

  /// The line for the standard error, when not everything was carried over.
  var closing: String? {
    let isHalf = report.leavesTargetHalfWritten
    let half = "the target is half written, and of no use until a run has finished"
    return switch ExitCode(report) {
    case .stopped where isHalf: "stopped before everything was copied; \(half)"
    case .stopped where report.failures > 1:
      "stopped before everything was copied (failures: \(figure(report.failures))); "
        + "run it again to finish"
    case .stopped: "stopped before everything was copied; run it again to finish"
    case .interrupted where isHalf: "interrupted; \(half)"
    case .interrupted: "interrupted; run it again to finish"
    case .partial:
      "not everything was copied (failures: \(figure(report.failures)))"
        + (isHalf ? "; \(half)" : "")
    case .vanished: "some entries vanished before they were copied (\(figure(report.vanished)))"
    default: nil
    }
  }

  private var details: [String] {
    [
      "Entries visited: \(figure(report.entriesVisited))",
      "Entries unchanged: \(figure(report.entriesUnchanged))",
      "Files copied: \(figure(report.filesCopied))",
      "Directories made: \(figure(report.directoriesCreated))",
      "Links, devices, FIFOs and sockets made: \(figure(report.othersCreated))",
      "Hard links made: \(figure(report.hardLinksMade))",
      "Bytes in all files: \(figure(report.bytesVisited))",
      "Bytes written: \(figure(report.bytesWritten))",
      "Failures: \(figure(report.failures))",
      "Vanished: \(figure(report.vanished))",
    ]
  }

  private func figure(_ count: Int) -> String { figure(UInt64(max(count, 0))) }

  private func figure(_ count: UInt64) -> String { verbosity.figures.text(count) }
}
