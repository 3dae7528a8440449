// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Where the ring cannot be had, `auto` copies by plain calls, and `uring` says why it cannot.
@Suite struct EngineFallbackTests {
  private func withTrees(_ body: (Sandbox, [String]) throws -> Void) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let contents = SeededContents(seed: testSeed)
      let directory = try OpenDirectory(source)
      for (number, size) in [0, 1, 5_000, 3_000_000].enumerated() {
        try contents.makeFile(number, directory, Bytes(text: "file-\(number)"), size: size)
      }
      try body(sandbox, ["\(source)/", "\(sandbox.path("target"))/"])
    }
  }

  private func expectCopied(_ sandbox: Sandbox, _ result: ProcessResult) throws {
    #expect(result.status == 0, "\(result.errorText)")
    try expectSame(sandbox.path("source"), sandbox.path("target"))
  }

  private static let calls = ["io_uring_setup", "io_uring_register", "io_uring_enter"]

  /// Takes a call of io_uring away, as containers do.
  private func withoutRing(
    _ sandbox: Sandbox,
    _ code: Int32 = EPERM,
    _ call: String = calls[0]
  ) throws -> CallFilter {
    try CallFilter(CallFilter.Rule.fail([call], code), in: sandbox)
  }

  /// It is not discarded either before it is known that it can be written.
  @Test(
    .enabled(if: CallFilter.obstacle == nil, "\(CallFilter.obstacle ?? "")"),
    .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")")
  )
  func aDeviceIsLeftAlone() throws {
    try withDevicePair { sandbox, source, target in
      let filter = try withoutRing(sandbox)
      let before = try digest(target)
      let command = [fastsyncBinary, "--copy-devices", "--discard", source, target]
      let refused = try filter.run(command + ["--io-engine=uring"])
      #expect(refused.status == 11 && refused.errorText.contains("io_uring"))
      #expect(!refused.errorText.contains("half written"), "\(refused.errorText)")
      #expect(try digest(target) == before)
      let result = try filter.run(command + ["--explain"])
      #expect(result.outputText.contains("engine: plain system calls (io_uring cannot be had"))
      try expectEqualBytes(source, target)
    }
  }

  @Test(
    .enabled(if: CallFilter.obstacle == nil, "\(CallFilter.obstacle ?? "")"),
    arguments: [EPERM, ENOSYS, ENOMEM],
    calls
  )
  func forbidden(
    _ code: Int32,
    _ call: String
  ) throws {
    try withTrees { sandbox, operands in
      let filter = try withoutRing(sandbox, code, call)
      let command = [fastsyncBinary]
      let refused = try filter.run(command + ["--io-engine=uring"] + operands)
      #expect(refused.status != 0, "--io-engine=uring")
      #expect(refused.errorText.contains("io_uring"), "\(refused.errorText)")
      let result = try filter.run(command + ["-v"] + operands)
      try expectCopied(sandbox, result)
      let said = result.outputText + result.errorText
      #expect(said.contains("io_uring"), "-v does not tell of the fallback: \(said)")
    }
  }

  private static let users = Counter()

  /// What an ordinary user may lock decides what can be had: nothing, a ring, a ring and buffers.
  ///
  /// It is counted by user, so that each case needs one of its own: they run at the same time.
  @Test(
    .enabled(if: isRoot, "only root can become another user"),
    .enabled(if: has("prlimit"), "prlimit is not installed"),
    arguments: ["auto", "sync", "uring"],
    [0, 64 << 10, 1 << 20, 8 << 20]
  )
  func littleLockedMemory(_ engine: String, _ bytes: Int) throws {
    try withTrees { sandbox, operands in
      try succeed("chmod", ["-R", "a+rwX", sandbox.path])
      let words = ["--memlock=\(bytes):\(bytes)", "--", fastsyncBinary, "-rt"]
      let user = 60_000 + UInt32(EngineFallbackTests.users.next())
      let result = try run("prlimit", words + ["--io-engine=\(engine)"] + operands, user: user)
      let hint = "--io-engine=\(engine), \(bytes) bytes: \(result.errorText)"
      if engine == "uring" && (!ringIsAllowed || (bytes < 1 << 20 && result.status != 0)) {
        #expect(result.errorText.contains("io_uring"), "\(hint)")
        return
      }
      #expect(result.status == 0, "\(hint)")
      let trees = (sandbox.path("source"), sandbox.path("target"))
      expectNone(try TreeComparer.differences(trees.0, trees.1, [.times]), hint)
    }
  }

  /// What cannot be done at once the kernel hands to threads that count as the user's: under a
  /// limit on them it does not do it at all.
  @Test(
    .enabled(if: isRoot, "only root can become another user"),
    .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
    arguments: Filesystem.allCases,
    ["auto", "advise", "dontcache", "keep"]
  )
  func noKernelThreads(_ kind: Filesystem, _ mode: String) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let contents = SeededContents(seed: testSeed)
      let directory = try OpenDirectory(source)
      for (number, size) in [10, 300_000, 3_000_000, 40_000_000].enumerated() {
        try contents.makeFile(number, directory, Bytes(text: "file-\(number)"), size: size)
      }
      let target = try kind.make(in: sandbox, as: "target")
      try succeed("chmod", ["-R", "a+rwX", source, target])
      let user = 60_000 + UInt32(EngineFallbackTests.users.next())
      let words = ["--nproc=1:1", "--", fastsyncBinary, "-rtv", "--explain", "--cache=\(mode)"]
      let operands = ["\(source)/", "\(target)/copy"]
      let result = try run("prlimit", words + operands, user: user)
      #expect(result.status == 0, "\(kind) \(mode): \(result.errorText)")
      expectNone(try TreeComparer.differences(source, "\(target)/copy", [.times]), "\(mode)")
      let engines = result.outputText.split(separator: "\n").filter { $0.hasPrefix("engine: ") }
      #expect(engines.count <= 2, "\(engines)")
    }
  }
}
