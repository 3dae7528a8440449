// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// On old kernels, and under filters that know no newer calls, older ones do: ENOSYS is what the
/// kernel says, and EPERM what old container runtimes do.
@Suite(
  .enabled(if: isRoot, "only root makes the whole tree"),
  .enabled(if: CallFilter.obstacle == nil, "\(CallFilter.obstacle ?? "")")
)
struct MissingCallTests {
  /// What has an older way: all calls that Linux has got since 4.6.
  static let newer = [
    "openat2", "statx", "cachestat", "fchmodat2", "setxattrat", "getxattrat", "listxattrat",
    "removexattrat", "io_uring_setup", "preadv2", "pwritev2", "renameat2", "clone3",
    "copy_file_range", "faccessat2", "close_range",
  ]
  private let nobody: UInt32 = 65_534

  @Test(arguments: [EPERM, ENOSYS], ["auto", "dontcache"]) func theWholeTree(
    _ code: Int32,
    _ cache: String
  ) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      var tree = NastyTree(seed: testSeed)
      try tree.make(at: source)
      let target = sandbox.path("target")
      let filter = try CallFilter(CallFilter.Rule.fail(Self.newer, code), in: sandbox)
      let hint = "\(code), \(replay("MissingCallTests"))"
      for round in ["first", "second"] {
        let words = [fastsyncBinary, "--cache=\(cache)", "-v", "\(source)/", "\(target)/"]
        let result = try filter.run(words)
        #expect(result.status == 0, "\(result.errorText) \(round), \(hint)")
        #expect(round == "first" || result.copiesNothing, "\(hint)")
        try expectSame(source, target, beyondRsync: NastyTree.beyondRsync, hint: round)
      }
      expectNone(try temporaryNames(target), hint)
    }
  }

  /// Each alone, for somebody to whom calls say EPERM that are there: the source is root's.
  @Test(arguments: newer) func anOrdinaryUser(_ call: String) throws {
    try withSandbox { sandbox in
      let sides = try ["source", "target"].map { try OpenDirectory(sandbox.makeDirectory($0)) }
      for (number, side) in sides.enumerated() {
        for name in ["same", "changed", "mode", "attribute"].map({ Bytes(text: $0) }) {
          let contents = name == Bytes(text: "changed") ? Bytes(repeating: 1, count: number) : name
          try side.makeFile(name, contents)
          try side.changeTimes(name, 1_000, 1)
        }
        try side.makeSymbolicLink(Bytes(text: "link"), to: Bytes(text: "\(number)"))
        try side.changeMode(Bytes(text: "mode"), number == 0 ? 0o555 : 0o600)
        try setAttribute(side.descriptor, Bytes(text: "attribute"), "user.a", [UInt8(number)])
      }
      try sides[0].makeDirectory(Bytes(text: "new")).makeFile(Bytes(text: "inside"), [1])
      try setAttribute(sides[0].descriptor, Bytes(text: "new"), "user.a", [2])
      let (source, target) = (sandbox.path("source"), sandbox.path("target"))
      try succeed("chown", ["-hR", "\(nobody):\(nobody)", target])
      let filter = try CallFilter(CallFilter.Rule.fail([call], EPERM), in: sandbox)
      let words = [fastsyncBinary, "-rlptHX", "\(source)/", "\(target)/"]
      let result = try filter.run(words, user: nobody)
      #expect(result.status == 0, "\(call): \(result.errorText)")
      expectNone(try RsyncJudge.complaints(source, target, options: "-rlptHXnci"), call)
    }
  }
}
