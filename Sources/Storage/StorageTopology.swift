// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// The physical disks below a file, and what lies in between.
public struct StorageTopology: Equatable, Sendable {
  /// Something between a filesystem and its disks.
  public enum Layer: Equatable, Sendable {
    /// A partition, by its name.
    case partition(String)
    /// Logical volumes, encryption and the like; `uuid` tells who made it.
    case mapper(name: String, uuid: String, device: String)
    /// An array of the kernel (`md`).
    case md(level: String, members: Int, device: String)
    /// A loop device and the file behind it.
    case loop(device: String, file: String)
    /// A btrfs of several devices.
    case btrfs(devices: Int)
    /// Anything else with devices below it.
    case stacked(String)
  }

  /// The number of the filesystem: major in the upper 32 bits, minor in the lower.
  public let number: UInt64
  /// From the filesystem down.
  public let layers: [Layer]
  /// Each disk once; none where the filesystem lies on no block device, or none that is known.
  public let disks: [Disk]
  /// The best size of requests, in bytes, such as the stripe of an array; 0 where nobody tells.
  public let optimalBytes: Int

  /// Finds the disks of an inode: by its device number, or for filesystems that have several disks
  /// or none by the source of their mount.
  package init(of metadata: EntryMetadata, mounts: MountTable, sysfs: Sysfs = Sysfs()) {
    var walk = TopologyWalk(sysfs: sysfs, mounts: mounts)
    walk.descend(below: metadata)
    number = metadata.identity.device
    layers = walk.layers
    disks = walk.disks
    optimalBytes = walk.optimalBytes
  }

  /// Whether both have to share a disk's time.
  public func sharesDisk(with other: StorageTopology) -> Bool {
    if number == other.number { return true }
    let names = Set(other.disks.map(\.name))
    return disks.contains { names.contains($0.name) }
  }
}
