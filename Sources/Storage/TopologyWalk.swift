// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// The way from a filesystem down to its disks.
///
/// It reads a handful of files for each device on the way, and never lists all devices.
package struct TopologyWalk {
  package let sysfs: Sysfs
  package let mounts: MountTable
  package private(set) var layers: [StorageTopology.Layer] = []
  package private(set) var disks: [Disk] = []
  /// The best size of requests to the topmost device, in bytes.
  package private(set) var optimalBytes = 0

  /// Deeper stacks than this are taken for a loop.
  private static let depthMax = 16

  package init(sysfs: Sysfs, mounts: MountTable) {
    self.sysfs = sysfs
    self.mounts = mounts
  }

  /// Goes down from the filesystem that an inode lies on.
  package mutating func descend(below metadata: EntryMetadata) {
    let tops = directories(below: metadata)
    optimalBytes = tops.map { sysfs.number("\(disk(of: $0))/queue/optimal_io_size") }.max() ?? 0
    descend(into: tops, depth: 0)
  }

  /// The block devices of the filesystem that an inode lies on, as directories of sysfs.
  package func directories(below metadata: EntryMetadata) -> [String] {
    let number = metadata.identity.device
    guard number >> 32 == 0 else { return directory(ofDevice: number).map { [$0] } ?? [] }
    // btrfs and others give numbers of their own; the mount names a disk.
    return mounts.mount(metadata.mount).map(directoriesBySource) ?? []
  }

  /// The block devices of a mounted filesystem, as directories of sysfs.
  package func directories(of mount: MountTable.Mount) -> [String] {
    guard mount.device >> 32 == 0 else {
      return directory(ofDevice: mount.device).map { [$0] } ?? []
    }
    return directoriesBySource(mount)
  }

  private func directory(ofDevice number: UInt64) -> String? {
    sysfs.directory(major: number >> 32, minor: number & 0xffff_ffff)
  }

  private func directoriesBySource(_ mount: MountTable.Mount) -> [String] {
    guard mount.source.hasPrefix("/"), let node = sysfs.metadata(mount.source), node.isBlockDevice,
      let first = sysfs.directory(ofNode: node)
    else { return [] }
    guard mount.type == "btrfs" else { return [first] }
    let all = devicesOfBtrfs(with: name(of: first)).compactMap { sysfs.directory(ofDevice: $0) }
    return all.isEmpty ? [first] : all
  }

  /// The names of all devices of the btrfs that has one of the name.
  private func devicesOfBtrfs(with name: String) -> [String] {
    for filesystem in sysfs.names("fs/btrfs") {
      let devices = sysfs.names("fs/btrfs/\(filesystem)/devices")
      if devices.contains(name) { return devices }
    }
    return []
  }

  /// Goes down from all devices of one filesystem.
  private mutating func descend(into tops: [String], depth: Int) {
    if tops.count > 1 { add(.btrfs(devices: tops.count)) }
    for top in tops { descend(into: top, depth: depth) }
  }

  private mutating func descend(into directory: String, depth: Int) {
    guard depth < Self.depthMax else { return }
    let whole = disk(of: directory)
    if whole != directory { add(.partition(name(of: directory))) }
    let name = name(of: whole)
    if let backing = backing(of: whole) {
      let tops = directories(ofBacking: backing.metadata)
      if !tops.isEmpty {
        add(.loop(device: name, file: backing.path))
        descend(into: tops, depth: depth + 1)
        return
      }
    }
    let members = members(of: whole)
    if !members.isEmpty {
      add(layer(name, whole, members: members.count))
      for member in members { descend(into: member, depth: depth + 1) }
    } else if let disk = Disk(sysfs, whole), !disks.contains(where: { $0.name == disk.name }) {
      disks.append(disk)
    }
  }

  /// What a loop device stands for: a file, or another block device.
  package func backing(of directory: String) -> (path: String, metadata: EntryMetadata)? {
    guard let path = sysfs.text("\(directory)/loop/backing_file"),
      let metadata = sysfs.metadata(path)
    else { return nil }
    return (path, metadata)
  }

  private func directories(ofBacking metadata: EntryMetadata) -> [String] {
    guard metadata.isBlockDevice else { return directories(below: metadata) }
    return sysfs.directory(ofNode: metadata).map { [$0] } ?? []
  }

  /// The devices that one is made of, as directories of sysfs.
  package func members(of directory: String) -> [String] {
    sysfs.names("\(directory)/slaves").compactMap { sysfs.directory(ofDevice: $0) }
  }

  /// What a device with others below it is.
  private func layer(_ name: String, _ directory: String, members: Int) -> StorageTopology.Layer {
    if let title = sysfs.text("\(directory)/dm/name") {
      let uuid = sysfs.text("\(directory)/dm/uuid") ?? ""
      return .mapper(name: title, uuid: uuid, device: name)
    }
    if let level = sysfs.text("\(directory)/md/level") {
      return .md(level: level, members: members, device: name)
    }
    return .stacked(name)
  }

  private mutating func add(_ layer: StorageTopology.Layer) {
    if !layers.contains(layer) { layers.append(layer) }
  }

  /// The directory of the disk that a directory of a disk or partition belongs to: a partition has
  /// no queue of its own, and lies in that of its disk.
  package func disk(of directory: String) -> String {
    guard sysfs.text("\(directory)/partition") != nil,
      let slash = directory.lastIndex(of: "/")
    else { return directory }
    return String(directory[..<slash])
  }

  private func name(of directory: String) -> String {
    guard let slash = directory.lastIndex(of: "/") else { return directory }
    return String(directory[directory.index(after: slash)...])
  }
}
