// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Uring

/// Looks at the disks of a run once a second, on a thread of its own, and tells the observer when one
/// stalls, and when it goes on.
///
/// A stall is no error: what is in flight stays there for as long as the disk takes.
final class StallWatch: Sendable {
  /// A disk to look at.
  struct Disk: Sendable {
    /// What people call it, such as `target disk sdb`.
    let title: String
    /// Its name in `/sys/class/block`.
    let name: String
  }

  private let disks: [Disk]
  private let observer: any CopyObserver
  private let sysfs: String
  private let isOver = Monitor(false)

  /// Makes a watch.
  ///
  /// - Parameters:
  ///   - places: What the run reads and writes; each of their disks is looked at once.
  ///   - observer: Who is told.
  ///   - sysfs: Where `/sys` is, for tests.
  init(_ places: [PlaceOnDisk], observer: any CopyObserver, sysfs: String = "/sys") {
    var disks: [Disk] = []
    for place in places {
      for name in place.device.disks.map(\.name) where !disks.contains(where: { $0.name == name }) {
        disks.append(Disk(title: "\(place.role.rawValue) disk \(name)", name: name))
      }
    }
    self.disks = disks
    self.observer = observer
    self.sysfs = sysfs
  }

  /// Starts to look; without a thread nothing is told.
  ///
  /// - Returns: What `stop` has to be given.
  func start() -> pthread_t? {
    guard !disks.isEmpty else { return nil }
    var thread = pthread_t()
    let argument = unsafe Unmanaged.passRetained(self)
    let result = unsafe pthread_create(
      &thread,
      nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<StallWatch>.fromOpaque(argument).takeRetainedValue().look()
        return nil
      },
      argument.toOpaque()
    )
    guard result == 0 else {
      unsafe argument.release()
      return nil
    }
    return thread
  }

  /// Ends the thread.
  func stop(_ thread: pthread_t?) {
    guard let thread else { return }
    isOver.withLockWaking { $0 = true }
    pthread_join(thread, nil)
  }

  private func look() {
    var detectors = disks.map { _ in StallDetector() }
    while isOver.wait(seconds: 1, until: { $0 ? true : nil }) == nil {
      let now = time(nil)
      for (index, disk) in disks.enumerated() {
        guard let text = readSmallFile("\(sysfs)/class/block/\(disk.name)/stat"),
          let activity = DiskActivity(parsing: text),
          let event = detectors[index].sample(activity, at: now)
        else { continue }
        observer.warned(line(event, disk, activity))
      }
    }
  }

  private func line(
    _ event: StallDetector.Event,
    _ disk: Disk,
    _ activity: DiskActivity
  ) -> String {
    switch event {
    case .stalled(let since):
      "\(disk.title) stalls: nothing completed since \(clock(since)), \(activity.inFlight) requests wait"
    case .recovered(let seconds):
      "\(disk.title) goes on after \(seconds) s"
    }
  }

  /// The time of day, as the user's clock has it.
  private func clock(_ seconds: Int) -> String {
    var moment = seconds
    var parts = unsafe tm()
    unsafe localtime_r(&moment, &parts)
    return unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec]
      .map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
  }
}
