// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// What is said at the end of a run, by rsync's labels.
///
/// Nothing is sent anywhere: what is written counts as sent, nothing as received.
struct Summary {
  let report: CopyReport
  let seconds: Double
  var isDryRun = false
  let verbosity: Verbosity

  /// The lines that end the list of names: none, or some of those that `-v` and `--stats` ask for.
  var lines: [String] {
    var lines: [String] = []
    if verbosity.debug[.deltasum] > 0 {
      lines.append("total: matches=0  hash_hits=0  false_alarms=0 data=\(literalBytes)")
    }
    if verbosity.info[.stats] > 1 { lines += [""] + statistics }
    if verbosity.info[.stats] > 0 { lines += [""] + totals }
    return lines
  }

  /// The line that ends a log which has no totals.
  var logLine: String? {
    guard verbosity.info[.stats] == 0 else { return nil }
    return "sent \(report.bytesWritten) bytes  received 0 bytes  total size \(report.bytesVisited)"
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
      "stopped before everything was copied (failures: \(count(report.failures))); "
        + "run it again to finish"
    case .stopped: "stopped before everything was copied; run it again to finish"
    case .interrupted where isHalf: "interrupted; \(half)"
    case .interrupted: "interrupted; run it again to finish"
    case .timeout:
      (report.stop.map(Self.timeout) ?? "") + (isHalf ? "; \(half)" : "")
    case .partial:
      "not everything was copied (failures: \(count(report.failures)))"
        + (isHalf ? "; \(half)" : "")
    case .vanished: "some entries vanished before they were copied (\(count(report.vanished)))"
    default: nil
    }
  }

  /// Why a run was ended by the clock; the first in rsync's words.
  private static func timeout(_ stop: CopyReport.Stop) -> String {
    guard case .timedOut(let seconds) = stop else { return "stopping at requested limit" }
    return "nothing went on for \(seconds) seconds (--timeout); run it again to finish"
  }

  private var literalBytes: UInt64 { isDryRun ? 0 : report.bytesCopied - report.bytesKept }

  private var statistics: [String] {
    [
      "Number of files: \(Self.counts(report.listed, figures))",
      "Number of created files: \(Self.counts(report.created, figures))",
      "Number of deleted files: \(Self.counts(report.deletions.removed, figures))",
      "Number of regular files transferred: \(count(report.filesCopied))",
      "Total file size: \(size(report.bytesVisited)) bytes",
      "Total transferred file size: \(size(report.bytesCopied)) bytes",
      "Literal data: \(size(literalBytes)) bytes",
      "Matched data: 0 bytes",
      "File list size: 0",
      "File list generation time: 0.000 seconds",
      "File list transfer time: 0.000 seconds",
      "Total bytes sent: \(size(report.bytesWritten))",
      "Total bytes received: 0",
    ]
  }

  private var totals: [String] {
    // rsync's half second keeps short runs from boundless rates.
    let rate = figures.rate(Double(report.bytesWritten) / (seconds + 0.5))
    let speedup = Double(report.bytesVisited) / Double(max(report.bytesWritten, 1))
    return [
      "sent \(size(report.bytesWritten)) bytes  received 0 bytes  \(rate) bytes/sec",
      "total size is \(size(report.bytesVisited))  speedup is \(figures.decimal(speedup))"
        + (isDryRun ? " (DRY RUN)" : ""),
    ]
  }

  /// A number, and in brackets which kinds make it up.
  private static func counts(_ entries: EntryCounts, _ figures: FigureStyle) -> String {
    guard entries.total > 0 else { return "0" }
    let kinds = [
      ("reg", entries.files), ("dir", entries.directories), ("link", entries.symbolicLinks),
      ("dev", entries.devices), ("special", entries.specials),
    ]
    let parts = kinds.filter { $0.1 > 0 }.map { "\($0.0): \(figures.count($0.1))" }
    return "\(figures.count(entries.total)) (\(parts.joined(separator: ", ")))"
  }

  private var figures: FigureStyle { verbosity.figures }

  private func count(_ number: Int) -> String { figures.count(number) }

  private func size(_ bytes: UInt64) -> String { figures.text(bytes) }
}
