// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel
import SystemPackage

/// Lists what would be copied, instead of copying it (`--list-only`).
///
/// The lines are kept until the last is there: workers come to names in any order.
final class ListingSink: EventSink {
  private let output: Output
  private let verbosity: Verbosity
  private let start = ContinuousClock.now
  /// Whether it is shown what symbolic links lead to.
  private let showsLinks: Bool
  /// Whether access times are shown.
  private let showsAccessTimes: Bool
  private let lines = Lock<[OrderedLine]>([])

  /// Begins a list.
  init(_ output: Output, _ plan: CopyPlan, _ verbosity: Verbosity, _ listing: Listing) {
    self.output = output
    self.verbosity = verbosity
    showsLinks = listing.showsLinks
    showsAccessTimes = plan.options.metadata.comparesAccessTimes
    if let line = RunReporter.heading(plan, verbosity), !verbosity.isQuiet {
      output.write(Array("\(line)\n".utf8))
    }
  }

  var wants: RunEvent.Kinds { verbosity.isQuiet ? .failures : [.failures, .entries, .skips] }

  func receive(_ event: RunEvent) {
    switch event {
    case .entry(let entry):
      guard let source = entry.source else { return }
      let line = Self.line(
        entry.path,
        source,
        entry.kind,
        verbosity.figures,
        showsLinks: showsLinks,
        showsAccessTimes: showsAccessTimes
      )
      let isDirectory = source.kind == .directory
      let ordered = OrderedLine(
        subject: .entry(entry.path, isDirectory: isDirectory),
        bytes: line.line
      )
      lines.withLock { $0.append(ordered) }
    case .skipped(let entry):
      guard entry.isDirectory else { return }
      output.write(LeftOutText.skip(entry).line)
    case .failed(let error): output.writeError(Message.failure(error).line)
    default: break
    }
  }

  /// Writes the list, and sums up.
  func finish(_ report: CopyReport) {
    for line in OrderedLine.sorted(lines.withLock { $0 }) { output.write(line.bytes) }
    guard !verbosity.isQuiet else { return }
    let summary = Summary(
      report: report.ofNames,
      seconds: (ContinuousClock.now - start) / .seconds(1),
      verbosity: verbosity
    )
    for line in summary.lines { output.write(Array("\(line)\n".utf8)) }
  }

  /// One entry: `-rw-r--r--         12,345 2026/11/27 10:00:00 name`.
  static func line(
    _ path: FilePath,
    _ source: EntryMetadata,
    _ kind: EntryEvent.Kind,
    _ figures: FigureStyle,
    showsLinks: Bool,
    showsAccessTimes: Bool = false
  ) -> Message {
    let hasSize = source.kind != .device && source.kind != .special
    let size = figures.text(hasSize ? source.size : 0)
    let padding = max((figures == .plain ? 11 : 14) - size.count, 0)
    let time = ModeText.time(Int(source.modificationTime.seconds), separator: " ")
    var message = Message()
    message.append("\(ModeText.kind(source.mode))\(ModeText.permissions(source.mode)) ")
    message.append("\(String(repeating: " ", count: padding))\(size) \(time) ")
    if showsAccessTimes {
      let isDirectory = source.kind == .directory
      let time = ModeText.time(Int(source.accessTime.seconds), separator: " ")
      message.append(isDirectory ? String(repeating: " ", count: 20) : "\(time) ")
    }
    message.append(path)
    if showsLinks, case .symbolicLink(let contents) = kind {
      message.append(" -> ")
      message.append(contents)
    }
    return message
  }
}

extension CopyReport {
  /// What it says of names that were looked at, and not of what would become of them.
  fileprivate var ofNames: CopyReport {
    var report = CopyReport()
    report.listed = listed
    report.bytesVisited = bytesVisited
    return report
  }
}
