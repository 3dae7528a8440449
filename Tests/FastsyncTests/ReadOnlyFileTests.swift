// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Attributes of an ordinary user's own files that nobody may write to: the file is writable for
/// the moment, and has its permissions again afterwards, also if the run was killed in between.
@Suite(.enabled(if: isRoot, "only root can become another user"))
struct ReadOnlyFileTests {
  private let nobody: UInt32 = 65_534
  private let file = Bytes(text: "file")

  /// A file that is the same on both sides but for its attributes.
  private func withFiles(
    _ mode: mode_t = 0o444,
    _ body: (Sandbox, _ source: OpenDirectory, _ target: OpenDirectory) throws -> Void
  ) throws {
    try withSandbox { sandbox in
      let sides = try ["source", "target"].map { try OpenDirectory(sandbox.makeDirectory($0)) }
      for (number, side) in sides.enumerated() {
        try side.makeFile(file, [1, 2, 3])
        try setAttribute(side.descriptor, file, "user.same", [7])
        try setAttribute(side.descriptor, file, "user.changed", [UInt8(number)])
        try setAttribute(side.descriptor, file, number == 0 ? "user.new" : "user.gone", [8])
        try side.changeTimes(file, 1_000, 1)
        try side.changeMode(file, mode)
      }
      try succeed("chown", ["-R", "\(nobody):\(nobody)", sandbox.path])
      try body(sandbox, sides[0], sides[1])
    }
  }

  private func words(_ sandbox: Sandbox, _ options: [String] = []) -> [String] {
    options + ["\(sandbox.path("source"))/", "\(sandbox.path("target"))/"]
  }

  private func permissions(_ directory: OpenDirectory) throws -> mode_t {
    try directory.status(file).st_mode & 0o7777
  }

  @Test(arguments: [0o444, 0o400, 0o555, 0o464] as [mode_t], engines)
  func areRepaired(_ mode: mode_t, _ engine: String) throws {
    try withFiles(mode) { sandbox, source, target in
      let before = try target.status(file).st_ino
      try expectFastsync(0, words(sandbox, ["--io-engine=\(engine)"]), user: nobody)
      try expectSame(sandbox.path("source"), sandbox.path("target"))
      #expect(try permissions(target) == mode && target.status(file).st_ino == before)
      let again = try fastsync(words(sandbox, ["-vi"]), user: nobody)
      #expect(again.listing.isEmpty, "\(again.outputText)")
    }
  }

  /// Where permissions are not carried over the file keeps its own.
  @Test func permissionsThatAreNotCarriedOver() throws {
    try withFiles { sandbox, source, target in
      try source.changeMode(file, 0o600)
      try expectFastsync(0, words(sandbox, ["-rtX"]), user: nobody)
      #expect(try permissions(target) == 0o444)
      try expectSame(sandbox.path("source"), sandbox.path("target"), [.times, .attributes])
    }
  }

  /// rsync does the same.
  @Test(.enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed")) func asRsyncDoes()
    throws
  {
    try withFiles { sandbox, source, target in
      #expect(try run("rsync", words(sandbox, ["-aX"]), user: nobody).status == 0)
      #expect(try permissions(target) == 0o444)
      // rsync leaves a directory as it is whose time differs by less than a second.
      let aspects = TreeComparer.Aspects.all.subtracting([.directoryTimes])
      try expectSame(sandbox.path("source"), sandbox.path("target"), aspects)
    }
  }

  /// New files and directories whose ACL takes writing from their owner, and may be set first.
  @Test func anAccessListThatForbidsTheOwner() throws {
    try withFiles { sandbox, source, target in
      let list = AccessList(user: 5, others: [(1, 4)], group: 4, mask: 4, other: 4)
      _ = try source.makeDirectory(Bytes(text: "directory"))
      for name in [file, Bytes(text: "directory")] {
        try setAttribute(source.descriptor, name, "user.before", [1])
        try setAttribute(source.descriptor, name, AccessList.access, list.bytes)
        try setAttribute(source.descriptor, name, "user.behind", [1])
      }
      try succeed("chown", ["-R", "\(nobody):\(nobody)", sandbox.path])
      let copy = sandbox.path("target/copy")
      for round in ["new", "repaired"] {
        try expectFastsync(0, ["\(sandbox.path("source"))/", "\(copy)/"], user: nobody)
        try expectSame(sandbox.path("source"), copy, hint: round)
        let made = try OpenDirectory(copy)
        try setAttribute(made.descriptor, file, "user.before", [2])
        try setAttribute(made.descriptor, Bytes(text: "directory"), "user.before", [2])
      }
    }
  }

  /// A file of somebody else's that the user may not write to is named, and left as it is.
  @Test func aFileOfSomebodyElse() throws {
    try withFiles { sandbox, source, target in
      try target.changeOwner(file, 0, 0)
      let said = ["file: cannot set attribute user.", "Permission denied"]
      try expectFastsync(23, words(sandbox, ["-rlptX"]), user: nobody, saying: said)
      #expect(try permissions(target) == 0o444)
    }
  }

  /// Killed where the permissions are to be put back.
  @Test(
    .enabled(if: CallFilter.obstacle == nil, "\(CallFilter.obstacle ?? "")"),
    arguments: engines
  )
  func killedInBetween(_ engine: String) throws {
    try withFiles { sandbox, source, target in
      let rules = ["fchmodat2", "fchmodat", "chmod"].map {
        CallFilter.Rule(call: $0, argument: ($0 == "chmod" ? 1 : 2, 0o7777, 0o444), error: nil)
      }
      let filter = try CallFilter(rules, in: sandbox)
      let arguments = words(sandbox, ["--io-engine=\(engine)"])
      let killed = try filter.run([fastsyncBinary] + arguments, user: nobody)
      #expect(killed.signal == SIGSYS, "\(killed)")
      #expect(try permissions(target) == 0o644)
      try expectFastsync(0, arguments, user: nobody)
      #expect(try permissions(target) == 0o444)
      try expectSame(sandbox.path("source"), sandbox.path("target"))
    }
  }
}
