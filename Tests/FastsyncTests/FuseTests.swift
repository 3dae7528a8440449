// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage
import Testing

/// Filesystems whose server may refuse in the end what it has taken: `close` and `fsync` tell.
@Suite(.enabled(if: FaultyFilesystem.obstacle == nil, "\(FaultyFilesystem.obstacle ?? "")"))
struct FuseTests {
  /// Mounts a server that fails for files with `bad` in their names.
  private func withServer(
    _ failures: [String],
    _ body: (Sandbox, _ target: String) throws -> Void
  ) throws {
    try withSandbox { sandbox in
      try body(sandbox, try FaultyFilesystem(in: sandbox, as: "target", failures).path)
    }
  }

  private func makeSource(_ sandbox: Sandbox) throws -> String {
    let source = try sandbox.makeDirectory("source")
    let (directory, contents) = (try OpenDirectory(source), SeededContents(seed: testSeed))
    for (number, size) in [0, 1, 5_000, 300_000, 3_000_000].enumerated() {
      try contents.makeFile(number, directory, Bytes(text: "good\(number)"), size: size)
    }
    try contents.makeFile(9, directory, Bytes(text: "bad"), size: 10_000)
    try contents.makeFile(10, directory, Bytes(text: "large and bad"), size: 3_000_000)
    return source
  }

  private static let refusals: [(String, Int32)] = [
    ("flush=\(EIO)", 23), ("flush=\(ENOSPC)", 11), ("flush=\(EDQUOT)", 11), ("fsync=\(EIO)", 23),
    ("write=\(EIO)", 11),
  ]

  @Test(arguments: refusals)
  func whatTheServerRefusesIsNamed(_ failure: String, _ status: Int32) throws {
    for engine in engines {
      for durability in ["run", "file"] {
        try withServer([failure]) { sandbox, target in
          let source = try makeSource(sandbox)
          let options = ["-rt", "--io-engine=\(engine)", "--durability=\(durability)"]
          let result = try fastsync(options + ["\(source)/", "\(target)/copy/"])
          let hint = "\(failure) \(options): \(result.errorText)"
          #expect(result.status == status, "\(hint)")
          #expect(result.errorText.contains("bad: cannot write"), "\(hint)")
          let names = try OpenDirectory("\(target)/copy").names()
            .map { String(decoding: $0, as: UTF8.self) }
          #expect(!names.contains { $0.contains("bad") }, "\(hint)")
          expectNone(try temporaryNames(target), hint)
          guard status == 23 else { return }
          try succeed("rm", ["\(source)/bad", "\(source)/large and bad"])
          try succeed("diff", ["-r", source, "\(target)/copy"])
        }
      }
    }
  }

  /// Nothing has to last, but what was refused is not there.
  @Test func closeIsAskedInAnyCase() throws {
    try withServer(["flush=\(EIO)"]) { sandbox, target in
      let source = try makeSource(sandbox)
      let options = ["-rt", "--durability=none", "\(source)/", "\(target)/copy/"]
      try expectFastsync(23, options, saying: ["bad: cannot write"])
    }
  }

  /// `syncfs` reaches no server, so each file is synced by itself, and the directory.
  @Test func eachFileIsSynced() throws {
    try withServer([]) { sandbox, target in
      let source = try makeSource(sandbox)
      try expectFastsync(0, ["-rt", "\(source)/", "\(target)/copy/"])
      try succeed("diff", ["-r", source, "\(target)/copy"])
      try expectFastsync(0, ["-rt", "-v", "\(source)/", "\(target)/copy/"])
      guard has("strace") else { try Test.cancel("strace is not installed") }
      try succeed("touch", ["\(source)/good1", "\(source)/good2"])
      let calls = try sandbox.trace("fsync", ["-rt", "\(source)/", "\(target)/copy/"])
      #expect(calls.count { $0.is("fsync") && $0.hasSucceeded } == 3, "\(calls)")
    }
  }
}
