// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// The three lines that end a run which a person watches: what was copied, how fast and what was
/// the limit, and what was not copied.
struct EndText {
  let report: CopyReport
  let facts: RunLimit.Facts
  var isDryRun = false
  /// Whether the run waited until everything was on stable storage.
  var isDurable = true
  /// What the options left out, as far as it was told.
  var leftOut = 0
  /// Runs that are over sooner say nothing of disks: the kernel counts in milliseconds and more.
  static let secondsMinForDisks = 0.5
  /// Where files are smaller on average it counts how many there were, in bytes.
  static let smallBytesMax: UInt64 = 1 << 20
  /// So many disks are named.
  static let disksMax = 4

  private let style = FigureStyle.grouped

  /// All of it.
  var lines: [String] { [copied] + (isDryRun ? [] : [speed]) + [outcome] }

  /// What was copied, what else was done, and what was there already.
  private var copied: String {
    var parts: [String] = []
    if report.filesCopied > 0 {
      parts.append("\(count(report.filesCopied, "file")) (\(volume))")
    }
    let links = report.created.symbolicLinks + report.hardLinksMade
    if links > 0 { parts.append(count(links, "link")) }
    let nodes = report.created.devices + report.created.specials
    if nodes > 0 { parts.append(count(nodes, "special file")) }
    let directories = report.created.directories
    if directories > 0 {
      parts.append(count(directories, "directory", "directories"))
    }
    var clauses = [
      (isDryRun ? "Would copy " : "Copied ")
        + (parts.isEmpty ? "nothing" : parts.joined(separator: ", "))
    ]
    let deleted = report.deletions.removed.total
    if deleted > 0 {
      clauses.append("\(isDryRun ? "would delete" : "deleted") \(style.count(deleted))")
    }
    if report.entriesUnchanged > 0 {
      let verb = report.entriesUnchanged == 1 ? "was" : "were"
      clauses.append("\(style.count(report.entriesUnchanged)) \(verb) up to date")
    }
    return clauses.joined(separator: "; ") + "."
  }

  /// The size of what was copied, and how much of it was written where that is clearly less.
  private var volume: String {
    let size = ProgressLines.size(Double(report.bytesCopied))
    guard !isDryRun, report.bytesWritten < report.bytesCopied / 10 * 9 else { return size }
    let written = ProgressLines.size(Double(report.bytesWritten))
    return "\(size), of which \(written) had to be written"
  }

  /// How long it took, and why not less.
  private var speed: String {
    let end = isDurable ? "until all was on the disk" : "until the kernel had all"
    var text = "Took \(duration) \(end)"
    guard report.bytesWritten > 0 else { return text + "." }
    text += ": \(ProgressLines.rate(facts.rate))"
    let filesPerSecond = Double(report.filesCopied) / max(facts.seconds, 0.001)
    if filesPerSecond >= 1,
      report.bytesCopied / UInt64(report.filesCopied) < Self.smallBytesMax
    {
      text += ", \(style.count(Int(filesPerSecond))) files/s"
    }
    return text + "." + (facts.seconds >= Self.secondsMinForDisks ? " \(limit)" : "")
  }

  private var duration: String {
    guard facts.seconds < 59.95 else { return ProgressLines.duration(facts.seconds) }
    return "\(decimalText((facts.seconds * 10).rounded() / 10).dropLast()) s"
  }

  private var limit: String {
    let limit = RunLimit(facts)
    var others = facts.disks.sorted { $0.busyPercent > $1.busyPercent }
    var text: String
    if limit == .none && facts.disks.isEmpty {
      return "The processor was \(facts.processorPercent)% busy."
    }
    switch limit {
    case .disk(let disk):
      text = "Limit: \(disk.title), \(disk.busyPercent)% busy"
      others.removeAll { $0 == disk }
    case .processor: text = "Limit: the processor"
    case .bandwidth: text = "Limit: --bwlimit"
    case .unmeasured(let isReading, let filesystem):
      let verb = isReading ? "reading" : "writing"
      text = "Limit: \(verb) \(filesystem), by all that is known"
    case .none: text = "Nothing was busy most of the time"
    }
    var loads = others.prefix(Self.disksMax).map { "\($0.title) \($0.busyPercent)%" }
    if others.count > Self.disksMax { loads.append("others less") }
    loads.append("processor \(facts.processorPercent)%")
    text += " (\(loads.joined(separator: ", ")))"
    return text + "."
  }

  /// How it ended, with the exit status, and what that means.
  private var outcome: String {
    let code = ExitCode(report)
    var reasons: [String] = []
    if report.failures > 0 { reasons.append("\(style.count(report.failures)) failed") }
    if report.vanished > 0 {
      reasons.append("\(style.count(report.vanished)) vanished at the source")
    }
    if report.deletions.skipped > 0 {
      reasons.append("\(style.count(report.deletions.skipped)) not deleted (--max-delete)")
    }
    if leftOut > 0 { reasons.append("\(style.count(leftOut)) left out as the options say") }
    if report.leavesTargetHalfWritten {
      reasons.append("the target is half written, and of no use until a run has finished")
    } else if code.isCutShort {
      reasons.append("run it again to finish")
    }
    let details = reasons.isEmpty ? "" : ": \(reasons.joined(separator: ", "))"
    return "\(headline(code)) (exit status \(code.rawValue))\(details)."
  }

  private func headline(_ code: ExitCode) -> String {
    switch code {
    case .done where isDryRun: "A dry run, which changed nothing"
    case .done where isDurable: "Everything is there, and on stable storage"
    case .done: "Everything is there, and yet to be brought to the disk by the kernel"
    case .partial: "Not everything \(isDryRun ? "would be" : "was") copied"
    case .vanished: "Some entries vanished before they were copied"
    case .limited: "Not everything was deleted"
    case .interrupted: "Interrupted"
    case .timeout: "Ended by the clock before everything was copied"
    default: "Stopped before everything was copied"
    }
  }

  private func count(_ number: Int, _ noun: String, _ plural: String? = nil) -> String {
    "\(style.count(number)) \(number == 1 ? noun : plural ?? noun + "s")"
  }
}

extension ExitCode {
  /// Whether a run with it ended before everything was visited, and the next one goes on.
  fileprivate var isCutShort: Bool { [.stopped, .interrupted, .timeout].contains(self) }
}
