// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel

/// How far a run has come, in the words of rsync's `--progress`.
final class ProgressText: Sendable {
  /// The line of the whole run is not written more often, in nanoseconds.
  private static let pauseNanoseconds: UInt64 = 200_000_000

  private struct State {
    var entriesFound = 0
    var bytesFound: UInt64 = 0
    var filesCopied = 0
    var bytesCopied: UInt64 = 0
    var lastLine: UInt64 = 0
  }

  private let figures: FigureStyle
  private let start = Clock.monotonicNanoseconds
  private let state = Lock(State())

  /// Begins at nothing.
  init(_ figures: FigureStyle) { self.figures = figures }

  /// Counts an entry, and returns the line of a file that was copied.
  func line(of entry: EntryEvent) -> [UInt8]? {
    let size = entry.source?.size ?? 0
    guard let counts = count(entry, size) else { return nil }
    return Array("\r\(figure(size, of: size, counts))\n".utf8)
  }

  /// Counts an entry, and returns the line of the whole run, if one is due.
  func totalLine(with entry: EntryEvent) -> [UInt8]? {
    guard count(entry, entry.source?.size ?? 0) != nil else { return nil }
    let now = Clock.monotonicNanoseconds
    let counts: State? = state.withLock { state in
      guard now - state.lastLine >= Self.pauseNanoseconds else { return nil }
      state.lastLine = now
      return state
    }
    return counts.map { Array(figure($0.bytesCopied, of: $0.bytesFound, $0).utf8) }
  }

  /// The line of the whole run when it is over.
  func lastLine(_ report: CopyReport) -> [UInt8] {
    let counts = state.withLock { $0 }
    return Array(figure(report.bytesCopied, of: report.bytesVisited, counts).utf8)
  }

  /// - Returns: All counts, if the entry is a file that was copied.
  private func count(_ entry: EntryEvent, _ size: UInt64) -> State? {
    state.withLock { state in
      state.entriesFound += 1
      // What only comes from a tree beside the target is not told, as in rsync.
      let isSent = entry.change.contains(.contents) && entry.change.isTold
      let isCopied = if case .file = entry.kind { isSent } else { false }
      if case .directory = entry.kind {} else { state.bytesFound += size }
      guard isCopied else { return nil }
      state.filesCopied += 1
      state.bytesCopied += size
      return state
    }
  }

  private func figure(_ bytes: UInt64, of size: UInt64, _ counts: State) -> String {
    let seconds = Double(Clock.monotonicNanoseconds - start) / 1e9
    let percent = bytes == size ? 100 : Int(100 * Double(bytes) / Double(max(size, 1)))
    var rate = Double(counts.bytesCopied) / max(seconds, 0.001) / 1024
    var unit = "kB/s"
    for larger in ["MB/s", "GB/s"] where rate > 1024 {
      rate /= 1024
      unit = larger
    }
    let elapsed = Int(seconds)
    let time = [elapsed / 60 % 60, elapsed % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
    return Self.padded(figures.text(bytes), 15) + " " + Self.padded("\(percent)%", 4) + " "
      + Self.padded(decimalText(rate), 7) + unit + " "
      + Self.padded("\(elapsed / 3600):" + time.joined(separator: ":"), 10)
      + " (xfr#\(counts.filesCopied), to-chk=0/\(counts.entriesFound))"
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(width - text.count, 0)) + text
  }
}
