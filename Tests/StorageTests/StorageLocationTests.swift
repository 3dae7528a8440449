// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Storage

/// What becomes of the disks of a run, on the recorded machine.
@Suite("Sources and target on their disks")
struct StorageLocationTests {
  private typealias Machine = RecordedMachine

  private func place(
    _ role: StorageLocation.Role,
    _ filesystem: RecordedMachine.Filesystem,
    _ wanted: DiskProfile = .auto
  ) throws -> StorageLocation {
    try RecordedMachine.location(role, filesystem, wanted)
  }

  @Test("of several disks the slowest counts, and who says what it is gets it")
  func profiles() throws {
    #expect(try place(.source, Machine.onNVMe).profile == .nvme)
    #expect(try place(.source, Machine.onLVM).profile == .hdd)
    let many = try place(.source, Machine.overFour)
    #expect(many.profile == .smr && many.reason == .slowest("sdb"))
    #expect(many.diskClasses.map(\.profile) == [.hdd, .nvme, .smr, .hdd])
    let memory = try place(.source, Machine.inMemory)
    #expect(memory.profile == .ssd && memory.reason == .noDisk)
    let told = try place(.source, Machine.onNVMe, .hdd)
    #expect(told.profile == .hdd && told.reason == .asked && told.diskClasses.isEmpty)
  }

  @Test("a run knows which sides seek, and whether they share a disk that does")
  func runDisks() throws {
    func disks(_ places: StorageLocation...) -> DiskTraits { DiskTraits(places) }
    let nvmeSource = try place(.source, Machine.onNVMe)
    let nvmeTarget = try place(.target, Machine.onNVMe)
    let lvmSource = try place(.source, Machine.onLVM)
    let arrayTarget = try place(.target, Machine.onArray)
    #expect(disks(nvmeSource, nvmeTarget) == DiskTraits())
    #expect(disks(nvmeSource, arrayTarget) == DiskTraits(targetSeeks: true, stripeBytes: 1 << 20))
    #expect(disks(lvmSource, nvmeTarget) == DiskTraits(sourceSeeks: true))
    var shared = DiskTraits(sourceSeeks: true, targetSeeks: true, sharesDisk: true)
    shared.stripeBytes = 1 << 20
    #expect(disks(nvmeSource, lvmSource, arrayTarget) == shared)
    let apart = disks(lvmSource, try place(.target, Machine.onManaged))
    #expect(apart.seek && !apart.sharesDisk)
    #expect(disks(lvmSource) == DiskTraits(sourceSeeks: true), "a dry run may know no target")
    // Told that it seeks, one filesystem of unknown disks is one disk.
    let told = disks(
      try place(.source, Machine.inMemory, .hdd),
      try place(.target, Machine.inMemory, .hdd)
    )
    #expect(told == DiskTraits(sourceSeeks: true, targetSeeks: true, sharesDisk: true))
  }
}
