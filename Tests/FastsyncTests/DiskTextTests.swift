// SPDX-License-Identifier: Apache-2.0

import Storage
import SystemPackage
import TestSupport
import Testing

@testable import fastsync

/// What people are told of the disks of the recorded machine.
@Suite("The words for disks")
struct DiskTextTests {
  private typealias Machine = RecordedMachine

  private func lines(
    _ role: StorageLocation.Role,
    _ filesystem: RecordedMachine.Filesystem
  ) throws -> [String] {
    try RecordedMachine.location(role, filesystem).lines(ofDevice: nil)
  }

  @Test("the lines for people")
  func lines() throws {
    #expect(
      try lines(.source, Machine.onLVM) == [
        "source /place: no filesystem that is known",
        "  profile hdd, a disk that seeks: it says that it seeks",
        "  through LVM vg-home (dm-1), LUKS crypt (dm-0), partition sda2",
        "  disk sda (SATA, ST4000NM0035-1V4): says that it seeks, "
          + "reads and writes at least 512 bytes (4096 inside), takes 32 requests at once, "
          + "no discards, no zones",
      ]
    )
    let many = try lines(.target, Machine.overFour)
    #expect(many.first == "target /place: btrfs on /dev/sdb1" && many.count == 3 + 2 * 4)
    #expect(
      many.contains("  profile smr, a shingled disk, which seeks: sdb is the slowest of its disks")
    )
    #expect(many.contains("  nvme0n1 is of profile nvme: it says that it does not seek"))
    #expect(try lines(.target, Machine.onArray).last == "  works best with requests of 1024 KiB")
    #expect(
      try lines(.target, Machine.inMemory) == [
        "target /place: tmpfs on tmpfs",
        "  profile ssd, a disk that does not seek: no disk tells whether it seeks",
      ]
    )
  }

  @Test(
    "each layer is named",
    arguments: [
      (259, 2, 0, "partition nvme0n1p2"), (8, 1, 0, "partition sda1"),
      (9, 0, 0, "raid0 md0 of 2, partition sda1, partition sde1"),
      (253, 1, 0, "LVM vg-home (dm-1), LUKS crypt (dm-0), partition sda2"),
      (8, 49, 0, "partition sdd1"),
      (
        0, 35, 41,
        "btrfs over 4 devices, LVM vg-home (dm-1), LUKS crypt (dm-0), partition sda2, "
          + "partition nvme0n1p2, partition sdb1, partition sde1"
      ),
      (7, 0, 0, "loop0 on /images/on-sdb1, partition sdb1"),
      (7, 4, 0, "loop4 on /dev/sdb1, partition sdb1"),
    ] as [(UInt64, UInt64, UInt64, String)]
  )
  func layers(major: UInt64, minor: UInt64, mount: UInt64, layers: String) throws {
    #expect(try lines(.source, (major, minor, mount)).contains("  through \(layers)"))
  }

  @Test(
    "without layers there is no line for them",
    arguments: [(259, 0), (8, 0), (8, 32), (254, 0), (7, 1), (7, 2), (252, 0)]
      as [(UInt64, UInt64)]
  )
  func noLayers(major: UInt64, minor: UInt64) throws {
    #expect(try !lines(.source, (major, minor, 0)).contains { $0.hasPrefix("  through") })
  }

  @Test("a loop device over a file of btrfs lies on all its disks")
  func loopOnBtrfs() throws {
    let through = try lines(.source, (7, 3, 0)).first { $0.hasPrefix("  through") }
    #expect(through?.hasPrefix("  through loop3 on /btrfs/image, btrfs over 4 devices, ") == true)
  }

  @Test(
    "why a disk is taken for what it is",
    arguments: [
      (.asked, "as asked"), (.claim(seeks: false), "it says that it does not seek"),
      (.claim(seeks: true), "it says that it seeks"),
      (
        .takesDiscards(.claim(seeks: true)),
        "it says that it seeks, and takes discards as shingled disks do"
      ),
      (.zones(.hostManaged), "it has zones (host-managed)"),
      (.noDisk, "no disk tells whether it seeks"),
      (.slowest("sdb"), "sdb is the slowest of its disks"),
      (
        .uncheckedClaim(seeks: true, .cannotOpen("/dev/vda", .permissionDenied)),
        "it says that it seeks, which could not be checked (opening /dev/vda: Permission denied)"
      ),
      (
        .uncheckedClaim(seeks: true, .noTimeLeft),
        "it says that it seeks, which could not be checked (other disks took the time for that)"
      ),
    ] as [(DiskClass.Reason, String)]
  )
  func reasons(reason: DiskClass.Reason, text: String) {
    #expect(reason.text == text)
  }

  @Test(
    "what was measured",
    arguments: [
      (true, false, 3, 200_000, "seeks, but does not: 3 random reads took 0.20 ms"),
      (true, true, 3, 9_500_000, "seeks, and 3 random reads took 9.50 ms"),
      (true, false, 1, 1_900_000, "seeks, but does not: 1 random read took 1.90 ms"),
      (true, true, 1, 2_000_000, "seeks, and 1 random read took 2.00 ms"),
      (false, true, 1, 8_000_000, "does not seek, but does: 1 random read took 8.00 ms"),
      (true, true, 12, 12_004_000, "seeks, and 12 random reads took 12.00 ms"),
      (false, false, 4, 95_000, "does not seek, and 4 random reads took 0.10 ms"),
    ] as [(Bool, Bool, Int, UInt64, String)]
  )
  func measured(claimsSeeks: Bool, seeks: Bool, reads: Int, median: UInt64, text: String) {
    let reason = DiskClass.Reason.measured(
      claimsSeeks: claimsSeeks,
      seeks: seeks,
      reads: reads,
      medianNanoseconds: median
    )
    #expect(reason.text == "it says that it \(text) each (median)")
  }
}
