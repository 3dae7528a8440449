// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// An attribute that the target has no room for is named, and all else is copied: the disk is not
/// full, and each run tries again.
@Suite(.enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"))
struct AttributeRoomTests {
  private static let large = "user.large"
  private static let small = "user.small"

  /// Files of all sizes, a directory and a link with an attribute of 20,000 bytes and a small one,
  /// and many files without.
  private func makeTree(_ source: String) throws {
    let root = try OpenDirectory(source)
    let contents = SeededContents(seed: testSeed)
    for number in 0..<60 {
      try contents.makeFile(number, root, Bytes(text: "plain-\(number)"), size: number * 999)
    }
    for (number, size) in [0, 5_000, 3_000_000].enumerated() {
      try contents.makeFile(number, root, Bytes(text: "a-file-\(number)"), size: size)
    }
    try root.makeDirectory(Bytes(text: "a-directory")).makeFile(Bytes(text: "inside"), [1])
    let value = Bytes((0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
    for name in Self.burdened.map({ Bytes(text: $0) }) {
      try setAttribute(root.descriptor, name, Self.large, value)
      try setAttribute(root.descriptor, name, Self.small, [1])
    }
  }

  private static let burdened = ["a-file-0", "a-file-1", "a-file-2", "a-directory"]

  @Test(arguments: [Filesystem.ext4, .btrfs], engines) func isNamedAndNothingElseIsMissing(
    _ kind: Filesystem,
    _ engine: String
  ) throws {
    try withSandbox { sandbox in
      _ = try Filesystem.xfs.make(in: sandbox, as: "source")
      let source = try sandbox.makeDirectory("source/tree")
      try makeTree(source)
      let target = try kind.make(in: sandbox, as: "target") + "/copy"
      let arguments = ["-v", "--io-engine=\(engine)", "\(source)/", "\(target)/"]
      for round in 1...2 {
        let result = try expectFastsync(23, arguments, saying: ["No space left on device"])
        let lines = result.complaints
        for name in Self.burdened {
          let told = "\(target)/\(name): cannot set attribute \(Self.large): No space"
          #expect(lines.count { $0.contains(told) } == 1, "\(kind), round \(round): \(lines)")
        }
        #expect(lines.count { $0.contains("plain") } == 0, "\(lines)")
        if round == 2 {
          #expect(result.copiesNothing, "\(result.outputText)")
        }
        let differences = try TreeComparer.differences(source, target, [.archive, .hardLinks])
        expectNone(differences, "\(kind), round \(round)")
      }
      let copied = try OpenDirectory(target)
      for name in Self.burdened {
        #expect(try attributes(copied.descriptor, Bytes(text: name)).keys.sorted() == [Self.small])
      }
    }
  }

  /// More names in an ACL than one block has room for.
  @Test(arguments: [Filesystem.ext4, .btrfs]) func accessLists(_ kind: Filesystem) throws {
    try withSandbox { sandbox in
      _ = try Filesystem.xfs.make(in: sandbox, as: "source")
      let source = try OpenDirectory(sandbox.makeDirectory("source/tree"))
      let others = (0..<4_000).map { (UInt32(1_000 + $0), UInt16(4)) }
      let list = AccessList(user: 6, others: others, group: 4, mask: 4, other: 4)
      for name in ["listed", "other"] { try source.makeFile(Bytes(text: name), [1]) }
      try setAttribute(
        source.descriptor,
        Bytes(text: "listed"),
        AccessList.access,
        list.bytes
      )
      let target = try kind.make(in: sandbox, as: "target")
      let words = ["listed: cannot set attribute \(AccessList.access): "]
      let operands = [sandbox.path("source/tree") + "/", "\(target)/copy/"]
      try expectFastsync(23, operands, saying: words)
      let differences = try TreeComparer.differences(operands[0], operands[1], .archive)
      expectNone(differences, "\(kind)")
    }
  }

  /// Whatever the reason, and wherever it is set: a quota, or what a server takes.
  @Test(
    .enabled(if: CallFilter.obstacle == nil, "\(CallFilter.obstacle ?? "")"),
    arguments: [ENOSPC, EDQUOT, E2BIG, ERANGE]
  )
  func everyReason(_ code: Int32) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      try makeTree(source)
      try succeed("chown", ["1:1", "\(source)/plain-1"])
      let target = sandbox.path("target")
      let attributeCalls = CallFilter.Rule.fail(["setxattrat", "lsetxattr", "fsetxattr"], code)
      // A new owner may have used his quota up.
      let ownerCalls = CallFilter.Rule.fail(["fchown", "fchownat"], EDQUOT)
      let rules = code == EDQUOT ? attributeCalls + ownerCalls : attributeCalls
      let result = try CallFilter(rules, in: sandbox)
        .run([fastsyncBinary, "\(source)/", "\(target)/"])
      #expect(result.status == 23, "\(result.errorText)")
      for name in Self.burdened {
        for key in [Self.large, Self.small] {
          let told = "\(target)/\(name): cannot set attribute \(key): "
          #expect(result.errorText.contains(told), "\(result.errorText)")
        }
      }
      let isOwned = !result.errorText.contains("plain-1: cannot set owner")
      #expect(isOwned == (code != EDQUOT), "\(result.errorText)")
      let left: TreeComparer.Aspects = [.modes, .times, .directoryTimes]
      expectNone(try TreeComparer.differences(source, target, left), "\(code)")
    }
  }

  /// What has no room for data either is full, and ends the run.
  @Test func aFullDiskIsToldAsOne() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      try makeTreeOfData(source)
      let target = try Filesystem.ext4.make(in: sandbox, as: "target", megabytes: 20)
      try expectFastsync(11, ["\(source)/", "\(target)/"], saying: ["No space"])
    }
  }

  private func makeTreeOfData(_ source: String) throws {
    let root = try OpenDirectory(source)
    let contents = SeededContents(seed: testSeed)
    for number in 0..<40 {
      let name = Bytes(text: "file-\(number)")
      try contents.makeFile(number, root, name, size: 1 << 20)
      try setAttribute(root.descriptor, name, Self.small, [1])
    }
  }
}
