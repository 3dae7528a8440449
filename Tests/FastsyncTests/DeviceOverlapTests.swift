// SPDX-License-Identifier: Apache-2.0

import Testing

/// What lies on the device that is read is not written, and nothing that is mounted.
@Suite(.serialized, .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"))
struct DeviceOverlapTests {
  private static let words = ["--copy-devices"]

  /// Expects that a copy is refused, dry or not, with the same line, and changes nothing.
  ///
  /// What is mounted is changed by its filesystem at any time.
  private func expectRefused(
    _ source: String,
    _ target: String,
    _ reason: String,
    isMounted: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    func digests() -> [String?] {
      isMounted ? [] : [try? digest(source), try? digest(target)]
    }
    let before = digests()
    for dry in [["-n"], []] {
      let result = try expectFastsync(
        3,
        Self.words + dry + [source, target],
        saying: [reason],
        sourceLocation: sourceLocation
      )
      #expect(result.errorText.split(separator: "\n").count == 1, "\(result.errorText)")
    }
    #expect(digests() == before, sourceLocation: sourceLocation)
  }

  @Test func aPartitionAndItsDiskAreRefused() throws {
    try withSandbox { sandbox in
      try makeImage(sandbox, "raw", 64 * megabyte, data: 40 * megabyte)
      let parts = [(2048, 32_768), (34_816, 65_536)]
      try withPartitions(sandbox.path("raw"), parts) { disk, parts in
        try expectRefused(parts[0], disk, "lies on the same bytes as the source \(parts[0])")
        try expectRefused(disk, parts[1], "lies on the same bytes")
        try expectRefused(sandbox.path("raw"), parts[1], "lies on the same bytes")
        try expectRefused(parts[0], sandbox.path("raw"), "lies on the same bytes")
        try expectFastsync(0, Self.words + [parts[0], parts[1]])
        try expectEqualBytes(parts[0], parts[1], count: 16 * megabyte)
      }
    }
  }

  @Test func aLoopDeviceAndItsFileAreRefused() throws {
    try withDevicePair { sandbox, source, target in
      let (raw, other) = (sandbox.path("a"), sandbox.path("b"))
      try succeed("ln", [raw, sandbox.path("link")])
      try expectRefused(raw, source, "lies on the same bytes")
      try expectRefused(sandbox.path("link"), source, "lies on the same bytes")
      try expectRefused(source, raw, "lies on the same bytes")
      try withDevice(raw) { twin in try expectRefused(twin, source, "lies on the same bytes") }
      try withDevice(source) { above in
        try expectRefused(above, source, "lies on the same bytes")
        try expectRefused(source, above, "lies on the same bytes")
        try expectRefused(above, raw, "lies on the same bytes")
        try expectRefused(raw, above, "lies on the same bytes")
        // Files of one filesystem have nothing to do with each other.
        try expectFastsync(0, Self.words + [above, target])
        try expectEqualBytes(raw, other)
      }
    }
  }

  /// Halves of one file do not overlap.
  @Test func loopDevicesOnPartsOfAFileAreToldApart() throws {
    try withSandbox { sandbox in
      let raw = sandbox.path("raw")
      try makeImage(sandbox, "raw", 64 * megabyte, data: 40 * megabyte)
      let half = 32 * megabyte
      try withDevice(raw, options: ["--sizelimit", "\(half)"]) { first in
        try withDevice(raw, options: ["--offset", "\(half)"]) { second in
          try withDevice(raw, options: ["--offset", "\(half - 4096)"]) { between in
            try expectRefused(first, between, "lies on the same bytes")
            try expectRefused(second, between, "lies on the same bytes")
          }
          try expectFastsync(0, Self.words + [first, second])
          try expectEqualBytes(first, second, count: half)
        }
      }
    }
  }

  @Test func anImageOnThePartitionsOfTheDeviceIsRefused() throws {
    try withSandbox { sandbox in
      try succeed("truncate", ["-s", "400M", sandbox.path("raw")])
      let parts = [(2048, 204_800), (206_848, 102_400)]
      try withPartitions(sandbox.path("raw"), parts) { disk, parts in
        try succeed("mkfs.ext4", ["-q", parts[0]])
        let point = try sandbox.mount([parts[0]], at: "mounted")
        defer { _ = try? run("umount", [point]) }
        try expectRefused(disk, "\(point)/x", "lies on the device that is copied", isMounted: true)
        try expectRefused(disk, point, "lies on the device that is copied", isMounted: true)
        try expectRefused(
          parts[0],
          "\(point)/x",
          "lies on the device that is copied",
          isMounted: true
        )
        try expectRefused("/dev/null", disk, "character device", isMounted: true)
        try makeImage(sandbox, "small", megabyte, data: 0)
        try expectRefused(
          sandbox.path("small"),
          disk,
          "carries what is mounted (ext4)",
          isMounted: true
        )
        #expect(try succeed("ls", ["-A", point]).outputText == "lost+found\n")
        try expectFastsync(0, Self.words + [parts[1], "\(point)/x"])
        let result = try fastsync(Self.words + [disk, sandbox.path("image")])
        #expect(result.status == 0 && result.errorText.contains("\(disk) carries what is mounted"))
      }
    }
  }

  @Test func allDevicesOfABtrfsCount() throws {
    try withSandbox { sandbox in
      for name in ["a", "b"] { try succeed("truncate", ["-s", "300M", sandbox.path(name)]) }
      try withDevice(sandbox.path("a")) { first in
        try withDevice(sandbox.path("b")) { second in
          try succeed("mkfs.btrfs", ["-q", "-f", "-d", "single", "-m", "raid1", first, second])
          let point = try sandbox.mount([first], at: "mounted")
          defer { _ = try? run("umount", [point]) }
          for device in [first, second] {
            try expectRefused(
              device,
              "\(point)/x",
              "lies on the device that is copied",
              isMounted: true
            )
            let result = try fastsync(Self.words + ["-n", device, sandbox.path("image")])
            #expect(result.errorText.contains("\(device) is mounted (btrfs)"), "\(result)")
            #expect(try succeed("ls", ["-A", point]).outputText == "")
            try makeImage(sandbox, "small", megabyte, data: 0)
            try expectRefused(sandbox.path("small"), device, "is mounted (btrfs)", isMounted: true)
          }
        }
      }
    }
  }

  @Test func aSlashBehindADeviceIsRefused() throws {
    try withDevicePair { sandbox, source, target in
      try expectRefused(source, "\(target)/", "cannot have a slash behind it")
      try expectRefused("\(source)/", target, "cannot have a slash behind it")
      try expectRefused("\(sandbox.path("a"))/", target, "cannot")
    }
  }
}
