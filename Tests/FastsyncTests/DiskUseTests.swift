// SPDX-License-Identifier: Apache-2.0

import Storage
import TestSupport
import Testing

@testable import fastsync

/// How busy the disks of a run were, by the kernel's texts.
@Suite("What disks did in some time")
struct DiskUseTests {
  private func write(_ scratch: ScratchDirectory, _ name: String, _ text: String) throws {
    try scratch.makeFile("class/block/\(name)/stat", "  \(text)\n")
  }

  @Test("figures of whole disks become rates and shares of the time")
  func rates() throws {
    // LVM over LUKS over a partition of sda; an NVMe disk.
    let disks = RunDisks([
      try RecordedMachine.location(.source, RecordedMachine.onLVM),
      try RecordedMachine.location(.target, RecordedMachine.onNVMe),
    ])
    try withScratchDirectory { before in
      try withScratchDirectory { after in
        try write(before, "sda", "100 0 1000 0 0 0 0 0 0 500 0")
        try write(after, "sda", "300 0 21000 0 0 0 0 0 2 2450 0")
        try write(before, "nvme0n1", "0 0 0 0 70 0 800 0 0 20 0 0 0 0 0 9 9")
        try write(after, "nvme0n1", "0 0 0 0 90 0 20800 0 0 1020 0 0 0 0 0 9 9")
        let first = disks.sample(at: 5_000_000_000, sysfs: before.path)
        let last = disks.sample(at: 7_000_000_000, sysfs: after.path)
        let uses = disks.uses(from: first, to: last)
        #expect(uses.map(\.title) == ["source disk sda", "target disk nvme0n1"])
        #expect(uses.map(\.busyPercent) == [98, 50])
        #expect(uses.map(\.rateRead) == [5_120_000, 0])
        #expect(uses.map(\.rateWritten) == [0, 5_120_000])
        let rates = try #require(DiskRates(now: [uses[1]], average: uses))
        #expect(rates.text(isLong: false) == "reads 0 B/s 0%  writes 5.12 MB/s 50%")
        #expect(
          rates.text(isLong: true) == "reads 0 B/s (avg 5.12 MB/s, busy 0%)  "
            + "writes 5.12 MB/s (avg 5.12 MB/s, busy 50%)"
        )
      }
    }
  }

  @Test("what has no statistics, or did nothing, is not told")
  func silent() throws {
    let disks = RunDisks([try RecordedMachine.location(.source, RecordedMachine.onNVMe)])
    try withScratchDirectory { scratch in
      let none = disks.sample(at: 0, sysfs: scratch.path)
      try write(scratch, "nvme0n1", "100 0 1000 0 0 0 0 0 0 500 0")
      let some = disks.sample(at: 1_000_000_000, sysfs: scratch.path)
      let same = disks.sample(at: 2_000_000_000, sysfs: scratch.path)
      #expect(disks.uses(from: none, to: some).isEmpty)
      #expect(disks.uses(from: some, to: same).isEmpty)
      #expect(disks.uses(from: some, to: some).isEmpty)
    }
    let memory = RunDisks([try RecordedMachine.location(.target, RecordedMachine.inMemory)])
    let nothing = memory.sample(at: 0)
    #expect(memory.uses(from: nothing, to: memory.sample(at: 1_000_000_000)).isEmpty)
    #expect(DiskRates(now: [], average: []) == nil)
  }

  @Test("one disk that is read and written is told once")
  func shared() throws {
    let location = try RecordedMachine.location(.source, RecordedMachine.onNVMe)
    let disks = RunDisks([
      location, try RecordedMachine.location(.target, RecordedMachine.onNVMe),
    ])
    var first = disks.sample(at: 0, sysfs: "/nowhere")
    try withScratchDirectory { scratch in
      try write(scratch, "nvme0n1", "0 0 0 0 0 0 0 0 0 0 0")
      first = disks.sample(at: 0, sysfs: scratch.path)
    }
    try withScratchDirectory { scratch in
      try write(scratch, "nvme0n1", "1 0 2000 0 1 0 4000 0 0 5000 0")
      let uses = disks.uses(from: first, to: disks.sample(at: 1_000_000_000, sysfs: scratch.path))
      #expect(uses.map(\.title) == ["disk nvme0n1"])
      #expect(uses.map(\.busyPercent) == [100])
      let text = DiskRates(now: uses, average: uses)?.text(isLong: false)
      #expect(text == "reads 1.02 MB/s 100%  writes 2.05 MB/s 100%")
    }
  }
}

extension DiskUse {
  /// A disk that is read at 146 MB/s, and has time left.
  static let recordedSource = DiskUse(
    name: "sda",
    isSource: true,
    isTarget: false,
    busyPercent: 41,
    rateRead: 146e6,
    rateWritten: 0
  )

  /// A disk that is written to, and has none.
  static func recordedTarget(rateWritten: Double) -> DiskUse {
    DiskUse(
      name: "sdb",
      isSource: false,
      isTarget: true,
      busyPercent: 97,
      rateRead: 0,
      rateWritten: rateWritten
    )
  }
}
