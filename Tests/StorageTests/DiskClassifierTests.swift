// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Storage

/// Which kind of disk each one of the recorded machine is taken for.
@Suite("What a disk is taken for")
struct DiskJudgeTests {
  private static let milliseconds: UInt64 = 1_000_000

  /// The first disk below a device.
  private func disk(_ major: UInt64, _ minor: UInt64) throws -> Disk {
    var disk: Disk?
    try RecordedMachine.with { disk = try RecordedMachine.device(major, minor, $0).disks.first }
    return try #require(disk)
  }

  @Test(
    "claims that are not in doubt",
    arguments: [
      (259, 0, .nvme, "it says that it does not seek"), (8, 0, .hdd, "it says that it seeks"),
      (8, 16, .smr, "it says that it seeks, and takes discards as shingled disks do"),
      (8, 32, .smr, "it has zones (host-managed)"),
      // A loop device takes discards whatever holds its file.
      (7, 1, .hdd, "it says that it seeks"), (7, 2, .ssd, "it says that it does not seek"),
      (252, 0, .ssd, "it says that it does not seek"),
    ] as [(UInt64, UInt64, DiskProfile, String)]
  )
  func believed(major: UInt64, minor: UInt64, profile: DiskProfile, reason: String) throws {
    var judge = DiskClassifier { disk, _ in
      Issue.record("\(disk.name) was read from")
      return .times([1])
    }
    let disk = try disk(major, minor)
    #expect(judge.verdict(on: disk) == DiskClass(profile: profile, reason: reason))
  }

  @Test(
    "virtual disks and USB bridges are read from",
    arguments: [
      (254, 0, [0.2, 0.1, 30], .ssd, "seeks, but does not: 3 random reads took 0.20 ms"),
      (254, 0, [9.5, 0.1, 12.004], .hdd, "seeks, and 3 random reads took 9.50 ms"),
      (8, 48, [1.9], .ssd, "seeks, but does not: 1 random read took 1.90 ms"),
      (8, 48, [2], .hdd, "seeks, and 1 random read took 2.00 ms"),
    ] as [(UInt64, UInt64, [Double], DiskProfile, String)]
  )
  func doubted(
    major: UInt64,
    minor: UInt64,
    milliseconds: [Double],
    profile: DiskProfile,
    reason: String
  ) throws {
    let times = milliseconds.map { UInt64($0 * 1_000_000) }
    var judge = DiskClassifier { _, _ in .times(times) }
    let verdict = judge.verdict(on: try disk(major, minor))
    #expect(verdict.profile == profile)
    #expect(verdict.reason == "it says that it \(reason) each (median)")
  }

  @Test("a disk that claims not to seek, and does")
  func slow() throws {
    let liar = RecordedDevice.disk(
      "8:0",
      "usb1/block/sda",
      rotational: false,
      ["queue/discard_max_bytes": "512"]
    )
    try withScratchDirectory { scratch in
      try scratch.record([liar])
      let disk = try #require(Disk(Sysfs(root: scratch.path), "devices/usb1/block/sda"))
      var judge = DiskClassifier { _, _ in .times([8 * Self.milliseconds]) }
      let verdict = judge.verdict(on: disk)
      #expect(verdict.profile == .smr)
      #expect(verdict.reason.hasPrefix("it says that it does not seek, but does: 1 random read"))
    }
  }

  @Test("what cannot be checked is believed, and said")
  func unchecked() throws {
    var judge = DiskClassifier { _, _ in .impossible("opening /dev/vda: Permission denied") }
    #expect(
      judge.verdict(on: try disk(254, 0))
        == DiskClass(
          profile: .hdd,
          reason: "it says that it seeks, which could not be checked "
            + "(opening /dev/vda: Permission denied)",
          isCertain: false
        )
    )
    var believer = DiskClassifier(probe: nil)
    #expect(believer.verdict(on: try disk(254, 0)).reason == "it says that it seeks")
  }

  @Test("each disk is read from once, and all together have little time")
  func budget() throws {
    var asked: [(name: String, milliseconds: UInt64)] = []
    var judge = DiskClassifier { disk, nanosecondsMax in
      asked.append((disk.name, nanosecondsMax / Self.milliseconds))
      return .times([UInt64](repeating: 10 * Self.milliseconds, count: 6))
    }
    try withScratchDirectory { scratch in
      let names = ["vda", "vdb", "vdc", "vda"]
      for (number, name) in names.prefix(3).enumerated() {
        try scratch.record([.disk("254:\(number)", "virtio\(number)/\(name)", rotational: true)])
      }
      for name in names {
        let number = names.firstIndex(of: name) ?? 0
        let directory = "devices/virtio\(number)/\(name)"
        let disk = try #require(Disk(Sysfs(root: scratch.path), directory))
        let verdict = judge.verdict(on: disk)
        #expect(verdict.profile == .hdd)
        #expect(verdict.reason.contains("other disks took the time") == (name == "vdc"))
      }
    }
    #expect(asked.map(\.name) == ["vda", "vdb"])
    #expect(asked.map(\.milliseconds) == [60, 30])
  }
}
