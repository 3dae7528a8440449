// SPDX-License-Identifier: Apache-2.0

internal import Kernel
package import Storage

/// A machine's disks, as many kinds as there are.
package enum RecordedMachine {
  private static let pci = "pci0000:00"
  package static let sata = "\(pci)/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda"
  private static let shingled = "\(pci)/0000:00:17.0/ata2/host1/target1:0:0/1:0:0:0/block/sdb"
  private static let managed = "\(pci)/0000:00:01.0/host2/port-2:0/end_device-2:0/block/sdc"
  private static let usb = "\(pci)/0000:00:14.0/usb2/2-1/2-1:1.0/host3/target3:0:0/block/sdd"
  private static let second = "\(pci)/0000:00:17.0/ata3/host4/target4:0:0/4:0:0:0/block/sde"
  package static let nvme = "\(pci)/0000:00:1d.0/0000:05:00.0/nvme/nvme0/nvme0n1"

  package static let devices: [RecordedDevice] = [
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

  package static let mounts = MountTable(
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
  package static func with(_ body: (Sysfs) throws -> Void) throws {
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

  /// What lies below a filesystem of the machine, whose sysfs is lent.
  package static func topology(
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
