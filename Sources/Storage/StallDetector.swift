// SPDX-License-Identifier: Apache-2.0

/// Tells when a disk has requests and completes none, as shingled disks do for tens of seconds
/// while they clean up.
///
/// A pure value: it is told what the disk has done, and when.
package struct StallDetector {
  /// What has to be said.
  package enum Event: Equatable {
    /// Nothing was completed since then, in seconds of the caller's clock.
    case stalled(since: Int)
    /// The disk works again, after so many seconds.
    case recovered(after: Int)
  }

  /// A disk that only seeks is not that slow, in seconds.
  package static let stallSecondsMin = 5

  private var last: DiskActivity?
  private var lastProgress = 0
  private var isStalled = false

  /// Takes a look.
  package mutating func sample(_ activity: DiskActivity, at now: Int) -> Event? {
    let hasMoved = activity.completed != last?.completed || activity.inFlight == 0
    last = activity
    guard hasMoved else {
      guard !isStalled, now - lastProgress >= Self.stallSecondsMin else { return nil }
      isStalled = true
      return .stalled(since: lastProgress)
    }
    defer {
      lastProgress = now
      isStalled = false
    }
    return isStalled ? .recovered(after: now - lastProgress) : nil
  }
}
