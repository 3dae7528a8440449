// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel
import SystemPackage

/// Figures of a run in the text format of Prometheus (`--metrics`); docs/metrics.md names them.
struct MetricsFile {
  private static let lastSuccess = "fastsync_last_success_timestamp_seconds"

  let path: FilePath
  let plan: CopyPlan

  /// Writes the file, in place of that of an earlier run.
  ///
  /// - Throws: Why that cannot be done; then the earlier one is as it was.
  func write(
    _ report: CopyReport,
    _ code: ExitCode,
    seconds: Double,
    disks: [DiskUse]
  ) throws(Errno) {
    let text = text(report, code, seconds: seconds, disks: disks, now: Clock.wallTime)
    try path.replace(with: Array(text.utf8))
  }

  private func text(
    _ report: CopyReport,
    _ code: ExitCode,
    seconds: Double,
    disks: [DiskUse],
    now: Timestamp
  ) -> String {
    let end = Double(now.seconds) + Double(now.nanoseconds / 1_000_000) / 1000
    let isCopied = code == .done && !plan.options.isDryRun
    var text = ""
    func add(_ name: String, _ help: String, _ samples: [(labels: String, value: String)]) {
      guard !samples.isEmpty else { return }
      text += "# HELP \(name) \(help)\n# TYPE \(name) gauge\n"
      for sample in samples { text += "\(name){\(sample.labels)} \(sample.value)\n" }
    }
    func add(_ name: String, _ help: String, _ value: some CustomStringConvertible) {
      add(name, help, [(labels, "\(value)")])
    }
    let version = "\(labels),version=\"\(Invocation.version)\""
    add("fastsync_info", "The program that has made the run.", [(version, "1")])
    add("fastsync_exit_code", "The exit status of the last run.", code.rawValue)
    add("fastsync_success", "Whether the last run ended with 0.", code == .done ? 1 : 0)
    add("fastsync_dry_run", "Whether the last run changed nothing.", plan.options.isDryRun ? 1 : 0)
    add("fastsync_end_timestamp_seconds", "When the last run ended.", end)
    if let success = isCopied ? end : earlierSuccess {
      add(Self.lastSuccess, "When a run that copied last ended with 0.", success)
    }
    add("fastsync_duration_seconds", "How long the last run took.", seconds)
    for (name, help, value) in counts(report) { add("fastsync_\(name)", help, value) }
    add(
      "fastsync_disk_busy_ratio",
      "For how much of the last run a disk had something to do.",
      disks.map { disk in
        let role = disk.isSource ? disk.isTarget ? "both" : "source" : "target"
        let labels = "\(labels),device=\"\(Self.escaped(disk.name))\",role=\"\(role)\""
        return (labels, "\(Double(disk.busyPercent) / 100)")
      }
    )
    return text
  }

  private func counts(_ report: CopyReport) -> [(String, String, UInt64)] {
    [
      ("visited_entries", "Entries that were looked at.", UInt64(report.entriesVisited)),
      ("copied_files", "Files whose contents were copied.", UInt64(report.filesCopied)),
      ("copied_bytes", "The size of these files.", report.bytesCopied),
      ("written_bytes", "Bytes of contents that were written.", report.bytesWritten),
      (
        "unchanged_entries", "Entries that were as they should be.", UInt64(report.entriesUnchanged)
      ),
      ("deleted_entries", "Names that were deleted.", UInt64(report.deletions.removed.total)),
      ("failures", "What could not be carried over.", UInt64(report.failures)),
      (
        "vanished_entries", "Entries that were gone when they were copied.", UInt64(report.vanished)
      ),
    ]
  }

  /// What tells runs from each other.
  private var labels: String {
    let sources = plan.sources.map { String(decoding: $0.path.bytes, as: UTF8.self) }
    let source = Self.escaped(sources.joined(separator: " "))
    let target = Self.escaped(String(decoding: plan.target.bytes, as: UTF8.self))
    return "source=\"\(source)\",target=\"\(target)\""
  }

  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": escaped += "\\\\"
      case "\"": escaped += "\\\""
      case "\n": escaped += "\\n"
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }

  /// When a run ended well, as an earlier one has written it.
  private var earlierSuccess: Double? {
    guard let bytes = try? FileCalls.readAll(path: path) else { return nil }
    for line in bytes.split(separator: UInt8(ascii: "\n"))
    where line.starts(with: Self.lastSuccess.utf8) {
      let value = line.split(separator: UInt8(ascii: " ")).last.map {
        String(decoding: $0, as: UTF8.self)
      }
      if let value { return Double(value) }
    }
    return nil
  }
}
