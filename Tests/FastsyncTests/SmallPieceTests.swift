// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Small pieces between holes are sent off one by one where XFS would take long to find places for
/// a row of them.
@Suite(
  .enabled(if: has("strace"), "strace is not installed"),
  .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")")
)
struct SmallPieceTests {
  /// So many pieces of each size, in bytes, with holes of the same size before them.
  private static let pieces = [(size: 4096, count: 64), (size: 65_536, count: 8)]
  /// What strace calls RWF_DONTCACHE, which is younger.
  private static let dontCache = "0x80"

  private func makeFile(_ path: String) throws {
    let file = try check(unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644), "open")
    defer { close(file) }
    // Written from the first byte on, XFS would fill the holes with what it sets aside.
    let size = Self.pieces.reduce(0) { $0 + 2 * $1.size * $1.count }
    try check(ftruncate(file, off_t(size)), "ftruncate")
    var offset = 0
    for (size, count) in Self.pieces {
      let bytes = [UInt8](repeating: 7, count: size)
      for _ in 0..<count {
        offset += size
        try check(unsafe pwrite(file, bytes, size, off_t(offset)), "pwrite")
        offset += size
      }
    }
  }

  /// How many writes of a size there are, and how many of them are sent off.
  private func writes(_ calls: [TracedCall], _ size: Int) -> [Int] {
    let written = calls.filter {
      $0.description.hasPrefix("pwrite") && $0.description.hasSuffix(" = \(size)")
    }
    return [written.count, written.count { $0.description.contains(Self.dontCache) }]
  }

  private func knowsDontCache(_ directory: String) throws -> Bool {
    let script = """
      import os, sys
      file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
      try: os.pwritev(file, [b"x"], 0, 0x80)
      except OSError: print("no")
      """
    let path = "\(directory)/probe"
    return try succeed("python3", ["-c", script, path]).outputText.isEmpty
  }

  /// Where the kernel, or a filter, does not let them be sent off, they are written plainly.
  @Test(arguments: ["ENOSYS", "EPERM", "EOPNOTSUPP"])
  func arePlainWhereThatIsRefused(_ error: String) throws {
    try withSandbox { sandbox in
      let source = try Filesystem.xfs.make(in: sandbox, as: "source")
      let target = try Filesystem.xfs.make(in: sandbox, as: "target")
      try makeFile("\(source)/file")
      let inject = ["-e", "inject=pwritev2:error=\(error)", "-o", sandbox.path("trace")]
      let words = ["--io-engine=sync", "--profile=ssd", "\(source)/file", "\(target)/copy"]
      try succeed("strace", ["-f", "-qq"] + inject + [fastsyncBinary] + words)
      try succeed("cmp", ["\(source)/file", "\(target)/copy"])
    }
  }

  @Test(arguments: [Filesystem.xfs, .ext4], ["ssd", "hdd"])
  func areSentOffOnXFS(_ kind: Filesystem, _ profile: String) throws {
    try withSandbox { sandbox in
      let source = try Filesystem.xfs.make(in: sandbox, as: "source")
      let target = try kind.make(in: sandbox, as: "target")
      try makeFile("\(source)/file")
      let words = ["--io-engine=sync", "--profile=\(profile)", "\(source)/file", "\(target)/copy"]
      let calls = try sandbox.trace("pwrite64,pwritev,pwritev2", words)
      let sendsOff = try kind == .xfs && profile == "ssd" && knowsDontCache(target)
      for (size, count) in Self.pieces {
        let sent = sendsOff && size == 4096 ? count : 0
        #expect(writes(calls, size) == [count, sent], "\(size)")
      }
      try succeed("cmp", ["\(source)/file", "\(target)/copy"])
      let blocks = try [source + "/file", target + "/copy"].map {
        try succeed("stat", ["-c", "%b", $0]).outputText
      }
      if kind == .xfs { #expect(blocks[0] == blocks[1]) }
    }
  }
}
