// SPDX-License-Identifier: Apache-2.0

/// Which kind of disk one is taken for, and why.
public struct DiskClass: Equatable, Sendable {
  /// Why a disk is taken for what it is.
  public indirect enum Reason: Equatable, Sendable {
    /// The user says so.
    case asked
    /// It has zones.
    case zones(Disk.Zones)
    /// It claims to seek, or not to, and is believed.
    case claim(seeks: Bool)
    /// It claims to seek, or not to, which could not be checked.
    case uncheckedClaim(seeks: Bool, SeekProbe.Obstacle)
    /// What it claims, and what so many random reads showed (`medianNanoseconds` each).
    case measured(claimsSeeks: Bool, seeks: Bool, reads: Int, medianNanoseconds: UInt64)
    /// It seeks for a reason, and takes discards as shingled disks do.
    case takesDiscards(Reason)
    /// No disk tells.
    case noDisk
    /// The named one is the slowest of several.
    case slowest(String)
  }

  /// Never `auto`.
  public let profile: DiskProfile
  /// Why.
  public let reason: Reason
  /// Whether it is more than a doubtful claim that could not be checked.
  public var isCertain = true
}

/// Tells the kind of each disk of a run from its claims, and from a few reads where those are in
/// doubt.
package struct DiskClassifier {
  /// Reads from a disk, for so many nanoseconds at the most.
  package typealias Probe = (Disk, _ nanosecondsMax: UInt64) -> SeekProbe.Outcome

  private let probe: Probe?
  private var known: [String: DiskClass] = [:]
  /// What is left for reads from disks, in nanoseconds.
  private var nanosecondsLeft = Self.nanosecondsMax

  /// A run must not wait longer than this for all its disks together, in nanoseconds.
  static let nanosecondsMax: UInt64 = 90_000_000
  /// In less than this a slow disk answers hardly once, in nanoseconds.
  static let nanosecondsMin: UInt64 = 15_000_000

  /// Makes a classifier.
  ///
  /// - Parameter probe: Reads from a disk; `nil` where claims are good enough.
  package init(probe: Probe?) {
    self.probe = probe
  }

  /// Classifies a disk; the same one twice is read from once.
  package mutating func classify(_ disk: Disk) -> DiskClass {
    if let found = known[disk.name] { return found }
    let found = classifyAnew(disk)
    known[disk.name] = found
    return found
  }

  private mutating func classifyAnew(_ disk: Disk) -> DiskClass {
    if disk.zones != .none { return DiskClass(profile: .smr, reason: .zones(disk.zones)) }
    guard disk.transport.isDoubtful, let probe else {
      let claim = DiskClass.Reason.claim(seeks: disk.isRotational)
      return Self.classify(disk, seeks: disk.isRotational, claim)
    }
    let outcome = outcome(of: probe, disk)
    let (seeks, evidence) = Self.weigh(disk, outcome)
    var found = Self.classify(disk, seeks: seeks, evidence)
    if case .impossible = outcome { found.isCertain = false }
    return found
  }

  private mutating func outcome(of probe: Probe, _ disk: Disk) -> SeekProbe.Outcome {
    guard nanosecondsLeft >= Self.nanosecondsMin else { return .impossible(.noTimeLeft) }
    let outcome = probe(disk, min(nanosecondsLeft, SeekProbe.nanosecondsMax))
    if case .times(let times) = outcome {
      nanosecondsLeft -= min(nanosecondsLeft, times.reduce(0, +))
    }
    return outcome
  }

  /// Sets what a disk did against what it claims.
  static func weigh(
    _ disk: Disk,
    _ outcome: SeekProbe.Outcome
  ) -> (seeks: Bool, reason: DiskClass.Reason) {
    switch outcome {
    case .impossible(let obstacle):
      return (disk.isRotational, .uncheckedClaim(seeks: disk.isRotational, obstacle))
    case .times(let times):
      let median = times.sorted()[times.count / 2]
      let seeks = median >= SeekProbe.nanosecondsOfSeekMin
      return (
        seeks,
        .measured(
          claimsSeeks: disk.isRotational,
          seeks: seeks,
          reads: times.count,
          medianNanoseconds: median
        )
      )
    }
  }

  private static func classify(
    _ disk: Disk,
    seeks: Bool,
    _ reason: DiskClass.Reason
  ) -> DiskClass {
    if !seeks {
      return DiskClass(profile: disk.transport == .nvme ? .nvme : .ssd, reason: reason)
    }
    // Ordinary disks with heads have no use for discards; shingled ones that hide it do.
    guard disk.discards && disk.transport.passesDiscards else {
      return DiskClass(profile: .hdd, reason: reason)
    }
    return DiskClass(profile: .smr, reason: .takesDiscards(reason))
  }
}
