// SPDX-License-Identifier: Apache-2.0

import Kernel
import TestSupport
import Testing

@testable import Storage

/// The way from a filesystem to its disks, on a recorded tree.
@Suite("What lies below a filesystem")
struct StorageTopologyTests {
  private func device(_ major: UInt64, _ minor: UInt64, mount: UInt64 = 0) throws -> StorageTopology
  {
    try RecordedMachine.topology(major, minor, mount: mount)
  }

  private static let volume = StorageTopology.Layer.mapper(
    name: "vg-home",
    uuid: "LVM-Wq3",
    device: "dm-1"
  )
  private static let crypt = StorageTopology.Layer.mapper(
    name: "crypt",
    uuid: "CRYPT-LUKS2-8c2c-crypt",
    device: "dm-0"
  )

  @Test(
    "each layer is named, and each disk is found once",
    arguments: [
      (259, 0, 0, ["nvme0n1"], []), (259, 2, 0, ["nvme0n1"], [.partition("nvme0n1p2")]),
      (8, 0, 0, ["sda"], []), (8, 1, 0, ["sda"], [.partition("sda1")]),
      (
        9, 0, 0, ["sda", "sde"],
        [.md(level: "raid0", members: 2, device: "md0"), .partition("sda1"), .partition("sde1")]
      ),
      (253, 1, 0, ["sda"], [volume, crypt, .partition("sda2")]), (8, 32, 0, ["sdc"], []),
      (8, 49, 0, ["sdd"], [.partition("sdd1")]), (254, 0, 0, ["vda"], []),
      (
        0, 35, 41, ["sda", "nvme0n1", "sdb", "sde"],
        [
          .btrfs(devices: 4), volume, crypt, .partition("sda2"), .partition("nvme0n1p2"),
          .partition("sdb1"), .partition("sde1"),
        ]
      ),
      (7, 0, 0, ["sdb"], [.loop(device: "loop0", file: "/images/on-sdb1"), .partition("sdb1")]),
      (7, 4, 0, ["sdb"], [.loop(device: "loop4", file: "/dev/sdb1"), .partition("sdb1")]),
      (7, 1, 0, ["loop1"], []), (7, 2, 0, ["loop2"], []), (252, 0, 0, ["zram0"], []),
    ] as [(UInt64, UInt64, UInt64, [String], [StorageTopology.Layer])]
  )
  func layers(
    major: UInt64,
    minor: UInt64,
    mount: UInt64,
    disks: [String],
    layers: [StorageTopology.Layer]
  ) throws {
    let device = try device(major, minor, mount: mount)
    #expect(device.disks.map(\.name) == disks)
    #expect(device.layers == layers)
  }

  @Test("a loop device over a file of btrfs lies on all its disks")
  func loopOnBtrfs() throws {
    let device = try device(7, 3)
    #expect(device.disks.map(\.name) == ["sda", "nvme0n1", "sdb", "sde"])
    #expect(
      device.layers.prefix(2) == [
        .loop(device: "loop3", file: "/btrfs/image"), .btrfs(devices: 4),
      ]
    )
  }

  @Test("a btrfs that sysfs does not list has the disk that its mount names")
  func btrfsByMount() throws {
    try withScratchDirectory { scratch in
      try scratch.record(RecordedMachine.devices.filter { $0.place.contains("/sda") })
      var node = try anyMetadata()
      node.mode = 0o060600
      (node.deviceMajor, node.deviceMinor) = (8, 1)
      let sysfs = Sysfs(root: scratch.path) { [node] _ in node }
      let device = try RecordedMachine.topology(0, 38, mount: 44, sysfs)
      #expect(device.disks.map(\.name) == ["sda"])
    }
  }

  @Test(
    "what sysfs does not have is not known",
    arguments: [
      (8, 200, 0), (9, 9, 0), (1_048_575, 0, 0), (0, 36, 42), (0, 37, 43), (0, 39, 45), (0, 40, 0),
    ]
      as [(UInt64, UInt64, UInt64)]
  )
  func unknown(major: UInt64, minor: UInt64, mount: UInt64) throws {
    let device = try device(major, minor, mount: mount)
    #expect(device.disks.isEmpty && device.layers.isEmpty && device.optimalBytes == 0)
  }

  @Test("devices that lie on themselves end somewhere")
  func circle() throws {
    #expect(try device(251, 0).disks.isEmpty)
  }

  @Test("the stripe is that of the topmost device")
  func stripe() throws {
    #expect(try device(9, 0).optimalBytes == 1 << 20)
    #expect(try device(8, 1).optimalBytes == 0)
  }

  @Test("a disk says what it is")
  func claims() throws {
    let sata = try #require(try device(8, 1).disks.first)
    #expect(sata.transport == .ata && sata.isRotational && !sata.discards && sata.zones == .none)
    #expect(sata.sectorBytes == 512 && sata.physicalSectorBytes == 4096)
    #expect(sata.queueDepth == 32 && sata.model == "ST4000NM0035-1V4")
    #expect(sata.node == "/dev/sda" && sata.number == 8 << 32 && sata.bytes == 1 << 20)
    #expect(sata.minimumBytes == 4096 && sata.optimalBytes == 0)
    let nvme = try #require(try device(259, 2).disks.first)
    #expect(nvme.transport == .nvme && !nvme.isRotational && nvme.discards)
    #expect(nvme.queueDepth == 64 && nvme.model == "Fast 980 PRO")
    #expect(try device(8, 32).disks.first?.zones == .hostManaged)
  }

  @Test(
    "what a disk hangs on",
    arguments: [
      (RecordedMachine.sata, .ata), (RecordedMachine.nvme, .nvme),
      ("virtual/nvme-subsystem/nvme-subsys0/nvme0n1", .nvme), ("virtual/block/loop7", .loop),
      ("virtual/block/ram3", .memory), ("virtual/block/zram0", .memory),
      ("virtual/block/nbd0", .other), ("vbd-51712/block/xvda", .other),
      ("pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host3/target3:0:0/block/sdd", .usb),
      ("pci0000:00/0000:00:03.0/virtio0/host2/target2:0:1/2:0:1:0/block/sda", .virtio),
      ("pci0000:00/0000:02:00.0/host0/target0:2:0/0:2:0:0/block/sda", .other),
      ("platform/fe340000.mmc/mmc_host/mmc0/mmc0:0001/block/mmcblk0", .mmc),
    ] as [(String, Disk.Transport)]
  )
  func transports(place: String, transport: Disk.Transport) {
    #expect(Disk.Transport("devices/\(place)") == transport)
  }

  @Test("two places share a disk, whatever is in between")
  func sharing() throws {
    let home = try device(253, 1)
    #expect(try home.sharesDisk(with: device(8, 1)) && home.sharesDisk(with: device(9, 0)))
    #expect(try device(7, 0).sharesDisk(with: device(0, 35, mount: 41)))
    #expect(try home.sharesDisk(with: home) && !home.sharesDisk(with: device(8, 65)))
    // Nobody knows the disks of a network, but one filesystem is one filesystem.
    #expect(try device(0, 36, mount: 42).sharesDisk(with: device(0, 36, mount: 42)))
    #expect(try !device(0, 36, mount: 42).sharesDisk(with: device(0, 39, mount: 45)))
  }

  @Test("this machine's disks are asked without harm")
  func real() throws {
    let mounts = MountTable()
    for path in ["/", "/proc", "/dev"] {
      let device = StorageTopology(of: try anyMetadata(of: path), mounts: mounts)
      if path == "/proc" { #expect(device.disks.isEmpty) }
    }
  }
}
