// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import SystemPackage

/// Ends a run when its time is over: looks once a second, on a thread of its own.
final class TimeWatch: Sendable {
  /// What time it is.
  struct Time: Sendable {
    /// Seconds since 1970.
    var wall: @Sendable () -> Int = { Clock.wallSeconds }
  }

  private let limits: TimeLimits
  private let time: Time
  private let end: @Sendable (CopyReport.Stop) -> Void
  private let isOver = Monitor(false)

  /// Makes a watch, which has `end` called once, on its thread.
  init(_ limits: TimeLimits, _ time: Time, end: @escaping @Sendable (CopyReport.Stop) -> Void) {
    self.limits = limits
    self.time = time
    self.end = end
  }

  /// Starts to look, where there is a limit.
  ///
  /// - Returns: The thread, for `stop`.
  /// - Throws: Why there is no thread: nobody would hold the limits.
  func start() throws(CopyError) -> Thread? {
    guard limits != TimeLimits() else { return nil }
    do throws(Errno) {
      return try Thread { self.look() }
    } catch {
      throw CopyError(.watchTime, FilePath(), error, .memory)
    }
  }

  /// Ends the thread.
  func stop(_ thread: Thread?) {
    guard let thread else { return }
    isOver.withLockWaking { $0 = true }
    thread.join()
  }

  private func look() {
    repeat {
      if let reason = sample() { return end(reason) }
    } while isOver.wait(seconds: 1, until: { $0 ? true : nil }) == nil
  }

  /// Takes a look.
  ///
  /// - Returns: Why the run is to end, if it is.
  func sample() -> CopyReport.Stop? {
    if let moment = limits.stopsAt, time.wall() >= moment { return .timeLimit }
    return nil
  }
}
