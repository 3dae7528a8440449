// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Runs of zeros that somebody wrote become holes with `-S`, as rsync makes them.
@Suite(
  .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
  .enabled(if: RsyncJudge.obstacle == nil, "\(RsyncJudge.obstacle ?? "")")
)
struct ZeroRunTests {
  /// Files by the pieces that they are made of: bytes that are zeros, or are not.
  private static let files: [(name: String, pieces: [(isZero: Bool, count: Int)])] = [
    ("data", [(false, 70_000)]),
    ("one byte", [(true, 1)]),
    ("a page", [(true, 4096)]),
    ("zeros alone", [(true, 300_000)]),
    ("in the middle", [(false, 8192), (true, 16_384), (false, 4096)]),
    ("not aligned", [(false, 5000), (true, 20_000), (false, 3)]),
    ("at the end", [(false, 100_000), (true, 50_001)]),
    ("at the beginning", [(true, 12_288), (false, 1)]),
    ("large", [(true, 1 << 20), (false, 2 << 20), (true, 2_500_000), (false, 5), (true, 1 << 21)]),
    ("large data", [(false, 5 << 20)]),
    ("large zeros", [(true, 5_000_001)]),
    ("pieces", Array(repeating: [(false, 4096), (true, 4096)], count: 400).flatMap { $0 }),
  ]

  private static func makeTree(_ path: String) throws {
    let root = try OpenDirectory(path)
    for file in files {
      try root.makeFile(
        Bytes(text: file.name),
        file.pieces.flatMap { [UInt8](repeating: $0.isZero ? 0 : 7, count: $0.count) }
      )
    }
    // Holes of all lengths, between which there is data.
    try succeed("cp", ["--sparse=always", "\(path)/pieces", "\(path)/short holes"])
    try succeed("cp", ["--sparse=always", "\(path)/large", "\(path)/long holes"])
    // A hole, and zeros that are none.
    try succeed("cp", ["\(path)/large zeros", "\(path)/both"])
    try succeed("truncate", ["-s", "20M", "\(path)/both"])
  }

  /// What each file takes, in bytes.
  private func room(_ path: String) throws -> [Substring: Int] {
    try succeed("sync", ["--file-system", path])
    let lines = try succeed("find", [path, "-type", "f", "-printf", "%b %f\\n"]).outputText
    return Dictionary(
      uniqueKeysWithValues: lines.split(separator: "\n").compactMap { line in
        let parts = line.split(separator: " ", maxSplits: 1)
        return Int(parts[0]).map { (parts[1], $0 * 512) }
      }
    )
  }

  @Test(arguments: [Filesystem.ext4, .xfs, .btrfs], ["ssd", "hdd"])
  func zerosBecomeHoles(_ filesystem: Filesystem, _ profile: String) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      try Self.makeTree(source)
      let place = try filesystem.make(in: sandbox, as: "target", megabytes: 600)
      try succeed("rsync", ["-aS", "\(source)/", "\(place)/judge"])
      let expected = try room("\(place)/judge")
      #expect(expected["zeros alone"] == 0 && expected.count == Self.files.count + 3)
      for engine in engines {
        for mode in ["auto", "advise", "keep", "direct"] {
          let copy = "\(place)/\(engine)-\(mode)"
          let options = ["--io-engine=\(engine)", "--profile=\(profile)", "--cache=\(mode)"]
          try expectFastsync(0, options + ["-aS", "\(source)/", copy])
          try succeed("diff", ["-r", source, copy])
          let found = try room(copy)
          for (name, byteCount) in expected {
            // A file may begin or end in a larger unit, but has all of its holes.
            let most = byteCount + 8192
            #expect((found[name] ?? .max) <= most, "\(filesystem) \(options) \(name)")
          }
        }
      }
    }
  }

  /// Where a file has data.
  private func data(_ directory: OpenDirectory, _ name: String) throws -> [Range<Int>] {
    try FileContents(directory, Bytes(text: name)).dataRanges()
  }

  /// Without `-S` zeros that somebody wrote stay data, and what is a hole stays one, however short.
  @Test(arguments: [Filesystem.ext4, .xfs, .btrfs])
  func zerosAndHolesStay(_ filesystem: Filesystem) throws {
    try withSandbox { sandbox in
      let place = try filesystem.make(in: sandbox, as: "place", megabytes: 600)
      let source = "\(place)/source"
      try succeed("mkdir", [source])
      try Self.makeTree(source)
      let zeros = ["if=/dev/zero", "of=\(source)/short holes", "bs=4096", "conv=notrunc"]
      try succeed("dd", zeros + ["seek=101", "count=1"])
      try succeed("dd", zeros + ["seek=301", "count=2"])
      try succeed("sync", ["--file-system", place])
      let root = try OpenDirectory(source)
      for engine in engines {
        for mode in ["auto", "advise", "keep", "direct"] {
          let copy = "\(place)/\(engine)-\(mode)"
          let options = ["--io-engine=\(engine)", "--cache=\(mode)", "--reflink=never"]
          try expectFastsync(0, options + ["\(source)/", copy])
          try succeed("diff", ["-r", source, copy])
          for name in ["short holes", "long holes", "zeros alone"] {
            let (found, expected) = try (data(OpenDirectory(copy), name), data(root, name))
            #expect(found == expected, "\(filesystem) \(options) \(name)")
          }
        }
      }
    }
  }

  /// What was there before is gone, also where the source has zeros.
  @Test(arguments: ["-aSI --inplace", "-aSI", "-aSI --no-inplace --partial-dir=p"])
  func overOtherContents(line: String) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      try Self.makeTree(source)
      let root = try OpenDirectory(target)
      for file in Self.files {
        let byteCount = file.pieces.reduce(0) { $0 + $1.count }
        try root.makeFile(Bytes(text: file.name), [UInt8](repeating: 9, count: byteCount))
      }
      let words = line.split(separator: " ").map(String.init)
      try expectFastsync(0, words + ["\(source)/", "\(target)/"])
      try succeed("diff", ["-r", source, target])
    }
  }

  /// What --append adds may be zeros, and what it keeps is kept.
  @Test func appendedZeros() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      try Self.makeTree(source)
      try succeed("cp", ["-a", "\(source)/.", target])
      for name in ["large", "zeros alone", "pieces", "both"] {
        try succeed("truncate", ["-s", "9000", "\(target)/\(name)"])
      }
      try expectFastsync(0, ["-aS", "--append", "\(source)/", "\(target)/"])
      try succeed("diff", ["-r", source, target])
    }
  }
}
