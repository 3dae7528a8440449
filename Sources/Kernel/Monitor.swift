// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// State behind a lock, with a condition to wait for: what a `Lock` lacks for threads that have to
/// sleep until somebody has something for them.
///
/// Inlinable, since generic code is not specialised across modules otherwise.
@safe
public final class Monitor<State>: @unchecked Sendable {
  @usableFromInline let contents: Lock<State>
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  /// Puts state behind a lock.
  public init(_ state: State) {
    contents = Lock(state)
    unsafe condition = .allocate(capacity: 1)
    var attributes = pthread_condattr_t()
    unsafe pthread_condattr_init(&attributes)
    unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    unsafe pthread_cond_init(condition, &attributes)
    unsafe pthread_condattr_destroy(&attributes)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe condition.deallocate()
  }

  @usableFromInline
  func wakeAll() { unsafe pthread_cond_broadcast(condition) }

  /// Lets go of the lock until somebody wakes.
  @usableFromInline
  func sleep() { unsafe pthread_cond_wait(condition, contents.mutex) }

  /// Reads or changes the state under the lock (`pthread_mutex_lock`).
  @inlinable
  public func withLock<Result>(_ body: (inout State) -> Result) -> Result {
    contents.withLock(body)
  }

  /// Changes the state under the lock, and wakes everybody who waits (`pthread_cond_broadcast`).
  @inlinable
  public func withLockWaking<Result>(_ body: (inout State) -> Result) -> Result {
    contents.lock()
    defer {
      wakeAll()
      contents.unlock()
    }
    return contents.whileHeld(body)
  }

  /// Waits until the body has a result (`pthread_cond_wait`); it is asked again whenever somebody
  /// has woken.
  @inlinable
  public func wait<Result>(until body: (inout State) -> Result?) -> Result {
    contents.lock()
    defer { contents.unlock() }
    while true {
      // An access of its own each time: others change the state while this one sleeps, and within
      // one access the compiler may go on with what it has read.
      if let result = contents.whileHeld(body) { return result }
      sleep()
    }
  }

  /// Waits as `wait(until:)` does, but no longer than some seconds (`pthread_cond_timedwait`).
  ///
  /// - Returns: The result, or `nil` when the time is over.
  public func wait<Result>(seconds: Int, until body: (inout State) -> Result?) -> Result? {
    let end = Clock.monotonicNanoseconds + UInt64(seconds) * Clock.nanosecondsOfSecond
    return wait(upTo: end, until: body)
  }

  /// Waits as `wait(until:)` does, but no longer than up to a moment, in nanoseconds of
  /// `Clock.monotonicNanoseconds` (`pthread_cond_timedwait`).
  ///
  /// - Returns: The result, or `nil` when the time is over.
  public func wait<Result>(
    upTo moment: UInt64,
    until body: (inout State) -> Result?
  ) -> Result? {
    var end = timespec(
      tv_sec: Int(clamping: moment / Clock.nanosecondsOfSecond),
      tv_nsec: Int(moment % Clock.nanosecondsOfSecond)
    )
    contents.lock()
    defer { contents.unlock() }
    while true {
      if let result = contents.whileHeld(body) { return result }
      guard unsafe pthread_cond_timedwait(condition, contents.mutex, &end) == 0 else {
        return contents.whileHeld(body)
      }
    }
  }
}
