// SPDX-License-Identifier: Apache-2.0

import SystemPackage
import TestSupport
import Testing

@testable import Storage

/// Which kind of disk each one of the recorded machine is taken for.
@Suite("What a disk is taken for")
struct DiskClassifierTests {
  private static let milliseconds: UInt64 = 1_000_000

  /// The first disk below a device.
  private func disk(_ major: UInt64, _ minor: UInt64) throws -> Disk {
    try #require(RecordedMachine.topology(major, minor).disks.first)
  }

  @Test(
    "claims that are not in doubt",
    arguments: [
      (259, 0, .nvme, .claim(seeks: false)), (8, 0, .hdd, .claim(seeks: true)),
      (8, 16, .smr, .takesDiscards(.claim(seeks: true))), (8, 32, .smr, .zones(.hostManaged)),
      // A loop device takes discards whatever holds its file.
      (7, 1, .hdd, .claim(seeks: true)), (7, 2, .ssd, .claim(seeks: false)),
      (252, 0, .ssd, .claim(seeks: false)),
    ] as [(UInt64, UInt64, DiskProfile, DiskClass.Reason)]
  )
  func believed(
    major: UInt64,
    minor: UInt64,
    profile: DiskProfile,
    reason: DiskClass.Reason
  ) throws {
    var classifier = DiskClassifier { disk, _ in
      Issue.record("\(disk.name) was read from")
      return .times([1])
    }
    let disk = try disk(major, minor)
    #expect(classifier.classify(disk) == DiskClass(profile: profile, reason: reason))
  }

  @Test(
    "virtual disks and USB bridges are read from",
    arguments: [
      (254, 0, [0.2, 0.1, 30], .ssd, 0.2), (254, 0, [9.5, 0.1, 12.004], .hdd, 9.5),
      (8, 48, [1.9], .ssd, 1.9), (8, 48, [2], .hdd, 2),
    ] as [(UInt64, UInt64, [Double], DiskProfile, Double)]
  )
  func doubted(
    major: UInt64,
    minor: UInt64,
    milliseconds: [Double],
    profile: DiskProfile,
    median: Double
  ) throws {
    let times = milliseconds.map { UInt64($0 * 1_000_000) }
    var classifier = DiskClassifier { _, _ in .times(times) }
    let found = classifier.classify(try disk(major, minor))
    #expect(found.profile == profile)
    #expect(
      found.reason
        == .measured(
          claimsSeeks: true,
          seeks: profile == .hdd,
          reads: times.count,
          medianNanoseconds: UInt64(median * 1_000_000)
        )
    )
    #expect(found.isCertain)
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
      var classifier = DiskClassifier { _, _ in .times([8 * Self.milliseconds]) }
      let found = classifier.classify(disk)
      #expect(found.profile == .smr)
      #expect(
        found.reason
          == .takesDiscards(
            .measured(
              claimsSeeks: false,
              seeks: true,
              reads: 1,
              medianNanoseconds: 8 * Self.milliseconds
            )
          )
      )
    }
  }

  @Test("what cannot be checked is believed, and said")
  func unchecked() throws {
    var classifier = DiskClassifier { _, _ in
      .impossible(.cannotOpen("/dev/vda", .permissionDenied))
    }
    #expect(
      classifier.classify(try disk(254, 0))
        == DiskClass(
          profile: .hdd,
          reason: .uncheckedClaim(seeks: true, .cannotOpen("/dev/vda", .permissionDenied)),
          isCertain: false
        )
    )
    var believer = DiskClassifier(probe: nil)
    #expect(believer.classify(try disk(254, 0)).reason == .claim(seeks: true))
  }

  @Test("each disk is read from once, and all together have little time")
  func budget() throws {
    var asked: [(name: String, milliseconds: UInt64)] = []
    var classifier = DiskClassifier { disk, nanosecondsMax in
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
        let found = classifier.classify(disk)
        #expect(found.profile == .hdd)
        let isLate = found.reason == .uncheckedClaim(seeks: true, .noTimeLeft)
        #expect(isLate == (name == "vdc"))
      }
    }
    #expect(asked.map(\.name) == ["vda", "vdb"])
    #expect(asked.map(\.milliseconds) == [60, 30])
  }
}
