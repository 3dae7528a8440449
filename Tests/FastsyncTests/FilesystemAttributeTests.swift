// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Attributes that a filesystem has for itself, as btrfs has `btrfs.compression`: they are carried
/// over to the same kind of filesystem, before there is data, and mean nothing elsewhere.
///
/// rsync fails on them, and is no judge here.
@Suite(
  .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
  .enabled(if: has("filefrag"), "filefrag is not installed")
)
struct FilesystemAttributeTests {
  private static let property = "btrfs.compression"
  /// The files that have it, of which each is read and written another way, and the directory.
  private static let burdened = [
    "directory/block", "directory/large", "directory/small", "directory",
  ]

  /// A tree on btrfs, some of which is to be compressed.
  private func makeTree(_ sandbox: Sandbox) throws -> String {
    _ = try Filesystem.btrfs.make(in: sandbox, as: "source")
    let source = try sandbox.makeDirectory("source/tree")
    let root = try OpenDirectory(source)
    try root.makeFile(Bytes(text: "plain"), Bytes(repeating: 1, count: 200_000))
    let directory = try root.makeDirectory(Bytes(text: "directory"))
    try compress("\(source)/directory")
    try setAttribute(root.descriptor, Bytes(text: "directory"), "user.note", [1])
    for (name, size) in [("small", 90_000), ("block", 700_000), ("large", 5_000_000)] {
      try directory.makeFile(Bytes(text: name), Bytes(repeating: 7, count: size))
    }
    try succeed("sync", ["--file-system", source])
    for name in Self.burdened { #expect(try value(source, name) == Bytes(text: "zstd"), "\(name)") }
    return source
  }

  private func value(_ tree: String, _ name: String) throws -> Bytes? {
    let directory = try OpenDirectory(tree)
    return try withExtendedLifetime(directory) {
      try attributes(directory.descriptor, Bytes(text: name))[Self.property]
    }
  }

  /// Has what is made in a directory compressed.
  private func compress(_ path: String) throws {
    try succeed("setfattr", ["-n", Self.property, "-v", "zstd", path])
  }

  /// Whether the data of a file was compressed when it was written.
  private func isCompressed(_ path: String) throws -> Bool {
    try succeed("filefrag", ["-v", path]).outputText.contains("encoded")
  }

  @Test(arguments: engines, [nil, 65_534] as [UInt32?])
  func areThereBeforeTheData(_ engine: String, _ user: UInt32?) throws {
    try withSandbox { sandbox in
      let source = try makeTree(sandbox)
      let target = try Filesystem.btrfs.make(in: sandbox, as: "target")
      if let user { try succeed("chown", ["-R", "\(user):\(user)", source, target]) }
      let operands = ["-vi", "--io-engine=\(engine)", "\(source)/", "\(target)/copy/"]
      for round in 1...2 {
        let result = try expectFastsync(0, operands, user: user)
        let isSame = result.listing.isEmpty
        #expect(isSame == (round == 2), "\(result.outputText)")
        for name in Self.burdened {
          #expect(try value("\(target)/copy", name) == Bytes(text: "zstd"), "\(name)")
        }
        for name in Self.burdened.dropLast() + ["plain"] {
          let isWanted = name != "plain"
          #expect(try isCompressed("\(target)/copy/\(name)") == isWanted, "\(name)")
        }
        expectNone(try TreeComparer.differences(source, "\(target)/copy", .archive), "\(round)")
      }
    }
  }

  /// A file that has no property must not be compressed because the directory has one.
  @Test(arguments: engines) func areTakenAwayBeforeTheData(_ engine: String) throws {
    try withSandbox { sandbox in
      let source = try makeTree(sandbox)
      let target = try Filesystem.btrfs.make(in: sandbox, as: "target")
      try compress(target)
      try expectFastsync(0, ["--io-engine=\(engine)", "\(source)/plain", "\(target)/"])
      #expect(try value(target, "plain") == nil)
      #expect(try !isCompressed("\(target)/plain"))
      // The directory was not copied.
      #expect(try value(target, ".") == Bytes(text: "zstd"))
    }
  }

  enum Elsewhere: String, CaseIterable { case ext4, xfs, memory, notCopiedOnWriting }

  private func make(_ elsewhere: Elsewhere, in sandbox: Sandbox) throws -> String {
    switch elsewhere {
    case .ext4: return try Filesystem.ext4.make(in: sandbox, as: "target")
    case .xfs: return try Filesystem.xfs.make(in: sandbox, as: "target")
    case .memory: return try sandbox.mount(["-t", "tmpfs", "tmpfs"], at: "target")
    case .notCopiedOnWriting:
      let target = try Filesystem.btrfs.make(in: sandbox, as: "target")
      try succeed("chattr", ["+C", target])
      return target
    }
  }

  @Test(arguments: Elsewhere.allCases, engines)
  func areCountedElsewhere(_ elsewhere: Elsewhere, _ engine: String) throws {
    try withSandbox { sandbox in
      let source = try makeTree(sandbox)
      let copy = try make(elsewhere, in: sandbox) + "/copy"
      let operands = ["--io-engine=\(engine)", "\(source)/", "\(copy)/"]
      for round in 1...2 {
        let result = try expectFastsync(0, ["-vi"] + operands)
        let told = result.outputText.split(separator: "\n").filter { $0.hasPrefix("fastsync: ") }
        #expect(told.count == 1, "\(result.outputText)")
        #expect(told.first?.contains("left out 4 attributes") == true, "\(told)")
        #expect(told.first?.hasSuffix(Self.property) == true, "\(told)")
        let isSame = result.listing.isEmpty
        #expect(isSame == (round == 2), "\(result.outputText)")
        let dry = try expectFastsync(0, ["-n", "-vi"] + operands)
        #expect(dry.listing.isEmpty, "\(dry.outputText)")
        let quiet = try expectFastsync(0, operands)
        #expect(quiet.standardOutput.isEmpty, "\(quiet.outputText)")
        #expect(try value(copy, "directory/large") == nil)
        let root = try OpenDirectory(copy)
        let found = try attributes(root.descriptor, Bytes(text: "directory"))
        #expect(elsewhere == .memory || found == ["user.note": [1]], "\(found)")
        expectNone(try TreeComparer.differences(source, copy, .archive), "\(elsewhere)")
      }
    }
  }

  /// What the source's filesystem cannot have stays as the target's owner has set it.
  @Test(arguments: engines) func thoseOfTheTargetStay(_ engine: String) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      try OpenDirectory(source).makeFile(Bytes(text: "file"), Bytes(repeating: 7, count: 700_000))
      let target = try Filesystem.btrfs.make(in: sandbox, as: "target")
      try compress(target)
      for _ in 1...2 {
        try expectFastsync(0, ["--io-engine=\(engine)", "\(source)/", "\(target)/"])
        #expect(try value(target, ".") == Bytes(text: "zstd"))
        #expect(try value(target, "file") == Bytes(text: "zstd"))
        #expect(try isCompressed("\(target)/file"))
      }
    }
  }
}
