// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A file that is nearly all hole costs what its data costs, however large it says to be.
@Suite(
  .enabled(if: has("strace"), "strace is not installed"),
  .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")")
)
struct HugeHoleTests {
  /// Makes a file of 20 bytes at its beginning, its middle and its end.
  private func makeFile(_ path: String, size: UInt64) throws {
    let file = try check(unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644), "open")
    defer { close(file) }
    let bytes = [UInt8](repeating: 7, count: 20)
    try check(ftruncate(file, off_t(size)), "ftruncate")
    for offset in [0, size / 2, size - 20] {
      try check(unsafe pwrite(file, bytes, bytes.count, off_t(offset)), "pwrite")
    }
  }

  private func calls(_ sandbox: Sandbox, _ words: [String]) throws -> Int {
    let trace = sandbox.path("trace")
    try succeed("strace", ["-f", "-c", "-o", trace, fastsyncBinary] + words)
    let table = try succeed("cat", [trace]).outputText.split(separator: "\n")
    let total = try #require(table.last { $0.hasSuffix(" total") })
    return try #require(Int(total.split(separator: " ")[3]))
  }

  @Test(arguments: engines, ["auto", "advise", "keep"])
  func callsDoNotGrowWithTheSize(_ engine: String, _ mode: String) throws {
    try withSandbox { sandbox in
      let source = try Filesystem.xfs.make(in: sandbox, as: "source")
      for target in [Filesystem.xfs, .btrfs] {
        let path = try target.make(in: sandbox, as: "target-\(target)")
        var counts: [Int] = []
        // As large as a file of XFS and btrfs can be.
        for size in [UInt64(1) << 30, 1 << 40, 1 << 62, UInt64(Int64.max) - 4096] {
          try makeFile("\(source)/file", size: size)
          let options = ["--io-engine=\(engine)", "--cache=\(mode)"]
          let copy = "\(path)/\(counts.count)"
          counts.append(try calls(sandbox, options + ["\(source)/file", copy]))
          #expect(try succeed("stat", ["-c", "%s", copy]).outputText == "\(size)\n")
          for skip in [0, size / 2, size - 20] {
            let place = ["-s", "-n", "20", "-i", "\(skip):\(skip)"]
            try succeed("cmp", place + ["\(source)/file", copy])
          }
          try succeed("rm", ["\(source)/file"])
        }
        let (least, most) = (counts.min() ?? 0, counts.max() ?? 0)
        #expect(most < least + 200, "\(target) \(engine) \(mode): \(counts)")
      }
    }
  }

  /// What somebody has in the cache of it is not asked for in its holes.
  @Test func aFileThatIsPartlyCached() throws {
    try withSandbox { sandbox in
      let source = try Filesystem.xfs.make(in: sandbox, as: "source")
      let target = try Filesystem.ext4.make(in: sandbox, as: "target")
      try makeFile("\(source)/file", size: 4 << 40)
      try succeed("sync", ["-f", source])
      try succeed("head", ["-c", "1", "\(source)/file"])
      let count = try calls(sandbox, ["\(source)/file", "\(target)/copy"])
      #expect(count < 1_000)
    }
  }
}
