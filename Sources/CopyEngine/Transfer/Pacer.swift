// SPDX-License-Identifier: Apache-2.0

internal import Kernel

/// Holds a run to so many bytes a second: all workers ask before they read a block, and charge what
/// they read.
///
/// What is read is owed, and the debt goes away with time. A block may be begun while less than a
/// tenth of a second is owed, and who has to wait then waits until nothing is: waits are long
/// enough to be exact, and few. What was not read while nobody wanted to is not made up for, as in
/// rsync.
final class Pacer: Sendable {
  /// What time it is, and how it passes.
  struct Time: Sendable {
    /// Nanoseconds of a clock that nobody sets.
    var now: @Sendable () -> UInt64
    /// Sleeps up to a moment, or until the pacer ends the wait; `nil` for the real thing.
    var sleep: (@Sendable (_ moment: UInt64) -> Void)?

    static let real = Time(now: { Clock.monotonicNanoseconds }, sleep: nil)
  }

  private struct State {
    /// When what was read is paid for, in nanoseconds.
    var paidAt: UInt64 = 0
    var isOver = false
  }

  /// So much may be owed before anybody waits, in nanoseconds.
  static let debtMax: UInt64 = Clock.nanosecondsOfSecond / 10

  private let bytesPerSecond: UInt64
  private let time: Time
  private let state = Monitor(State())

  /// Limits the rate.
  ///
  /// - Precondition: The rate is more than 0.
  init(bytesPerSecond: Int, time: Time = .real) {
    precondition(bytesPerSecond > 0)
    self.bytesPerSecond = UInt64(bytesPerSecond)
    self.time = time
  }

  /// What limits the rate of a run, if anything does; it holds nobody any more when the run stops.
  static func make(for run: RunContext) -> Pacer? {
    guard let rate = run.options.transfer.bytesPerSecond else { return nil }
    let pacer = Pacer(bytesPerSecond: rate)
    run.onStop { pacer.end() }
    return pacer
  }

  /// Whether a block may be begun now.
  func mayStart() -> Bool {
    let now = time.now()
    return state.withLock { $0.isOver || $0.paidAt <= now + Self.debtMax }
  }

  /// Notes that so many bytes are being read.
  func charge(_ bytes: UInt64) {
    let now = time.now()
    // A block has 1 GiB at the most.
    let cost = bytes * Clock.nanosecondsOfSecond / bytesPerSecond
    state.withLock { $0.paidAt = max($0.paidAt, now) + cost }
  }

  /// Sleeps until nothing is owed, or the run stops.
  func pause() {
    let moment = state.withLock { $0.paidAt }
    if let sleep = time.sleep { return sleep(moment) }
    state.wait(upTo: moment) { $0.isOver ? () : nil }
  }

  /// Holds nobody any more, and wakes who sleeps.
  func end() { state.withLockWaking { $0.isOver = true } }
}
