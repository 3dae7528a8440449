// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import SystemPackage

/// A source or the target, and what it lies on.
struct PlaceOnDisk {
  /// Which side of the run it is.
  enum Role: String {
    case source
    case target
  }

  let role: Role
  let path: FilePath
  let mount: MountTable.Mount?
  let device: Device
  /// What it is taken for; never `auto`.
  let profile: CopyOptions.Profile
  /// Why, for people.
  let reason: String
  /// Whether that is more than a doubtful claim.
  let isCertain: Bool
  /// What each of the device's disks is taken for, in their order; none if that was not asked.
  let verdicts: [DiskVerdict]

  /// Makes a place.
  ///
  /// - Parameters:
  ///   - role: Which side it is.
  ///   - path: Where it is.
  ///   - mount: Where it is mounted, if that is known.
  ///   - device: What it lies on.
  ///   - wanted: What the user says that it is.
  ///   - judge: Tells what it is where the user does not.
  init(
    _ role: Role,
    _ path: FilePath,
    mount: MountTable.Mount?,
    device: Device,
    wanted: CopyOptions.Profile,
    judge: inout DiskJudge
  ) {
    self.role = role
    self.path = path
    self.mount = mount
    self.device = device
    guard wanted == .auto else {
      profile = wanted
      reason = "as asked"
      isCertain = true
      verdicts = []
      return
    }
    verdicts = device.disks.map { judge.verdict(on: $0) }
    let slowest = zip(device.disks, verdicts).max {
      $0.1.profile.slowness < $1.1.profile.slowness
    }
    guard let (disk, verdict) = slowest else {
      profile = .ssd
      reason = "no disk tells whether it seeks"
      isCertain = false
      return
    }
    profile = verdict.profile
    isCertain = verdict.isCertain
    reason = device.disks.count == 1 ? verdict.reason : "\(disk.name) is the slowest of its disks"
  }

  /// Looks at all places of a run; several on one filesystem are looked at once.
  static func all(
    sources: [(path: FilePath, metadata: EntryMetadata)],
    target: (path: FilePath, metadata: EntryMetadata)?,
    mounts: MountTable,
    options: CopyOptions
  ) -> [PlaceOnDisk] {
    // A dry run copies nothing; only who asks for reasons gets the better ones.
    let probe = options.explains || !options.isDryRun ? DiskJudge.Probe?.some(DiskProbe.run) : nil
    var judge = DiskJudge(probe: probe)
    var devices: [UInt64: Device] = [:]
    func look(
      _ role: Role,
      _ path: FilePath,
      _ metadata: EntryMetadata,
      _ wanted: CopyOptions.Profile
    ) -> PlaceOnDisk {
      let number = metadata.identity.device
      let device = devices[number] ?? Device(of: metadata, mounts: mounts)
      devices[number] = device
      return PlaceOnDisk(
        role,
        path,
        mount: mounts.mount(metadata.mount),
        device: device,
        wanted: wanted,
        judge: &judge
      )
    }
    var places = sources.map { look(.source, $0.path, $0.metadata, options.sourceProfile) }
    if let target {
      places.append(look(.target, target.path, target.metadata, options.targetProfile))
    }
    return places
  }
}
