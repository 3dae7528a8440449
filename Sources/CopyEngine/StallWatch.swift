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

  /// What time it is, in seconds.
  struct Clock: Sendable {
    /// How long things take: nobody sets this clock (CLOCK_MONOTONIC).
    var elapsed: @Sendable () -> Int = {
      var now = timespec()
      unsafe clock_gettime(CLOCK_MONOTONIC, &now)
      return now.tv_sec
    }
    /// The time since 1970, for people.
    var wall: @Sendable () -> Int = { time(nil) }
  }

  private let disks: [Disk]
  private let observer: any CopyObserver
  private let sysfs: String
  private let clock: Clock
  private let isOver = Monitor(false)

  /// Makes a watch.
  ///
  /// - Parameters:
  ///   - places: What the run reads and writes; each of their disks is looked at once.
  ///   - observer: Who is told.
  convenience init(_ places: [PlaceOnDisk], observer: any CopyObserver) {
    var disks: [Disk] = []
    for place in places {
      for name in place.device.disks.map(\.name) where !disks.contains(where: { $0.name == name }) {
        disks.append(Disk(title: "\(place.role.rawValue) disk \(name)", name: name))
      }
    }
    self.init(disks, observer: observer, sysfs: "/sys", clock: Clock())
  }

  /// Makes a watch of certain disks, with a tree in place of `/sys` and other clocks.
  init(_ disks: [Disk], observer: any CopyObserver, sysfs: String, clock: Clock) {
    self.disks = disks
    self.observer = observer
    self.sysfs = sysfs
    self.clock = clock
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
    var detectors = newDetectors()
    while isOver.wait(seconds: 1, until: { $0 ? true : nil }) == nil { sample(&detectors) }
  }

  /// A detector for each disk.
  func newDetectors() -> [StallDetector] { disks.map { _ in StallDetector() } }

  /// Takes a look at each disk.
  func sample(_ detectors: inout [StallDetector]) {
    let now = clock.elapsed()
    for (index, disk) in disks.enumerated() {
      guard let text = readSmallFile("\(sysfs)/class/block/\(disk.name)/stat"),
        let activity = DiskActivity(parsing: text),
        let event = detectors[index].sample(activity, at: now)
      else { continue }
      observer.warned(line(event, disk, activity, now))
    }
  }

  private func line(
    _ event: StallDetector.Event,
    _ disk: Disk,
    _ activity: DiskActivity,
    _ now: Int
  ) -> String {
    switch event {
    case .stalled(let since):
      "\(disk.title) stalls: nothing completed since \(timeOfDay(clock.wall() - (now - since))), "
        + "\(activity.inFlight) requests wait"
    case .recovered(let seconds):
      "\(disk.title) goes on after \(seconds) s"
    }
  }

  /// The time of day, as the user's clock has it.
  private func timeOfDay(_ seconds: Int) -> String {
    var moment = seconds
    var parts = unsafe tm()
    unsafe localtime_r(&moment, &parts)
    return unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec]
      .map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
  }
}
