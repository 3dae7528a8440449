// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

@testable import Storage

/// A block device as sysfs shows it: its number, where it hangs, and files that tell of it.
struct RecordedDevice {
  let number: String
  let place: String
  var files: [String: String]
  var slaves: [String] = []

  var name: String { String(place[(place.lastIndex(of: "/") ?? place.startIndex)...].dropFirst()) }

  /// A disk; `files` add to what all disks have, or say something else.
  static func disk(
    _ number: String,
    _ place: String,
    rotational: Bool,
    _ files: [String: String] = [:]
  ) -> RecordedDevice {
    var device = RecordedDevice(number: number, place: place, files: [:])
    let parts = number.split(separator: ":")
    let common = [
      "queue/rotational": rotational ? "1" : "0", "queue/zoned": "none",
      "queue/discard_max_bytes": "0", "queue/logical_block_size": "512",
      "queue/physical_block_size": "4096", "queue/nr_requests": "64",
      "queue/minimum_io_size": "4096", "queue/optimal_io_size": "0", "size": "2048",
      "uevent": "MAJOR=\(parts[0])\nMINOR=\(parts[1])\nDEVNAME=\(device.name)\nDEVTYPE=disk",
    ]
    device.files = common.merging(files) { $1 }
    return device
  }

  /// A partition, with its place on the disk in sectors of 512 bytes.
  static func partition(_ number: String, _ place: String, _ start: Int = 0) -> RecordedDevice {
    let files = ["partition": "1", "start": "\(start)", "size": "512"]
    return RecordedDevice(number: number, place: place, files: files)
  }

  /// A device over others, by their kernel names.
  static func stacked(
    _ number: String,
    _ name: String,
    over slaves: [String],
    _ files: [String: String] = [:]
  ) -> RecordedDevice {
    var device = disk(number, "virtual/block/\(name)", rotational: false, files)
    device.slaves = slaves
    return device
  }
}

extension ScratchDirectory {
  /// Lays out devices as `/sys` does: each in its place, and links to it by number and by name.
  func record(_ devices: [RecordedDevice]) throws {
    for device in devices {
      let place = "devices/\(device.place)"
      try makeDirectory(place)
      for (name, contents) in device.files.sorted(by: { $0.key < $1.key }) {
        try makeFile("\(place)/\(name)", "\(contents)\n")
      }
      for slave in device.slaves { try makeDirectory("\(place)/slaves/\(slave)") }
      try makeLink("dev/block/\(device.number)", to: "../../\(place)")
      try makeLink("class/block/\(device.name)", to: "../../\(place)")
    }
  }
}

/// A machine's disks, as many kinds as there are.
enum RecordedMachine {
  private static let pci = "pci0000:00"
  static let sata = "\(pci)/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda"
  private static let shingled = "\(pci)/0000:00:17.0/ata2/host1/target1:0:0/1:0:0:0/block/sdb"
  private static let managed = "\(pci)/0000:00:01.0/host2/port-2:0/end_device-2:0/block/sdc"
  private static let usb = "\(pci)/0000:00:14.0/usb2/2-1/2-1:1.0/host3/target3:0:0/block/sdd"
  private static let second = "\(pci)/0000:00:17.0/ata3/host4/target4:0:0/4:0:0:0/block/sde"
  static let nvme = "\(pci)/0000:00:1d.0/0000:05:00.0/nvme/nvme0/nvme0n1"

  static let devices: [RecordedDevice] = [
    .disk(
      "259:0",
      nvme,
      rotational: false,
      ["queue/discard_max_bytes": "2199023255040", "device/model": "Fast 980 PRO     "]
    ),
    .partition("259:2", "\(nvme)/nvme0n1p2"),
    .disk(
      "8:0",
      sata,
      rotational: true,
      ["device/queue_depth": "32", "device/model": "ST4000NM0035-1V4"]
    ),
    .partition("8:1", "\(sata)/sda1", 64), .partition("8:2", "\(sata)/sda2", 576),
    .disk("8:16", shingled, rotational: true, ["queue/discard_max_bytes": "2147450880"]),
    .partition("8:17", "\(shingled)/sdb1"),
    .disk("8:32", managed, rotational: true, ["queue/zoned": "host-managed"]),
    .disk("8:48", usb, rotational: true), .partition("8:49", "\(usb)/sdd1"),
    .disk("8:64", second, rotational: true), .partition("8:65", "\(second)/sde1"),
    .disk(
      "254:0",
      "\(pci)/0000:00:02.0/virtio1/block/vda",
      rotational: true,
      ["queue/discard_max_bytes": "1073741824"]
    ),
    .stacked(
      "9:0",
      "md0",
      over: ["sda1", "sde1"],
      ["md/level": "raid0", "queue/optimal_io_size": "1048576"]
    ),
    .stacked(
      "253:0",
      "dm-0",
      over: ["sda2"],
      ["dm/name": "crypt", "dm/uuid": "CRYPT-LUKS2-8c2c-crypt"]
    ),
    .stacked(
      "253:1",
      "dm-1",
      over: ["dm-0"],
      ["dm/name": "vg-home", "dm/uuid": "LVM-Wq3"]
    ),
    .disk("7:0", "virtual/block/loop0", rotational: true, ["loop/backing_file": "/images/on-sdb1"]),
    .disk(
      "7:1",
      "virtual/block/loop1",
      rotational: true,
      ["loop/backing_file": "/tmp/in memory", "queue/discard_max_bytes": "4096"]
    ),
    .disk("7:2", "virtual/block/loop2", rotational: false),
    .disk("7:3", "virtual/block/loop3", rotational: true, ["loop/backing_file": "/btrfs/image"]),
    .disk(
      "7:4",
      "virtual/block/loop4",
      rotational: true,
      ["loop/backing_file": "/dev/sdb1", "loop/offset": "4096", "size": "16"]
    ),
    .disk(
      "7:5",
      "virtual/block/loop5",
      rotational: true,
      ["loop/backing_file": "/dev/sdb1", "loop/offset": "12288", "size": "16"]
    ),
    .disk("252:0", "virtual/block/zram0", rotational: false),
    RecordedDevice(number: "9:9", place: "virtual/block/odd", files: [:]),
    .stacked("251:0", "loopback", over: ["loopback"]),
  ]

  static let mounts = MountTable(
    parsing: """
      41 27 0:35 / /btrfs rw - btrfs /dev/sdb1 rw
      42 27 0:36 / /tmp rw - tmpfs tmpfs rw
      43 27 0:37 / /gone rw - btrfs /dev/gone rw
      44 27 0:38 / /one rw - btrfs /dev/mapper/vg-home rw
      45 27 0:39 / /fuse rw - fuse.x /not-a-device rw
      """
  )

  /// Which inodes there are beside sysfs: their filesystem, and for nodes their number.
  private static let inodes:
    [String: (device: UInt64, mount: UInt64, mode: UInt32, node: (UInt32, UInt32))] = [
      "/images/on-sdb1": (8 << 32 | 17, 30, 0o100600, (0, 0)),
      "/tmp/in memory": (36, 42, 0o100600, (0, 0)),
      "/btrfs/image": (35, 41, 0o100600, (0, 0)),
      "/dev/sdb1": (6, 24, 0o060600, (8, 17)),
      "/dev/mapper/vg-home": (6, 24, 0o060600, (253, 1)),
      "/not-a-device": (6, 24, 0o020600, (8, 0)),
    ]

  /// Lends the machine's sysfs.
  static func with(_ body: (Sysfs) throws -> Void) throws {
    let any = try anyMetadata()
    try withScratchDirectory { scratch in
      try scratch.record(devices)
      for name in ["dm-1", "nvme0n1p2", "sdb1", "sde1"] {
        try scratch.makeDirectory("fs/btrfs/3f9a/devices/\(name)")
      }
      try scratch.makeDirectory("fs/btrfs/11c0/devices/sdd1")
      try scratch.makeDirectory("fs/btrfs/features")
      let sysfs = Sysfs(root: scratch.path) { path in
        guard let inode = inodes[path] else { return nil }
        var metadata = any
        metadata.identity.device = inode.device
        metadata.mount = inode.mount
        metadata.mode = inode.mode
        (metadata.deviceMajor, metadata.deviceMinor) = inode.node
        return metadata
      }
      try body(sysfs)
    }
  }

  /// What lies below a filesystem of the machine.
  static func device(
    _ major: UInt64,
    _ minor: UInt64,
    mount: UInt64 = 0,
    _ sysfs: Sysfs
  ) throws -> StorageTopology {
    var metadata = try anyMetadata()
    metadata.identity.device = major << 32 | minor
    metadata.mount = mount
    return StorageTopology(of: metadata, mounts: mounts, sysfs: sysfs)
  }
}
