// SPDX-License-Identifier: Apache-2.0

package import Kernel
public import SystemPackage

/// A source or the target, and what it lies on.
public struct StorageLocation: Equatable, Sendable {
  /// Which side of the run it is.
  public enum Role: String, Sendable {
    /// It is read.
    case source
    /// It is written.
    case target
  }

  /// Which side it is.
  public let role: Role
  /// Where it is, as the user would write it.
  public let path: FilePath
  /// Where it is mounted, if that is known.
  public let mount: MountTable.Mount?
  /// What it lies on.
  public let topology: StorageTopology
  /// What it is taken for; never `auto`.
  public let profile: DiskProfile
  /// Why.
  public let reason: DiskClass.Reason
  /// Whether that is more than a doubtful claim.
  public let isCertain: Bool
  /// What each of the disks is taken for, in their order; none if that was not asked.
  public let diskClasses: [DiskClass]

  /// Describes a source or the target.
  ///
  /// - Parameters:
  ///   - role: Which side it is.
  ///   - path: Where it is.
  ///   - mount: Where it is mounted, if that is known.
  ///   - topology: What it lies on.
  ///   - wanted: What the user says that it is.
  ///   - classifier: Tells what it is where the user does not.
  package init(
    _ role: Role,
    _ path: FilePath,
    mount: MountTable.Mount?,
    topology: StorageTopology,
    wanted: DiskProfile,
    classifier: inout DiskClassifier
  ) {
    self.role = role
    self.path = path
    self.mount = mount
    self.topology = topology
    guard wanted == .auto else {
      profile = wanted
      reason = .asked
      isCertain = true
      diskClasses = []
      return
    }
    diskClasses = topology.disks.map { classifier.classify($0) }
    let slowest = zip(topology.disks, diskClasses).max {
      $0.1.profile.slowness < $1.1.profile.slowness
    }
    guard let (disk, found) = slowest else {
      profile = .ssd
      reason = .noDisk
      isCertain = false
      return
    }
    profile = found.profile
    isCertain = found.isCertain
    reason = topology.disks.count == 1 ? found.reason : .slowest(disk.name)
  }

  /// Looks at all locations of a run; several on one filesystem are looked at once.
  ///
  /// - Parameters:
  ///   - sources: What is read.
  ///   - target: What is written, as far as it is there.
  ///   - mounts: The mounts of the process.
  ///   - wanted: What the user says that the disks are.
  ///   - probes: Whether a disk whose claims are in doubt is read from.
  /// - Returns: The sources in their order, and the target.
  package static func all(
    sources: [(path: FilePath, metadata: EntryMetadata)],
    target: (path: FilePath, metadata: EntryMetadata)?,
    mounts: MountTable,
    wanted: (source: DiskProfile, target: DiskProfile),
    probes: Bool
  ) -> [StorageLocation] {
    var classifier = DiskClassifier(probe: probes ? { SeekProbe.run($0, nanosecondsMax: $1) } : nil)
    var known: [UInt64: StorageTopology] = [:]
    func look(
      _ role: Role,
      _ path: FilePath,
      _ metadata: EntryMetadata,
      _ wanted: DiskProfile
    ) -> StorageLocation {
      let number = metadata.identity.device
      let topology = known[number] ?? StorageTopology(of: metadata, mounts: mounts)
      known[number] = topology
      return StorageLocation(
        role,
        path,
        mount: mounts.mount(metadata.mount),
        topology: topology,
        wanted: wanted,
        classifier: &classifier
      )
    }
    var locations = sources.map { look(.source, $0.path, $0.metadata, wanted.source) }
    if let target {
      locations.append(look(.target, target.path, target.metadata, wanted.target))
    }
    return locations
  }
}
