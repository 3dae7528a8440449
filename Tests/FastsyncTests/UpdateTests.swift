// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A target that has something already: what is replaced, what is repaired, what is left alone.
@Suite struct UpdateTests {
  private static let name = Bytes(text: "name")

  /// A fresh source and target, whose entries a test makes.
  private func withSides(
    _ body: (_ source: OpenDirectory, _ target: OpenDirectory, _ copy: () throws -> Void) throws ->
      Void
  ) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      try body(OpenDirectory(source), OpenDirectory(target)) {
        try expectFastsync(0, ["\(source)/", "\(target)/"])
        try expectSame(source, target)
      }
    }
  }

  /// The kinds of entries that can be in each other's way; a full directory is another test.
  enum Kind: String, CaseIterable, Sendable {
    case file, directory, symlink, dangling, fifo, socket

    func make(_ directory: OpenDirectory, _ name: Bytes) throws {
      switch self {
      case .file: try directory.makeFile(name, Bytes(text: "contents"))
      case .directory: _ = try directory.makeDirectory(name)
      case .symlink: try directory.makeSymbolicLink(name, to: Bytes(text: "other"))
      case .dangling: try directory.makeSymbolicLink(name, to: Bytes(text: "no/such"))
      case .fifo: try directory.makeNode(name, S_IFIFO | 0o640)
      case .socket: try directory.makeNode(name, S_IFSOCK | 0o640)
      }
    }
  }

  @Test(arguments: Kind.allCases, Kind.allCases) func oneKindReplacesAnother(
    _ new: Kind,
    _ old: Kind
  ) throws {
    try withSides { source, target, copy in
      // What a symbolic link at the target points to must not be touched.
      let other = Bytes(text: "other")
      for side in [source, target] {
        _ = try side.makeDirectory(other).makeFile(other, Bytes(text: "inside"))
        try side.changeTimes(other, 1_000, 1)
      }
      try new.make(source, UpdateTests.name)
      try old.make(target, UpdateTests.name)
      try copy()
    }
  }

  @Test func aDirectoryWithContentsReplacesAFile() throws {
    try withSides { source, target, copy in
      let below = try source.makeDirectory(UpdateTests.name).makeDirectory([0x61])
      try below.makeFile([0x62], [1, 2])
      try target.makeFile(UpdateTests.name, [3])
      try copy()
    }
  }

  /// As rsync without --force: a directory that is not empty is not deleted for a file.
  @Test func aFullDirectoryStays() throws {
    try withSandbox { sandbox in
      let source = try OpenDirectory(sandbox.makeDirectory("source"))
      let target = try OpenDirectory(sandbox.makeDirectory("target"))
      try source.makeFile(UpdateTests.name, [1])
      try source.makeFile(Bytes(text: "zz"), [2])
      try target.makeDirectory(UpdateTests.name).makeFile([0x61], [3])
      let arguments = ["\(sandbox.path("source"))/", "\(sandbox.path("target"))/"]
      try expectFastsync(23, arguments, saying: ["target/name"])
      #expect(try target.open(UpdateTests.name).names() == [[0x61]])
      #expect(try haveSameContents(source, Bytes(text: "zz"), target, Bytes(text: "zz")))
    }
  }

  @Test func metadataIsRepairedInPlace() throws {
    try withSides { source, target, copy in
      for side in [source, target] {
        try side.makeFile(UpdateTests.name, Bytes(text: "same"))
        try side.changeTimes(UpdateTests.name, 1_000, 1)
      }
      try source.changeMode(UpdateTests.name, 0o4711)
      try setAttribute(source.descriptor, UpdateTests.name, "user.new", [1])
      try setAttribute(target.descriptor, UpdateTests.name, "user.old", [2])
      let list = AccessList(user: 6, others: [(1, 4)], group: 4, mask: 4, other: 4)
      try setAttribute(target.descriptor, UpdateTests.name, AccessList.access, list.bytes)
      let before = try target.status(UpdateTests.name).st_ino
      try copy()
      #expect(try target.status(UpdateTests.name).st_ino == before)
      // A directory and a link, too.
      try source.makeDirectory([0x64]).makeFile([0x65])
      try source.makeSymbolicLink([0x6c], to: [0x64])
      try copy()
      let inodes = try [[0x64], [0x6c]].map { try target.status($0).st_ino }
      try source.changeMode([0x64], 0o2750)
      try source.changeTimes([0x64], 5, 5)
      try source.changeTimes([0x6c], 6, 6)
      if isRoot { try source.changeOwner([0x6c], 7, 8) }
      try copy()
      #expect(try [[0x64], [0x6c]].map { try target.status($0).st_ino } == inodes)
    }
  }

  /// Who has the old file open goes on reading the old contents; the name changes at once.
  @Test(arguments: [
    UpdateTests.name, Bytes(repeating: 0x6e, count: 255), Bytes(repeating: 0xe9, count: 255),
  ])
  func contentsAreReplacedBesideTheOldFile(_ name: Bytes) throws {
    try withSides { source, target, copy in
      let contents = SeededContents(seed: testSeed)
      try contents.makeFile(1, source, name, size: 3 << 20)
      try target.makeFile(name, Bytes(text: "old contents"))
      let old = try target.openFile(name)
      defer { close(old) }
      let before = try target.status(name).st_ino
      try copy()
      #expect(try target.status(name).st_ino != before)
      var bytes = Bytes(repeating: 0, count: 100)
      let count = unsafe pread(old, &bytes, bytes.count, 0)
      #expect(Bytes(bytes.prefix(max(0, count))) == Bytes(text: "old contents"))
      #expect(try target.names() == [name])
    }
  }

  /// A file of the same size with another time, and one with the same size and time (skipped).
  @Test func sizeAndTimeDecideWhatIsCopied() throws {
    try withSandbox { sandbox in
      let source = try OpenDirectory(sandbox.makeDirectory("source"))
      let target = try OpenDirectory(sandbox.makeDirectory("target"))
      let names = ["another-nanosecond", "same"].map { Bytes(text: $0) }
      for (number, name) in names.enumerated() {
        try source.makeFile(name, [1, 2, 3])
        try target.makeFile(name, [4, 5, 6])
        try source.changeTimes(name, 1_000, 1)
        try target.changeTimes(name, 1_000, number == 0 ? 2 : 1)
      }
      try expectFastsync(0, ["\(sandbox.path("source"))/", "\(sandbox.path("target"))/"])
      #expect(try haveSameContents(source, names[0], target, names[0]))
      #expect(try !haveSameContents(source, names[1], target, names[1]))
    }
  }

  /// Names that were one inode and no longer are, the other way round, and grouped in another way.
  @Test func hardLinksFollowTheSource() throws {
    try withSides { source, target, copy in
      let names = (0..<6).map { Bytes(text: "n\($0)") }
      let sourceGroups = [0, 0, 0, 3, 4, 4]
      let targetGroups = [0, 1, 1, 1, 4, 5]
      for (side, groups) in [(source, sourceGroups), (target, targetGroups)] {
        for (number, name) in names.enumerated() {
          if groups[number] == number {
            // The one that leaves its group has other contents: a file that is the same but for
            // the number of links is left alone.
            let isNew = side === source && number == 3
            try side.makeFile(name, [isNew ? 9 : 1])
            try side.changeTimes(name, 1_000, isNew ? 2 : 1)
          } else {
            try side.makeLink(name, to: names[groups[number]])
          }
        }
      }
      try copy()
      // Changed contents reach every name.
      try check(unsafe unlinkat(source.descriptor, names[0].c, 0), "unlinkat")
      try check(unsafe unlinkat(source.descriptor, names[1].c, 0), "unlinkat")
      try source.makeFile(names[0], Bytes(text: "new"))
      try source.makeLink(names[1], to: names[0])
      try copy()
    }
  }

  /// What `-v` lists of a run, in the order of the bytes, without the summary, and without
  /// directories: only a run finds that their times have changed.
  private func listing(_ arguments: [String]) throws -> [Substring] {
    let result = try fastsync(["-aHv", "--jobs=1"] + arguments)
    #expect(result.status == 0, "\(result.errorText)")
    return result.listing.filter { !$0.hasSuffix("/") }.sorted()
  }

  /// A dry run lists of further names what a run would make, and no more.
  @Test func dryRunsListHardLinksThatAreMissing() throws {
    try withSandbox { sandbox in
      let source = try OpenDirectory(sandbox.makeDirectory("source"))
      let below = try source.makeDirectory(Bytes(text: "d"))
      try source.makeFile(Bytes(text: "f"), [1])
      try source.makeSymbolicLink(Bytes(text: "l"), to: Bytes(text: "f"))
      try source.makeNode(Bytes(text: "p"), S_IFIFO | 0o640)
      for name in ["f", "l", "p"] {
        for number in 0..<3 {
          let further = Bytes(text: "\(name)-\(number)")
          try (number == 1 ? below : source).makeLink(further, to: Bytes(text: name), in: source)
        }
      }
      let operands = ["\(sandbox.path("source"))/", "\(sandbox.path("target"))/"]
      func expectForetold(_ hint: String) throws {
        let foretold = try listing(["-n"] + operands)
        #expect(try listing(operands) == foretold, "\(hint)")
        #expect(try listing(["-n"] + operands) == [], "after \(hint)")
      }
      try expectForetold("a new target")
      // One name of each is missing, and one is another file.
      for name in ["f-0", "l-0", "p-0"] {
        try check(unsafe unlink(sandbox.path("target/\(name)")), "unlink")
      }
      try check(unsafe unlink(sandbox.path("target/f-2")), "unlink")
      try OpenDirectory(sandbox.path("target")).makeFile(Bytes(text: "f-2"), [9])
      try expectForetold("missing names")
      // New contents, which all names get.
      try source.changeTimes(Bytes(text: "f"), 1_000, 1)
      try expectForetold("new contents")
    }
  }
}
