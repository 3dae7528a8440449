// SPDX-License-Identifier: Apache-2.0

internal import FileTree

/// The physical disks below a file, and what lies in between.
struct Device: Equatable, Sendable {
  /// Something between a filesystem and its disks.
  enum Layer: Equatable, Sendable {
    case partition(String)
    /// Logical volumes, encryption and the like; `uuid` tells who made it.
    case mapper(name: String, uuid: String, device: String)
    case md(level: String, members: Int, device: String)
    case loop(device: String, file: String)
    case btrfs(devices: Int)
    /// Anything else with devices below it.
    case stacked(String)
  }

  /// The number of the filesystem: major in the upper 32 bits, minor in the lower.
  let number: UInt64
  /// From the filesystem down.
  let layers: [Layer]
  /// Each disk once; none where the filesystem lies on no block device, or none that is known.
  let disks: [Disk]
  /// The best size of requests, in bytes, such as the stripe of an array; 0 where nobody tells.
  let optimalBytes: Int

  /// Finds the disks of an inode: by its device number, or for filesystems that have several disks
  /// or none by the source of their mount.
  init(of metadata: EntryMetadata, mounts: MountTable, sysfs: Sysfs = Sysfs()) {
    var walk = DeviceWalk(sysfs: sysfs, mounts: mounts)
    walk.descend(below: metadata)
    number = metadata.identity.device
    layers = walk.layers
    disks = walk.disks
    optimalBytes = walk.optimalBytes
  }

  /// Whether both have to share a disk's time.
  func sharesDisk(with other: Device) -> Bool {
    if number == other.number { return true }
    let names = Set(other.disks.map(\.name))
    return disks.contains { names.contains($0.name) }
  }
}

extension Device.Layer {
  /// A few words for people.
  var text: String {
    switch self {
    case .partition(let name): return "partition \(name)"
    case .mapper(let name, let uuid, let device):
      let kind =
        if uuid.hasPrefix("LVM-") {
          "LVM"
        } else if uuid.hasPrefix("CRYPT-LUKS") {
          "LUKS"
        } else if uuid.hasPrefix("CRYPT-") {
          "dm-crypt"
        } else {
          "device mapper"
        }
      return "\(kind) \(name) (\(device))"
    case .md(let level, let members, let device): return "\(level) \(device) of \(members)"
    case .loop(let device, let file): return "\(device) on \(file)"
    case .btrfs(let devices): return "btrfs over \(devices) devices"
    case .stacked(let name): return name
    }
  }
}
