// SPDX-License-Identifier: Apache-2.0

internal import Kernel

/// What a disk has done and has to do (`/sys/class/block/*/stat`).
package struct DiskActivity: Equatable {
  /// Reads, writes, discards and flushes that were completed since the machine started.
  package let completed: UInt64
  /// Requests that the disk has not completed yet.
  package let inFlight: UInt64

  package init(completed: UInt64, inFlight: UInt64) {
    self.completed = completed
    self.inFlight = inFlight
  }

  /// Reads what a disk has done, by its name in `class/block` of a tree such as `/sys`.
  package init?(of name: String, sysfs: String) {
    guard let text = SmallFile.text("\(sysfs)/class/block/\(name)/stat") else { return nil }
    self.init(parsing: text)
  }

  /// Takes a `stat` file apart: eleven figures since ever, four of discards since Linux 4.18, two
  /// of flushes since 5.5.
  package init?(parsing text: String) {
    let fields = text.split(whereSeparator: \.isWhitespace).map { UInt64($0) ?? 0 }
    guard fields.count >= 11 else { return nil }
    completed = [0, 4, 11, 15].reduce(0) { $1 < fields.count ? $0 &+ fields[$1] : $0 }
    inFlight = fields[8]
  }
}

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
