// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Storage

/// What a disk did for a run, or beside it, in some time.
struct DiskUse: Equatable {
  /// Its name in `/sys/class/block`.
  let name: String
  /// Whether a source lies on it, and whether the target does.
  let isSource: Bool
  let isTarget: Bool
  /// For how much of the time there was something for it to do, in percent.
  let busyPercent: Int
  /// Bytes a second.
  let rateRead: Double
  let rateWritten: Double

  /// What people call it, such as `target disk sdb`.
  var title: String { "\(isSource ? isTarget ? "" : "source " : "target ")disk \(name)" }
}

/// The disks of a run, whose statistics the kernel keeps; a stacked device is told by the disks
/// below it, a partition by the whole disk.
struct RunDisks {
  /// What all of them had done at one moment.
  struct Sample {
    fileprivate let nanoseconds: UInt64
    fileprivate let activities: [DiskActivity?]

    /// How long after another one it was.
    func seconds(since other: Sample) -> Double {
      Double(nanoseconds &- other.nanoseconds) / 1e9
    }
  }

  private struct Member {
    let name: String
    var isSource: Bool
    var isTarget: Bool
  }

  private var members: [Member] = []

  /// Takes the disks of all locations, each once.
  init(_ locations: [StorageLocation]) {
    for location in locations {
      for disk in location.topology.disks {
        let isTarget = location.role == .target
        if let index = members.firstIndex(where: { $0.name == disk.name }) {
          members[index].isSource = members[index].isSource || !isTarget
          members[index].isTarget = members[index].isTarget || isTarget
        } else {
          members.append(Member(name: disk.name, isSource: !isTarget, isTarget: isTarget))
        }
      }
    }
  }

  /// Looks at all of them (`/sys/class/block/*/stat`).
  ///
  /// - Parameters:
  ///   - nanoseconds: The time, of a clock that nobody sets.
  ///   - sysfs: A tree such as `/sys`.
  /// - Returns: What they had done.
  func sample(at nanoseconds: UInt64, sysfs: String = "/sys") -> Sample {
    Sample(
      nanoseconds: nanoseconds,
      activities: members.map { DiskActivity(of: $0.name, sysfs: sysfs) }
    )
  }

  /// What each had done at a look, by name; one without statistics is left out.
  func activities(at look: Sample) -> [(name: String, activity: DiskActivity)] {
    zip(members, look.activities).compactMap { member, activity in
      activity.map { (member.name, $0) }
    }
  }

  /// What they did between two looks; those that did nothing, or have no statistics, are left out.
  func uses(from before: Sample, to now: Sample) -> [DiskUse] {
    let seconds = now.seconds(since: before)
    guard seconds > 0 else { return [] }
    var uses: [DiskUse] = []
    for (index, member) in members.enumerated() {
      guard let old = before.activities[index], let new = now.activities[index],
        new.completed != old.completed
      else { continue }
      uses.append(
        DiskUse(
          name: member.name,
          isSource: member.isSource,
          isTarget: member.isTarget,
          busyPercent: new.busyPercent(since: old, seconds: seconds),
          rateRead: Double(new.bytesRead &- old.bytesRead) / seconds,
          rateWritten: Double(new.bytesWritten &- old.bytesWritten) / seconds
        )
      )
    }
    return uses
  }
}

extension DiskActivity {
  /// For how much of the time since an earlier look there was something to do, in percent.
  func busyPercent(since earlier: DiskActivity, seconds: Double) -> Int {
    let busy = Double(busyMilliseconds &- earlier.busyMilliseconds) / (10 * seconds)
    return Int(min(max(busy, 0), 100).rounded())
  }
}

/// How fast the disks of the sources are read, and those of the target written.
struct DiskRates: Equatable {
  /// One of the two.
  struct Side: Equatable {
    /// Bytes a second, of late and since the beginning.
    var now = 0.0
    var average = 0.0
    /// Of the busiest disk, of late.
    var busyPercent = 0
  }

  private(set) var reads: Side?
  private(set) var writes: Side?

  /// Sums up the disks of each side; a side of which no disk did anything since the beginning is
  /// not told.
  init?(now: [DiskUse], average: [DiskUse]) {
    for disk in average {
      if disk.isSource { reads = (reads ?? Side()).adding(average: disk.rateRead) }
      if disk.isTarget { writes = (writes ?? Side()).adding(average: disk.rateWritten) }
    }
    guard reads != nil || writes != nil else { return nil }
    for disk in now {
      if disk.isSource { reads = reads?.adding(now: disk.rateRead, disk.busyPercent) }
      if disk.isTarget { writes = writes?.adding(now: disk.rateWritten, disk.busyPercent) }
    }
  }

  /// Both, with the averages where there is room for them.
  func text(isLong: Bool) -> String {
    [("reads", reads), ("writes", writes)].compactMap { verb, side in
      side.map { side in
        let now = "\(verb) \(ProgressLines.rate(side.now))"
        guard isLong else { return "\(now) \(side.busyPercent)%" }
        return "\(now) (avg \(ProgressLines.rate(side.average)), busy \(side.busyPercent)%)"
      }
    }.joined(separator: "  ")
  }
}

extension DiskRates.Side {
  fileprivate func adding(average more: Double) -> Self {
    var side = self
    side.average += more
    return side
  }

  fileprivate func adding(now more: Double, _ busy: Int) -> Self {
    var side = self
    side.now += more
    side.busyPercent = max(side.busyPercent, busy)
    return side
  }
}
