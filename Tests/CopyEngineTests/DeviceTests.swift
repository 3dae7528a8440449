// SPDX-License-Identifier: Apache-2.0

import FileTree
import Testing

@testable import CopyEngine

/// A disk that seeks, or does not, or of which nothing is known.
func makeDevice(isRotational: Bool?) throws -> Device {
  var metadata = try anyMetadata()
  metadata.identity.device = 8 << 32
  var device: Device?
  try withScratchDirectory { scratch in
    if let isRotational {
      try scratch.makeFile("dev/block/8:0/queue/rotational", isRotational ? "1\n" : "0\n")
    }
    device = Device(of: metadata, mounts: MountTable(parsing: ""), sysfs: scratch.path)
  }
  return try #require(device)
}

/// A tree like sysfs: devices in their places, and links to them by number.
@Suite("What sysfs says of a disk")
struct DeviceTests {
  /// Lends a tree with a spinning disk and its partition, a solid one and its partition, a loop
  /// device, a device mapper one, and one without a queue.
  private func withSysfs(_ body: (_ path: String) throws -> Void) throws {
    try withScratchDirectory { scratch in
      let devices = [
        ("8:0", "pci0000:00/ata1/block/sda", "1"), ("8:1", "pci0000:00/ata1/block/sda/sda1", nil),
        ("259:0", "pci0000:00/nvme/nvme0/nvme0n1", "0"),
        ("259:2", "pci0000:00/nvme/nvme0/nvme0n1/nvme0n1p2", nil),
        ("7:0", "virtual/block/loop0", "1"), ("253:0", "virtual/block/dm-0", "0"),
        ("1:3", "virtual/block/ram3", "1"), ("9:9", "virtual/block/odd", nil),
      ]
      for (number, place, rotational) in devices {
        try scratch.makeDirectory("devices/\(place)")
        if let rotational {
          try scratch.makeFile("devices/\(place)/queue/rotational", "\(rotational)\n")
        }
        try scratch.makeLink("dev/block/\(number)", to: "../../devices/\(place)")
      }
      try body(scratch.path)
    }
  }

  private func device(
    _ major: UInt64,
    _ minor: UInt64,
    _ sysfs: String,
    mount: UInt64 = 0,
    mounts: MountTable = MountTable(parsing: "")
  ) throws -> Device {
    var metadata = try anyMetadata()
    metadata.identity.device = major << 32 | minor
    metadata.mount = mount
    return Device(of: metadata, mounts: mounts, sysfs: sysfs)
  }

  @Test(
    "disks, partitions of them, loop and mapped devices",
    arguments: [
      (8, 0, true), (8, 1, true), (259, 0, false), (259, 2, false), (7, 0, true), (253, 0, false),
    ] as [(UInt64, UInt64, Bool)]
  )
  func known(major: UInt64, minor: UInt64, isRotational: Bool) throws {
    try withSysfs { sysfs in
      let answer = try device(major, minor, sysfs).isRotational
      #expect(answer == isRotational)
    }
  }

  @Test("what sysfs does not have is not known", arguments: [(8, 2), (9, 9), (1_048_575, 0)])
  func unknown(major: UInt64, minor: UInt64) throws {
    try withSysfs { sysfs in
      for path in [sysfs, "\(sysfs)/absent"] {
        let answer = try device(major, minor, path).isRotational
        #expect(answer == nil)
      }
    }
  }

  @Test("a filesystem with numbers of its own is asked for the source of its mount")
  func byMount() throws {
    // Any device node that every machine has will do: /dev/null is 1:3.
    let mounts = MountTable(
      parsing: """
        41 27 0:35 / /data rw shared:22 - btrfs /dev/null rw
        42 27 0:36 / /tmp rw - tmpfs tmpfs rw
        43 27 0:37 / /gone rw - btrfs /dev/no/such/device rw
        """
    )
    try withSysfs { sysfs in
      let answer = try device(0, 35, sysfs, mount: 41, mounts: mounts).isRotational
      #expect(answer == true)
      for mount in [UInt64(42), 43, 44, 0] {
        let answer = try device(0, 35, sysfs, mount: mount, mounts: mounts).isRotational
        #expect(answer == nil)
      }
    }
  }

  @Test("this machine's disks are asked without harm")
  func real() throws {
    let mounts = MountTable()
    for path in ["/", "/proc", "/dev"] {
      let device = Device(of: try anyMetadata(of: path), mounts: mounts)
      if path == "/proc" { #expect(device.isRotational == nil) }
    }
  }
}
