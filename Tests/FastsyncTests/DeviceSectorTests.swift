// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Images and devices whose holes, ends and sectors do not fit each other.
@Suite(.serialized, .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"))
struct DeviceSectorTests {
  private static let ways = [
    [], ["--io-engine=sync"], ["--cache=advise"], ["--cache=keep"], ["--profile=hdd"],
    ["--memory=64K"],
  ]

  /// Copies to a device that has other data everywhere, and expects the bytes of the source, and
  /// behind them what was there.
  private func expectCopied(
    _ source: String,
    _ bytes: Int,
    to device: String,
    _ sandbox: Sandbox,
    _ options: [String],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let place = sourceLocation
    let noise = sandbox.path("noise")
    try succeed("dd", ["if=\(noise)", "of=\(device)", "bs=1M", "oflag=direct", "status=none"])
    try expectFastsync(0, ["--copy-devices"] + options + [source, device], sourceLocation: place)
    try expectEqualBytes(source, device, count: bytes, "\(options)", sourceLocation: place)
    let skip = ["--ignore-initial=\(bytes)", noise, device]
    let rest = try run("cmp", skip)
    #expect(rest.status == 0, "\(rest.outputText) \(options)", sourceLocation: sourceLocation)
  }

  /// Lends a device of 8 MiB with sectors of a size, and the noise for it.
  private func withNoisyDevice(
    sectorBytes: Int,
    _ body: (Sandbox, _ device: String) throws -> Void
  ) throws {
    try withSandbox { sandbox in
      try makeImage(sandbox, "noise", 8 * megabyte, data: 8 * megabyte - 70_000)
      try makeImage(sandbox, "disk", 8 * megabyte, data: 0)
      let options = ["--sector-size", "\(sectorBytes)"]
      try withDevice(sandbox.path("disk"), options: options) { try body(sandbox, $0) }
    }
  }

  @Test(arguments: [512, 4096, 16_384]) func oddImages(sectorBytes: Int) throws {
    try withNoisyDevice(sectorBytes: sectorBytes) { sandbox, device in
      let images: [(bytes: Int, data: [(at: Int, count: Int)])] = [
        (1_000_001, [(400_001, 5000)]), (5_000_001, [(0, 70_000)]), (5_000_001, []),
        (3_000_001, [(0, 3_000_001)]), (4_000_003, [(3_999_000, 1003)]), (100, [(0, 100)]),
        (100, []), (4 * megabyte, [(megabyte, 10)]),
      ]
      for (number, image) in images.enumerated() {
        let path = sandbox.path("image\(number)")
        try SeededContents(seed: testSeed).makeSparse(path, image.bytes, data: image.data)
        for options in Self.ways {
          try expectCopied(path, image.bytes, to: device, sandbox, options)
        }
      }
    }
  }

  @Test(arguments: [4096, 16_384])
  func holesOfSmallBlocks(sectorBytes: Int) throws {
    try withNoisyDevice(sectorBytes: sectorBytes) { sandbox, device in
      try succeed("truncate", ["-s", "40M", sandbox.path("small.img")])
      try succeed("mkfs.ext4", ["-q", "-b", "1024", sandbox.path("small.img")])
      let point = try sandbox.mount(["-o", "loop", sandbox.path("small.img")], at: "small")
      let data = [1, 3, 5, 9, 100, 203, 1027, 5001, 7000].map { (at: $0 << 10, count: 1024) }
      for bytes in [7 * megabyte, 7 * megabyte + 1000] {
        try SeededContents(seed: testSeed).makeSparse("\(point)/image", bytes, data: data)
        for options in Self.ways + [["--cache=direct"]] {
          try expectCopied("\(point)/image", bytes, to: device, sandbox, options)
        }
      }
    }
  }

  /// A device of 512-byte sectors that is no multiple of the larger ones.
  @Test(arguments: [4096, 16_384]) func smallSectorsToLargeOnes(sectorBytes: Int) throws {
    try withNoisyDevice(sectorBytes: sectorBytes) { sandbox, device in
      let bytes = 4 * megabyte + 1536
      try makeImage(sandbox, "source", bytes, data: bytes - 70_000)
      try withDevice(sandbox.path("source")) { source in
        for options in Self.ways {
          try expectCopied(source, bytes, to: device, sandbox, options)
          try expectFastsync(0, ["--copy-devices"] + options + [device, sandbox.path("back")])
          try expectEqualBytes(device, sandbox.path("back"), count: 8 * megabyte)
        }
      }
    }
  }
}
