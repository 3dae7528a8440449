// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// A disk of a run.
public struct WatchedDisk: Equatable, Sendable {
  /// Which side it is on.
  public let role: StorageLocation.Role
  /// Its name in `/sys/class/block`.
  public let name: String
}

/// A disk that stalls, or goes on.
public enum StallEvent: Equatable, Sendable {
  /// It has completed nothing since then, in seconds since 1970, and so many requests wait.
  case stalled(WatchedDisk, since: Int, waiting: UInt64)
  /// It works again, after so many seconds.
  case recovered(WatchedDisk, after: Int)
}

/// Looks at the disks of a run once a second, on a thread of its own, and tells when one stalls,
/// and when it goes on.
///
/// A stall is no error: what is in flight stays there for as long as the disk takes.
package final class StallWatch: Sendable {
  private let disks: [WatchedDisk]
  private let report: @Sendable (StallEvent) -> Void
  private let sysfs: String
  private let time: Ticker.Time
  private let ticker = Ticker()

  /// Makes a watch.
  ///
  /// - Parameters:
  ///   - locations: What the run reads and writes; each of their disks is looked at once.
  ///   - report: Told of what has to be said, on the thread of the watch.
  package convenience init(
    _ locations: [StorageLocation],
    report: @escaping @Sendable (StallEvent) -> Void
  ) {
    var disks: [WatchedDisk] = []
    for location in locations {
      for disk in location.topology.disks where !disks.contains(where: { $0.name == disk.name }) {
        disks.append(WatchedDisk(role: location.role, name: disk.name))
      }
    }
    self.init(disks, report: report, sysfs: "/sys", time: Ticker.Time())
  }

  /// Makes a watch of certain disks, with a tree in place of `/sys` and other clocks.
  package init(
    _ disks: [WatchedDisk],
    report: @escaping @Sendable (StallEvent) -> Void,
    sysfs: String,
    time: Ticker.Time
  ) {
    self.disks = disks
    self.report = report
    self.sysfs = sysfs
    self.time = time
  }

  /// Starts to look, and goes on until `stop`; without a thread nothing is told.
  ///
  /// - Returns: The thread, for `stop`.
  package func start() -> Thread? {
    guard !disks.isEmpty else { return nil }
    return try? Thread { self.look() }
  }

  /// Ends the thread.
  package func stop(_ thread: Thread?) { ticker.end(thread) }

  private func look() {
    var detectors = newDetectors()
    while ticker.tick() { sample(&detectors) }
  }

  /// A detector for each disk.
  package func newDetectors() -> [StallDetector] { disks.map { _ in StallDetector() } }

  /// Takes a look at each disk.
  package func sample(_ detectors: inout [StallDetector]) {
    let now = time.elapsed()
    for (index, disk) in disks.enumerated() {
      guard let activity = DiskActivity(of: disk.name, sysfs: sysfs),
        let event = detectors[index].sample(activity, at: now)
      else { continue }
      switch event {
      case .stalled(let since):
        let wallSince = time.wall() - (now - since)
        report(.stalled(disk, since: wallSince, waiting: activity.inFlight))
      case .recovered(let seconds):
        report(.recovered(disk, after: seconds))
      }
    }
  }
}
