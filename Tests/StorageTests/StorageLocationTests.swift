// SPDX-License-Identifier: Apache-2.0

import SystemPackage
import Testing

@testable import Storage

/// What becomes of the disks of a run, on the recorded machine.
@Suite("Sources and target on their disks")
struct PlaceOnDiskTests {
  private typealias Number = (major: UInt64, minor: UInt64, mount: UInt64)
  private let managed: Number = (8, 32, 0)
  private let nvme: Number = (259, 2, 0)
  private let lvm: Number = (253, 1, 0)
  private let array: Number = (9, 0, 0)
  private let many: Number = (0, 35, 41)
  private let memory: Number = (0, 36, 42)

  private func place(
    _ role: StorageLocation.Role,
    _ number: Number,
    _ wanted: DiskProfile = .auto
  ) throws -> StorageLocation {
    var place: StorageLocation?
    try RecordedMachine.with { sysfs in
      var judge = DiskClassifier(probe: nil)
      place = StorageLocation(
        role,
        "/place",
        mount: RecordedMachine.mounts.mount(number.mount),
        device: try RecordedMachine.device(
          number.major,
          number.minor,
          mount: number.mount,
          sysfs
        ),
        wanted: wanted,
        judge: &judge
      )
    }
    return try #require(place)
  }

  @Test("of several disks the slowest counts, and who says what it is gets it")
  func profiles() throws {
    #expect(try place(.source, nvme).profile == .nvme)
    #expect(try place(.source, lvm).profile == .hdd)
    let many = try place(.source, many)
    #expect(many.profile == .smr && many.reason == "sdb is the slowest of its disks")
    #expect(many.verdicts.map(\.profile) == [.hdd, .nvme, .smr, .hdd])
    let memory = try place(.source, memory)
    #expect(memory.profile == .ssd && memory.reason == "no disk tells whether it seeks")
    let told = try place(.source, nvme, .hdd)
    #expect(told.profile == .hdd && told.reason == "as asked" && told.verdicts.isEmpty)
  }

  @Test("a run knows which sides seek, and whether they share a disk that does")
  func runDisks() throws {
    func disks(_ places: StorageLocation...) -> DiskTraits { DiskTraits(places) }
    let nvmeSource = try place(.source, nvme)
    let nvmeTarget = try place(.target, nvme)
    let lvmSource = try place(.source, lvm)
    let arrayTarget = try place(.target, array)
    #expect(disks(nvmeSource, nvmeTarget) == DiskTraits())
    #expect(disks(nvmeSource, arrayTarget) == DiskTraits(targetSeeks: true, stripeBytes: 1 << 20))
    #expect(disks(lvmSource, nvmeTarget) == DiskTraits(sourceSeeks: true))
    var shared = DiskTraits(sourceSeeks: true, targetSeeks: true, sharesDisk: true)
    shared.stripeBytes = 1 << 20
    #expect(disks(nvmeSource, lvmSource, arrayTarget) == shared)
    let apart = disks(lvmSource, try place(.target, managed))
    #expect(apart.seek && !apart.sharesDisk)
    #expect(disks(lvmSource) == DiskTraits(sourceSeeks: true), "a dry run may know no target")
    // Told that it seeks, one filesystem of unknown disks is one disk.
    let told = disks(try place(.source, memory, .hdd), try place(.target, memory, .hdd))
    #expect(told == DiskTraits(sourceSeeks: true, targetSeeks: true, sharesDisk: true))
  }

  @Test("the lines for people")
  func lines() throws {
    #expect(
      try place(.source, lvm).lines() == [
        "source /place: no filesystem that is known", "  profile hdd: it says that it seeks",
        "  through LVM vg-home (dm-1), LUKS crypt (dm-0), partition sda2",
        "  disk sda (SATA, ST4000NM0035-1V4): says that it seeks, sectors of 512 bytes (4096 inside), "
          + "queue of 32, no discards, no zones",
      ]
    )
    let many = try place(.target, many).lines()
    #expect(many.first == "target /place: btrfs on /dev/sdb1" && many.count == 3 + 2 * 4)
    #expect(many.contains("  nvme0n1 is of profile nvme: it says that it does not seek"))
    #expect(try place(.target, array).lines().last == "  asks for requests of 1024 KiB")
    #expect(
      try place(.target, memory).lines() == [
        "target /place: tmpfs on tmpfs", "  profile ssd: no disk tells whether it seeks",
      ]
    )
  }

  @Test("whether source and target are one disk is said in any case, seeking or not")
  func samePhysicalDisk() throws {
    func answer(_ source: Number, _ target: Number) throws -> String? {
      let places = try [place(.source, source), place(.target, target)]
      let disks = DiskTraits(places)
      let layout = RunLimits(CopyOptions(), disks: disks, processors: 4, descriptors: 1024)
      let lines = explanation(of: layout, places, disks, CopyOptions())
      return lines.first { $0.hasPrefix("same physical disk: ") }
    }
    #expect(try answer(nvme, nvme) == "same physical disk: yes")
    #expect(try answer(lvm, array) == "same physical disk: yes")
    #expect(try answer(nvme, lvm) == "same physical disk: no")
    #expect(try answer(lvm, managed) == "same physical disk: no")
    let unknown = "same physical disk: unknown, since no disk tells"
    #expect(try answer(memory, nvme) == unknown && answer(memory, memory) == unknown)
  }
}
