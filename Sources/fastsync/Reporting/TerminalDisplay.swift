// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Glibc
import Kernel

/// Two lines at the bottom of what a terminal shows, which say how far the run has come, and are
/// gone when it is over.
///
/// The cursor rests at their beginning, so that whatever is written next, and a terminal that wraps
/// lines anew when it gets narrower, leaves nothing of them behind.
final class TerminalDisplay: Sendable {
  /// Where a terminal is.
  enum Place: Int32 {
    case standardOutput = 1
    case standardError = 2
  }

  /// Runs that are over sooner show nothing, in seconds.
  static let delaySeconds = 1.0
  /// The time between two looks, in nanoseconds.
  private static let pause: UInt64 = 200_000_000
  /// With fewer rows there is one line.
  private static let rowsMin = 4
  /// With fewer columns nothing is shown.
  private static let columnsMin = 12

  private struct State {
    var thread: Thread?
    var isOver = false
  }

  private let progress: RunProgress
  private let output: Output
  private let terminal: Int32
  private let isColoured: Bool
  private let state = Monitor(State())

  /// Makes a display, where there is a terminal for it that nobody else writes to.
  ///
  /// - Parameters:
  ///   - progress: What it shows.
  ///   - output: Whose other lines it makes way for.
  ///   - verbosity: Whether it is wanted.
  init?(_ progress: RunProgress, _ output: Output, _ verbosity: Verbosity) {
    guard verbosity.mayDisplay, let terminal = Self.place?.rawValue,
      let kind = Environment.nonEmptyVariable("TERM"), !kind.elementsEqual("dumb".utf8)
    else { return nil }
    self.progress = progress
    self.output = output
    self.terminal = terminal
    isColoured = Environment.nonEmptyVariable("NO_COLOR") == nil
  }

  /// The standard error, or else the standard output, if that is a terminal.
  ///
  /// Whoever reads the output through a pipe may write to the same terminal.
  static var place: Place? {
    let isPiped = isPipe(STDOUT_FILENO)
    if isatty(STDERR_FILENO) == 1 && !isPiped { return .standardError }
    return isatty(STDOUT_FILENO) == 1 ? .standardOutput : nil
  }

  private static func isPipe(_ descriptor: Int32) -> Bool {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return false }
    return [S_IFIFO, S_IFSOCK].contains(status.st_mode & S_IFMT)
  }

  /// Starts to show what there is; without a thread for it the run does without.
  func start() {
    let thread = try? Thread { self.show() }
    state.withLock { $0.thread = thread }
  }

  /// Ends the display.
  func end() {
    let thread = state.withLockWaking { state in
      state.isOver = true
      defer { state.thread = nil }
      return state.thread
    }
    thread?.join()
    output.endFooter()
  }

  /// Erases the lines whatever other threads wait for, before the process ends.
  func eraseAtOnce() {
    let eraser = Array("\r\u{1b}[J".utf8)
    unsafe eraser.withUnsafeBytes { _ = unsafe write(terminal, $0.baseAddress, $0.count) }
  }

  private func show() {
    var moment = Clock.monotonicNanoseconds + UInt64(Self.delaySeconds * 1e9)
    var columns = 0
    while state.wait(upTo: moment, until: { $0.isOver ? true : nil }) == nil {
      progress.meter.watch()
      draw(&columns)
      // By the next look the workers have answered.
      progress.meter.refresh()
      moment = Clock.monotonicNanoseconds + Self.pause
    }
  }

  /// How much room a terminal has, of which the last column stays free, since some go on to the
  /// next line behind it.
  private static func size(of terminal: Int32) -> (columns: Int, rows: Int)? {
    var size = winsize()
    guard unsafe ioctl(terminal, UInt(TIOCGWINSZ), &size) == 0 else { return nil }
    // One that was asked for nothing else has 80 columns.
    return ((size.ws_col == 0 ? 80 : Int(size.ws_col)) - 1, Int(size.ws_row))
  }

  /// How many columns there are for text that stays.
  static func columns(at place: Place) -> Int {
    max(size(of: place.rawValue)?.columns ?? .max, columnsMin)
  }

  /// Draws the lines, unless another process has the terminal (`tcgetpgrp`).
  private func draw(_ before: inout Int) {
    let figures = progress.figures()
    guard let (columns, rows) = Self.size(of: terminal), tcgetpgrp(terminal) == getpgrp()
    else { return output.showFooter(nil, on: terminal) }
    guard columns >= Self.columnsMin else { return output.showFooter(nil, on: terminal) }
    let lines = ProgressLines(figures: figures)
    var text = before == columns ? "\r" : "\r\u{1b}[J"
    before = columns
    text += lines.first(columns: columns)
    if rows == 0 || rows >= Self.rowsMin {
      text += "\u{1b}[K\r\n"
      text += lines.second(columns: columns, isColoured: isColoured, gap: progress.gap)
      text += "\u{1b}[J\r\u{1b}[A"
    } else {
      text += "\u{1b}[J\r"
    }
    output.showFooter(Array(text.utf8), on: terminal)
  }
}
