// SPDX-License-Identifier: Apache-2.0

import Testing

/// How a copy is made must not show in what it makes.
@Suite(.enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed"))
struct NastyOptionsTests {
  static let options =
    [
      "--jobs=2", "--jobs=16", "--memory=64K --jobs=1", "--memory=64K --jobs=8",
      "--memory=256M", "--cache=keep", "--noreuse", "--durability=none",
      "--io-engine=sync --jobs=16 --memory=64K",
      "--io-engine=sync --cache=keep", "--io-engine=uring --jobs=16",
      "--io-engine=uring --memory=64K",
    ]

  @Test(arguments: options) func nastyTree(_ line: String) throws {
    try cancelWithoutItsRing(line)
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      var tree = NastyTree(seed: testSeed)
      try tree.make(at: source)
      let target = sandbox.path("target")
      let arguments = line.split(separator: " ").map(String.init) + ["\(source)/", "\(target)/"]
      let hint = "\(line), \(replay("NastyOptionsTests"))"
      try expectFastsync(0, arguments, hint: hint)
      try expectSame(source, target, beyondRsync: NastyTree.beyondRsync, hint: hint)
    }
  }

  @Test(
    .enabled(if: isRoot, "an ordinary user makes read-only directories writable for a while"),
    arguments: options
  )
  func aSecondRunTouchesNothing(_ line: String) throws {
    try cancelWithoutItsRing(line)
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      var tree = NastyTree(seed: testSeed)
      try tree.make(at: source)
      let target = sandbox.path("target")
      let arguments = line.split(separator: " ").map(String.init) + ["\(source)/", "\(target)/"]
      let hint = "\(line), \(replay("NastyOptionsTests"))"
      try expectFastsync(0, arguments, hint: hint)
      let before = try fingerprint(target)
      try expectFastsync(0, arguments, hint: hint)
      let after = try fingerprint(target)
      expectNone(Set(before).symmetricDifference(after).sorted(), "second run, \(hint)")
    }
  }

  private func cancelWithoutItsRing(_ line: String) throws {
    if line.contains("=uring") && !ringIsAllowed { try Test.cancel("io_uring cannot be had") }
  }

  /// All names exist with other contents, so that every one has to be replaced; the longest leave
  /// no room for the suffix of a temporary name.
  @Test(arguments: engines) func everythingIsReplaced(_ engine: String) throws {
    try withSandbox { sandbox in
      let (source, target) = try (sandbox.makeDirectory("source"), sandbox.makeDirectory("target"))
      var tree = NastyTree(seed: testSeed)
      try tree.make(at: source)
      var other = NastyTree(seed: testSeed &+ 1)
      try other.make(at: target)
      // Files of one size and time are taken for the same, so these get other times.
      try succeed("find", [target, "-type", "f", "-execdir", "touch", "-d", "@77", "{}", "+"])
      let hint = "--io-engine=\(engine), \(replay("NastyOptionsTests"))"
      try expectFastsync(0, ["--io-engine=\(engine)", "\(source)/", "\(target)/"], hint: hint)
      try expectSame(source, target, beyondRsync: NastyTree.beyondRsync, hint: hint)
      expectNone(try temporaryNames(target), hint)
    }
  }
}
