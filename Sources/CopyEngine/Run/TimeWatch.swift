// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import SystemPackage

/// Ends a run when its time is over, or when nothing goes on: looks once a second, on a thread of
/// its own.
final class TimeWatch: Sendable {
  /// What is to be done.
  enum Event: Equatable {
    /// The run is to be stopped.
    case stop(CopyReport.Stop)
    /// The run was stopped, and does not end.
    case hangs
  }

  /// When the run went on last, as far as was seen.
  struct Progress {
    fileprivate var pulse: [UInt64] = []
    fileprivate var since = 0
    fileprivate var stoppedAt: Int?
    fileprivate var hasHung = false
  }

  /// So long may it take what is in flight to come to its end, in seconds.
  static let endSecondsMax = 5

  private let limits: TimeLimits
  private let heartbeat: Heartbeat?
  private let time: Ticker.Time
  private let act: @Sendable (Event) -> Void
  private let ticker = Ticker()

  /// Makes a watch, which has `act` called on its thread for whatever comes up.
  init(
    _ limits: TimeLimits,
    _ heartbeat: Heartbeat?,
    _ time: Ticker.Time,
    act: @escaping @Sendable (Event) -> Void
  ) {
    self.limits = limits
    self.heartbeat = heartbeat
    self.time = time
    self.act = act
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
  func stop(_ thread: Thread?) { ticker.end(thread) }

  private func look() {
    var progress = Progress()
    repeat {
      if let event = sample(&progress) { act(event) }
    } while ticker.tick()
  }

  /// Takes a look.
  func sample(_ progress: inout Progress) -> Event? {
    let now = time.elapsed()
    if let stoppedAt = progress.stoppedAt {
      guard limits.idleSecondsMax != nil, !progress.hasHung,
        now - max(stoppedAt, lastProgress(&progress, now)) >= Self.endSecondsMax
      else { return nil }
      progress.hasHung = true
      return .hangs
    }
    if let moment = limits.stopsAt, time.wall() >= moment {
      progress.stoppedAt = now
      return .stop(.timeLimit)
    }
    guard let most = limits.idleSecondsMax else { return nil }
    let idle = now - lastProgress(&progress, now)
    guard idle >= most else { return nil }
    progress.stoppedAt = now
    return .stop(.timedOut(seconds: idle))
  }

  private func lastProgress(_ progress: inout Progress, _ now: Int) -> Int {
    let pulse = heartbeat?.pulse ?? []
    if pulse != progress.pulse || heartbeat?.isResting == true {
      (progress.pulse, progress.since) = (pulse, now)
    }
    return progress.since
  }
}
