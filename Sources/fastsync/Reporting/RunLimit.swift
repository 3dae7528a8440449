// SPDX-License-Identifier: Apache-2.0

/// What kept a run from being faster.
enum RunLimit: Equatable {
  /// A disk was busy nearly all the time.
  case disk(DiskUse)
  /// The processors were.
  case processor
  /// `--bwlimit`.
  case bandwidth
  /// Nothing that is measured was busy, and one side has no disk that is: its filesystem.
  case unmeasured(reading: Bool, filesystem: String)
  /// Nothing was busy most of the time.
  case none

  /// From this on a disk or the processors are taken for the limit, in percent.
  static let busyPercentMin = 75
  /// From this part of `--bwlimit` on that is taken for the limit.
  static let bandwidthPartMin = 0.9

  /// What is known of a run when it is over.
  struct Facts {
    var seconds = 0.0
    var bytesWritten: UInt64 = 0
    /// What may be read in a second (`--bwlimit`), in bytes.
    var bytesPerSecondMax: Int?
    var disks: [DiskUse] = []
    /// The time of all processors, in seconds.
    var processorSeconds = 0.0
    /// How many processors it can use.
    var processors = 1
    /// What the sources and the target lie on where no disk tells, such as `nfs4 on server:/data`;
    /// nothing of what is in memory.
    var unmeasuredSource: String?
    var unmeasuredTarget: String?

    /// How much of the processors that it can use it used, in percent.
    var processorPercent: Int {
      let percent = 100 * processorSeconds / max(seconds * Double(max(processors, 1)), 0.001)
      return Int(min(max(percent, 0), 100).rounded())
    }

    /// Bytes a second.
    var rate: Double { Double(bytesWritten) / max(seconds, 0.001) }
  }

  /// Weighs what is known.
  init(_ facts: Facts) {
    let busiest = facts.disks.max { $0.busyPercent < $1.busyPercent }
    let diskPercent = busiest?.busyPercent ?? 0
    if let most = facts.bytesPerSecondMax, facts.rate >= Self.bandwidthPartMin * Double(most) {
      self = .bandwidth
    } else if facts.processorPercent >= max(Self.busyPercentMin, diskPercent + 1) {
      self = .processor
    } else if let busiest, diskPercent >= Self.busyPercentMin {
      self = .disk(busiest)
    } else if let filesystem = facts.unmeasuredSource {
      self = .unmeasured(reading: true, filesystem: filesystem)
    } else if let filesystem = facts.unmeasuredTarget {
      self = .unmeasured(reading: false, filesystem: filesystem)
    } else {
      self = .none
    }
  }
}
