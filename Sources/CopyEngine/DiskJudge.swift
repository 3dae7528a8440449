// SPDX-License-Identifier: Apache-2.0

/// Which kind of disk one is taken for, and why.
struct DiskVerdict: Equatable, Sendable {
  /// Never `auto`.
  let profile: CopyOptions.Profile
  /// Why, for people.
  let reason: String
  /// Whether it is more than a doubtful claim that could not be checked.
  var isCertain = true
}

/// Tells the kind of each disk of a run from its claims, and from a few reads where those are in doubt.
struct DiskJudge {
  /// Reads from a disk, for so many nanoseconds at the most.
  typealias Probe = (Disk, _ nanosecondsMax: UInt64) -> DiskProbe.Outcome

  private let probe: Probe?
  private var known: [String: DiskVerdict] = [:]
  /// What is left for reads from disks, in nanoseconds.
  private var nanosecondsLeft = Self.nanosecondsMax

  /// A run must not wait longer than this for all its disks together, in nanoseconds.
  static let nanosecondsMax: UInt64 = 90_000_000
  /// In less than this a slow disk answers hardly once, in nanoseconds.
  static let nanosecondsMin: UInt64 = 15_000_000

  /// Makes a judge.
  ///
  /// - Parameter probe: Reads from a disk; `nil` where claims are good enough.
  init(probe: Probe?) {
    self.probe = probe
  }

  /// Judges a disk; the same one twice is read from once.
  mutating func verdict(on disk: Disk) -> DiskVerdict {
    if let verdict = known[disk.name] { return verdict }
    let verdict = judge(disk)
    known[disk.name] = verdict
    return verdict
  }

  private mutating func judge(_ disk: Disk) -> DiskVerdict {
    if disk.zones != .none {
      return DiskVerdict(profile: .smr, reason: "it has zones (\(disk.zones.rawValue))")
    }
    guard disk.transport.isDoubtful, let probe else {
      return Self.verdict(disk, seeks: disk.isRotational, "it says that it \(disk.claim)")
    }
    let outcome = outcome(of: probe, disk)
    let (seeks, evidence) = Self.weigh(disk, outcome)
    var verdict = Self.verdict(disk, seeks: seeks, evidence)
    if case .impossible = outcome { verdict.isCertain = false }
    return verdict
  }

  private mutating func outcome(of probe: Probe, _ disk: Disk) -> DiskProbe.Outcome {
    guard nanosecondsLeft >= Self.nanosecondsMin else {
      return .impossible("other disks took the time for that")
    }
    let outcome = probe(disk, min(nanosecondsLeft, DiskProbe.nanosecondsMax))
    if case .times(let times) = outcome {
      nanosecondsLeft -= min(nanosecondsLeft, times.reduce(0, +))
    }
    return outcome
  }

  /// Sets what a disk did against what it claims.
  static func weigh(_ disk: Disk, _ outcome: DiskProbe.Outcome) -> (seeks: Bool, reason: String) {
    switch outcome {
    case .impossible(let obstacle):
      return (
        disk.isRotational, "it says that it \(disk.claim), which could not be checked (\(obstacle))"
      )
    case .times(let times):
      let median = times.sorted()[times.count / 2]
      let seeks = median >= DiskProbe.nanosecondsOfSeekMin
      let hundredths = (median + 5_000) / 10_000
      let time = "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
      let measured =
        "\(times.count) random read\(times.count == 1 ? "" : "s") took \(time) ms each (median)"
      let start = "it says that it \(disk.claim)"
      return (
        seeks,
        seeks == disk.isRotational
          ? "\(start), and \(measured)"
          : "\(start), but does\(seeks ? "" : " not"): \(measured)"
      )
    }
  }

  private static func verdict(_ disk: Disk, seeks: Bool, _ reason: String) -> DiskVerdict {
    if !seeks {
      return DiskVerdict(profile: disk.transport == .nvme ? .nvme : .ssd, reason: reason)
    }
    // Ordinary disks with heads have no use for discards; shingled ones that hide it do.
    guard disk.discards && disk.transport.passesDiscards else {
      return DiskVerdict(profile: .hdd, reason: reason)
    }
    return DiskVerdict(profile: .smr, reason: "\(reason), and takes discards as shingled disks do")
  }
}

extension Disk {
  fileprivate var claim: String { isRotational ? "seeks" : "does not seek" }
}

extension CopyOptions.Profile {
  /// Of several disks the slowest one counts.
  var slowness: Int {
    switch self {
    case .auto, .nvme: 0
    case .ssd: 1
    case .hdd: 2
    case .smr: 3
    }
  }
}
