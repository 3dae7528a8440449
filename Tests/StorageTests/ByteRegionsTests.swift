// SPDX-License-Identifier: Apache-2.0

import Kernel
import TestSupport
import Testing

@testable import Storage

/// Which of a machine's devices lie on each other.
@Suite("What writing to a device changes")
struct ByteRegionsTests {
  private enum Thing: CustomStringConvertible {
    case device(UInt32, UInt32)
    case file(UInt64, inode: UInt64, mount: UInt64 = 0)

    var description: String {
      switch self {
      case .device(let major, let minor): "\(major):\(minor)"
      case .file(let device, let inode, _): "file \(inode) of \(device >> 32):\(device & 0xffff)"
      }
    }
  }

  private func regions(_ thing: Thing, _ sysfs: Sysfs) throws -> ByteRegions {
    var metadata = try anyMetadata()
    switch thing {
    case .device(let major, let minor):
      metadata.mode = 0o060600
      (metadata.deviceMajor, metadata.deviceMinor) = (major, minor)
    case .file(let device, let inode, let mount):
      metadata.mode = 0o100600
      metadata.identity = InodeIdentity(device: device, inode: inode)
      metadata.mount = mount
    }
    return ByteRegions(of: metadata, mounts: RecordedMachine.mounts, sysfs: sysfs)
  }

  private func expect(_ pairs: [(Thing, Thing)], overlap: Bool) throws {
    try RecordedMachine.with { sysfs in
      for (one, other) in pairs {
        let (first, second) = (try regions(one, sysfs), try regions(other, sysfs))
        #expect(first.overlaps(second) == overlap, "\(one) \(other)")
        #expect(second.overlaps(first) == overlap, "\(other) \(one)")
      }
    }
  }

  @Test("a disk, its partitions, and what is made of them")
  func overlapping() throws {
    try expect(
      [
        (.device(8, 0), .device(8, 0)), (.device(8, 0), .device(8, 1)),
        // An array and its members, and their disk.
        (.device(9, 0), .device(8, 1)), (.device(9, 0), .device(8, 65)),
        (.device(9, 0), .device(8, 64)), (.device(9, 0), .device(8, 0)),
        // A logical volume, the encryption below it, and their partition.
        (.device(253, 1), .device(253, 0)), (.device(253, 1), .device(8, 2)),
        (.device(253, 1), .device(8, 0)),
        // A loop device, and the partition that its file lies on.
        (.device(7, 0), .device(8, 17)), (.device(7, 0), .device(8, 16)),
        // Loop devices over a part of a partition.
        (.device(7, 4), .device(8, 17)), (.device(7, 4), .device(8, 16)),
        // Files of a filesystem of several devices.
        (.file(35, inode: 1, mount: 41), .device(253, 1)),
        (.file(35, inode: 1, mount: 41), .device(253, 0)),
        (.file(35, inode: 1, mount: 41), .device(8, 65)),
        (.file(35, inode: 1, mount: 41), .device(8, 16)),
        // Devices that sysfs does not have.
        (.device(8, 200), .device(8, 200)),
      ],
      overlap: true
    )
  }

  @Test("neighbours")
  func apart() throws {
    try expect(
      [
        (.device(8, 1), .device(8, 2)), (.device(8, 1), .device(253, 1)),
        // Both lie on sda, in different partitions.
        (.device(9, 0), .device(253, 1)), (.device(9, 0), .device(8, 2)),
        (.file(8 << 32 | 17, inode: 1), .device(7, 0)),
        (.file(8 << 32 | 17, inode: 1), .file(8 << 32 | 17, inode: 2)),
        (.file(35, inode: 1, mount: 41), .device(8, 1)),
        (.device(8, 200), .device(8, 201)), (.device(7, 2), .device(7, 1)),
        (.device(7, 4), .device(7, 5)), (.device(7, 4), .device(8, 0)),
      ],
      overlap: false
    )
  }

  @Test("a mount lies on all devices of its filesystem, and on their disks")
  func mounted() throws {
    try RecordedMachine.with { sysfs in
      let mount = try #require(RecordedMachine.mounts.mount(41))
      let regions = ByteRegions(of: mount, mounts: RecordedMachine.mounts, sysfs: sysfs)
      for number: (UInt32, UInt32) in [(8, 16), (8, 17), (8, 65), (253, 1), (8, 2), (8, 0)] {
        #expect(try regions.lies(on: self.regions(.device(number.0, number.1), sysfs)), "\(number)")
      }
      #expect(try !regions.lies(on: self.regions(.device(8, 1), sysfs)))
    }
  }

  @Test("devices that lie on themselves end somewhere")
  func circle() throws {
    try RecordedMachine.with { sysfs in
      let circle = try regions(.device(251, 0), sysfs)
      #expect(try circle.overlaps(circle) && !circle.overlaps(regions(.device(8, 0), sysfs)))
    }
  }
}
