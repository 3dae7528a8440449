// SPDX-License-Identifier: Apache-2.0

/// What lets a thread look at something once a second, until it is ended.
public final class Ticker: Sendable {
  /// What time it is, in seconds.
  public struct Time: Sendable {
    /// How long things take: nobody sets this clock (CLOCK_MONOTONIC).
    public var elapsed: @Sendable () -> Int
    /// The time since 1970, for people.
    public var wall: @Sendable () -> Int

    /// Takes the machine's clocks, or others.
    public init(
      elapsed: @escaping @Sendable () -> Int = {
        Int(Clock.monotonicNanoseconds / Clock.nanosecondsOfSecond)
      },
      wall: @escaping @Sendable () -> Int = { Clock.wallSeconds }
    ) {
      self.elapsed = elapsed
      self.wall = wall
    }
  }

  private let isOver = Monitor(false)

  /// Starts with nobody waiting.
  public init() {}

  /// Waits for a second (`pthread_cond_timedwait`).
  ///
  /// - Returns: Whether to go on.
  public func tick() -> Bool { isOver.wait(seconds: 1, until: { $0 ? true : nil }) == nil }

  /// Ends the waiting, and waits for the end of a thread that does it (`pthread_join`).
  public func end(_ thread: Thread?) {
    guard let thread else { return }
    isOver.withLockWaking { $0 = true }
    thread.join()
  }
}
