// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Directories of XFS that have their files allocated in large units: a copy takes no more room
/// than rsync's.
@Suite(
  .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
  .enabled(if: has("xfs_io"), "xfs_io is not installed"),
  .enabled(if: RsyncJudge.obstacle == nil, "\(RsyncJudge.obstacle ?? "")")
)
struct ExtentSizeTests {
  private static let sizes = [0, 1, 1_000, 100_000, 300_000, 1 << 20, 1_500_001, 9_000_001]

  private func makeTree(_ sandbox: Sandbox) throws -> String {
    let source = try sandbox.makeDirectory("source")
    let contents = SeededContents(seed: testSeed)
    let root = try OpenDirectory(source)
    for (number, size) in Self.sizes.enumerated() {
      try contents.makeFile(number, root, Bytes(text: "file-\(size)"), size: size)
    }
    try succeed("truncate", ["-s", "20M", "\(source)/with a hole"])
    try succeed("dd", ["if=\(source)/file-9000001", "of=\(source)/with a hole", "conv=notrunc"])
    return source
  }

  /// What each file of a directory takes, in units of 512 bytes.
  private func room(_ path: String) throws -> [Substring] {
    try succeed("sync", ["--file-system", path])
    let lines = try succeed("find", [path, "-type", "f", "-printf", "%f %b\\n"]).outputText
    return lines.split(separator: "\n").sorted()
  }

  @Test(arguments: ["ssd", "hdd"], engines)
  func nothingStaysBehindTheEnd(_ profile: String, _ engine: String) throws {
    try withSandbox { sandbox in
      let source = try makeTree(sandbox)
      let place = try Filesystem.xfs.make(in: sandbox, as: "target", megabytes: 600)
      try succeed("xfs_io", ["-c", "extsize 16m", place])
      for name in ["judge", "copy"] { _ = try sandbox.makeDirectory("target/\(name)") }
      try succeed("rsync", ["-aS", "\(source)/", "\(place)/judge/"])
      let options = ["--io-engine=\(engine)", "--profile=\(profile)", "-aS"]
      let modes = ["auto", "advise", "keep"].map { "--cache=\($0)" }
      for (mode, round) in modes.flatMap({ mode in [1, 2].map { (mode, $0) } }) {
        let hint = "\(options) \(mode), round \(round)"
        if round == 1 { try succeed("find", ["\(place)/copy", "-mindepth", "1", "-delete"]) }
        try expectFastsync(0, options + [mode, "\(source)/", "\(place)/copy/"])
        let (expected, found) = try (room("\(place)/judge"), room("\(place)/copy"))
        #expect(found == expected, "\(hint)")
        try expectSame(source, "\(place)/copy", .archive, hint: hint)
      }
    }
  }
}
