// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What time it is.
public enum Clock {
  /// Nanoseconds of a clock that nobody sets (CLOCK_MONOTONIC).
  public static var monotonicNanoseconds: UInt64 {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) * nanosecondsOfSecond + UInt64(now.tv_nsec)
  }

  /// The nanoseconds of a second.
  public static let nanosecondsOfSecond: UInt64 = 1_000_000_000

  /// The time that filesystems give their inodes, which is up to some milliseconds late
  /// (CLOCK_REALTIME_COARSE).
  public static var filesystemTime: Timestamp { timestamp(of: CLOCK_REALTIME_COARSE) }

  /// Seconds since 1970 (`time`).
  public static var wallSeconds: Int { time(nil) }

  /// The time since 1970 (CLOCK_REALTIME).
  public static var wallTime: Timestamp { timestamp(of: CLOCK_REALTIME) }

  private static func timestamp(of clock: clockid_t) -> Timestamp {
    var now = timespec()
    unsafe clock_gettime(clock, &now)
    return Timestamp(seconds: Int64(now.tv_sec), nanoseconds: UInt32(now.tv_nsec))
  }

  /// Nanoseconds that processors have worked for the process (CLOCK_PROCESS_CPUTIME_ID).
  public static var processorNanoseconds: UInt64 {
    var now = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
    return UInt64(now.tv_sec) * nanosecondsOfSecond + UInt64(now.tv_nsec)
  }

  /// Lets some time pass (`usleep`).
  public static func pause(microseconds: UInt32) { _ = usleep(microseconds) }
}
