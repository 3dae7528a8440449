// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// One entry that fails is named with its reason; all others are copied, and the exit status is 23.
@Suite struct FailingEntryTests {
  private let nobody: UInt32 = 65_534

  @Test(.enabled(if: isRoot, "only root can become another user")) func deniedEntries() throws {
    try withSandbox { sandbox in
      let source = try OpenDirectory(sandbox.makeDirectory("source"))
      let names = ["denied", "good", "shut", "z"].map { Bytes(text: $0) }
      try source.makeFile(names[0], [1])
      try source.makeFile(names[1], [2])
      try source.makeDirectory(names[2]).makeFile(names[0], [3])
      try source.makeDirectory(names[3]).makeFile(names[1], [4])
      try source.changeMode(names[0], 0o600)
      try source.changeMode(names[2], 0o700)
      let target = try sandbox.makeDirectory("target")
      try OpenDirectory(sandbox.path).changeOwner(Bytes(text: "target"), nobody, nobody)
      let arguments = ["-rlptD", "\(sandbox.path("source"))/", "\(target)/"]
      let words = ["source/denied: ", "source/shut: ", "Permission denied"]
      try expectFastsync(23, arguments, user: nobody, saying: words)
      let copied = try OpenDirectory(target)
      #expect(try haveSameContents(source, names[1], copied, names[1]))
      #expect(
        try haveSameContents(source.open(names[3]), names[1], copied.open(names[3]), names[1])
      )
      #expect(try !copied.names().contains(names[0]))
      // A target that belongs to somebody else.
      try succeed("chown", ["-R", "root", target])
      try succeed("rm", ["-r", "\(target)/good"])
      try expectFastsync(
        23,
        arguments,
        user: nobody,
        saying: ["target/good: ", "Permission denied"]
      )
    }
  }

  /// The bare command promises owners; what an ordinary user cannot keep has to be told.
  @Test(.enabled(if: isRoot, "only root can become another user")) func ownersThatCannotBeKept()
    throws
  {
    try withSandbox { sandbox in
      let source = try OpenDirectory(sandbox.makeDirectory("source"))
      try source.makeFile(Bytes(text: "roots"), [1])
      let target = try sandbox.makeDirectory("target")
      try OpenDirectory(sandbox.path).changeOwner(Bytes(text: "target"), nobody, nobody)
      let arguments = ["\(sandbox.path("source"))/", "\(target)/"]
      let result = try expectFastsync(23, arguments, user: nobody, saying: ["failures: 2"])
      // The target directory itself is one of the two.
      let lines = result.complaints.filter { $0.contains("/roots: ") }
      #expect(lines.count == 1, "\(lines)")
      #expect(lines.first?.contains("cannot set owner and group: Operation not perm") == true)
      let copied = try OpenDirectory(target)
      #expect(try haveSameContents(source, Bytes(text: "roots"), copied, Bytes(text: "roots")))
    }
  }

  /// ramfs has neither attributes nor ACLs.
  @Test(.enabled(if: isRoot, "only root can mount")) func attributesThatCannotBeKept() throws {
    try withSandbox { sandbox in
      let source = try OpenDirectory(sandbox.makeDirectory("source"))
      let names = ["with", "without", "listed"].map { Bytes(text: $0) }
      for name in names { try source.makeFile(name, name) }
      try setAttribute(source.descriptor, names[0], "user.important", [1])
      let list = AccessList(user: 6, others: [(1, 4)], group: 4, mask: 4, other: 4)
      try setAttribute(source.descriptor, names[2], AccessList.access, list.bytes)
      let target = try sandbox.mount(["-t", "ramfs", "ramfs"], at: "target")
      let arguments = ["\(sandbox.path("source"))/", "\(target)/"]
      let words = ["with: ", "user.important", "listed: ", "not supported"]
      let result = try expectFastsync(23, arguments, saying: words)
      #expect(!result.errorText.contains("without: "))
      let aspects: TreeComparer.Aspects = [.times, .owners, .directoryTimes, .hardLinks]
      try expectSame(sandbox.path("source"), target, aspects)
    }
  }

  @Test(
    .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")")
  ) func aLinkThatTheTargetHasNoRoomFor() throws {
    try withSandbox { sandbox in
      let source = try OpenDirectory(sandbox.makeDirectory("source"))
      // XFS keeps 1023 bytes of a symbolic link.
      try source.makeSymbolicLink(Bytes(text: "long"), to: Bytes(repeating: 0x78, count: 2000))
      try source.makeFile(Bytes(text: "other"), [1])
      let target = try Filesystem.xfs.make(in: sandbox, as: "target")
      let arguments = ["\(sandbox.path("source"))/", "\(target)/"]
      try expectFastsync(23, arguments, saying: ["long: ", "File name too long"])
      #expect(try OpenDirectory(target).names() == [Bytes(text: "other")])
    }
  }

  /// Files that say they are empty, and are not.
  @Test(arguments: ["filesystems", "devices", "version", "cmdline"]) func procFiles(
    _ name: String
  ) throws {
    try withSandbox { sandbox in
      for engine in engines {
        let target = sandbox.path(engine)
        try expectFastsync(0, ["-r", "--io-engine=\(engine)", "/proc/\(name)", target])
        let expected = try succeed("cat", ["/proc/\(name)"]).standardOutput
        #expect(try succeed("cat", [target]).standardOutput == expected, "\(engine)")
      }
    }
  }
}
