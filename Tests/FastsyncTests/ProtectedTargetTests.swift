// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Entries and directories of the target that are append-only or immutable (`chattr`): what cannot
/// be replaced is named, and nothing is made that can be neither renamed nor removed.
///
/// rsync leaves its temporary names there, and is no judge here.
@Suite(
  .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
  .enabled(if: has("chattr"), "chattr is not installed")
)
struct ProtectedTargetTests {
  /// What the target has of everything, older and shorter.
  private static let replaced = ["large", "link", "node", "other", "small"]
  private static let added = ["new-large", "new-link", "new-node", "new-other", "new-small"]

  /// Files that are copied in both ways, further names, links and nodes.
  private func makeEntries(_ path: String, _ prefix: String, isOld: Bool) throws {
    let root = try OpenDirectory(path)
    let contents = SeededContents(seed: testSeed)
    for (number, (name, size)) in [("large", 3_000_000), ("small", 5_000)].enumerated() {
      let bytes = isOld ? size / 2 : size
      try contents.makeFile(number, root, Bytes(text: prefix + name), size: bytes)
    }
    try root.makeLink(Bytes(text: prefix + "other"), to: Bytes(text: prefix + "small"))
    try root.makeSymbolicLink(Bytes(text: prefix + "link"), to: Bytes(text: isOld ? "a" : "b"))
    try root.makeNode(Bytes(text: prefix + "node"), S_IFCHR | 0o600, major: 1, minor: isOld ? 3 : 5)
  }

  /// A source, and a target on a filesystem of its own that has something older of all names but
  /// those that begin with `new-`.
  private func withSides(
    _ kind: Filesystem,
    _ body: (Sandbox, _ source: String, _ target: String) throws -> Void
  ) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      _ = try kind.make(in: sandbox, as: "disk")
      let target = try sandbox.makeDirectory("disk/target")
      try makeEntries(source, "", isOld: false)
      try makeEntries(source, "new-", isOld: false)
      try makeEntries(target, "", isOld: true)
      try body(sandbox, source, target)
    }
  }

  private func contents(_ path: String) throws -> [Substring] {
    let format = "%P %i %s %y %l\\n"
    return try succeed("find", [path, "-mindepth", "1", "-printf", format]).outputText
      .split(separator: "\n").sorted()
  }

  private func expectTold(_ result: ProcessResult, _ names: [String], _ reason: String) {
    let lines = result.complaints
    for name in names {
      let isTold = lines.count {
        $0.hasSuffix("/target/\(name): cannot be replaced, since \(reason)")
      }
      #expect(isTold == 1, "\(name): \(result.errorText)")
    }
  }

  @Test(arguments: Filesystem.allCases, engines)
  func anAppendOnlyDirectory(_ kind: Filesystem, _ engine: String) throws {
    try withSides(kind) { _, source, target in
      let before = try contents(target)
      try succeed("chattr", ["+a", target])
      for dry in [true, false, false] {
        let words = (dry ? ["-n"] : []) + ["--io-engine=\(engine)", "\(source)/", "\(target)/"]
        let result = try expectFastsync(23, words)
        expectTold(result, Self.replaced, "its directory is append-only")
        // What has no name yet can be added, and needs no temporary one.
        let names = try OpenDirectory(target).names().map { String(decoding: $0, as: UTF8.self) }
        #expect(names == (dry ? Self.replaced : Self.replaced + Self.added).sorted(), "\(names)")
        let old = try contents(target).filter { !$0.hasPrefix("new-") }
        #expect(old == before, "\(old)")
      }
      try succeed("chattr", ["-a", target])
      try expectFastsync(0, ["--io-engine=\(engine)", "\(source)/", "\(target)/"])
      try expectSame(source, target)
    }
  }

  /// Where there are no unnamed files each would begin with a temporary name.
  @Test(
    .enabled(if: CallFilter.obstacle == nil, "\(CallFilter.obstacle ?? "")"),
    arguments: engines
  )
  func anAppendOnlyDirectoryWithoutUnnamedFiles(_ engine: String) throws {
    try withSides(.ext4) { sandbox, source, target in
      let filter = try CallFilter([.noUnnamedFiles], in: sandbox)
      // So that the times of the target are in doubt, and tried on a file.
      try succeed("find", [target, "-type", "f", "-exec", "touch", "-d", "@1000000000", "{}", "+"])
      try succeed("chattr", ["+a", target])
      let words = [fastsyncBinary, "--io-engine=\(engine)", "\(source)/", "\(target)/"]
      for _ in 1...2 {
        let result = try filter.run(words)
        #expect(result.status == 23, "\(result.errorText)")
        expectTold(result, Self.replaced, "its directory is append-only")
        for name in ["new-large", "new-small"] {
          let told = "/target/\(name): cannot create: Operation not permitted"
          #expect(result.errorText.contains(told), "\(result.errorText)")
        }
        let names = try OpenDirectory(target).names().map { String(decoding: $0, as: UTF8.self) }
        #expect(names == (Self.replaced + ["new-link", "new-node"]).sorted(), "\(names)")
      }
    }
  }

  @Test(arguments: Filesystem.allCases, engines)
  func immutableAndAppendOnlyFiles(_ kind: Filesystem, _ engine: String) throws {
    try withSides(kind) { _, source, target in
      let before = try contents(target).filter { $0.hasPrefix("large ") || $0.hasPrefix("small ") }
      try succeed("chattr", ["+i", "\(target)/large"])
      try succeed("chattr", ["+a", "\(target)/small"])
      for dry in [true, false, false] {
        let words = (dry ? ["-n"] : []) + ["--io-engine=\(engine)", "\(source)/", "\(target)/"]
        let result = try expectFastsync(23, words)
        expectTold(result, ["large"], "it is immutable")
        expectTold(result, ["small"], "it is append-only")
        let left = try contents(target).filter { $0.hasPrefix("large ") || $0.hasPrefix("small ") }
        #expect(left == before)
      }
      #expect(try OpenDirectory(target).names().count == 10)
      try succeed("chattr", ["-ia", "\(target)/large", "\(target)/small"])
      try expectFastsync(0, ["--io-engine=\(engine)", "\(source)/", "\(target)/"])
      try expectSame(source, target)
    }
  }

  @Test(arguments: Filesystem.allCases, engines)
  func anImmutableDirectory(_ kind: Filesystem, _ engine: String) throws {
    try withSides(kind) { sandbox, source, target in
      _ = try sandbox.makeDirectory("source/small-directory")
      let before = try contents(target)
      try succeed("chattr", ["+i", target])
      for _ in 1...2 {
        let words = ["--io-engine=\(engine)", "\(source)/", "\(target)/"]
        let result = try expectFastsync(23, words)
        expectTold(result, Self.replaced, "its directory is immutable")
        for name in Self.added + ["small-directory"] {
          #expect(result.errorText.contains("/target/\(name): cannot "), "\(result.errorText)")
        }
        #expect(try contents(target) == before)
      }
      try succeed("chattr", ["-i", target])
    }
  }

  /// A directory in place of an immutable file, and a file in place of an immutable directory.
  @Test(arguments: engines) func otherKinds(_ engine: String) throws {
    try withSides(.ext4) { _, source, target in
      for path in ["\(source)/a/b", "\(target)/c"] { try succeed("mkdir", ["-p", path]) }
      try OpenDirectory(target).makeFile(Bytes(text: "a"), [1])
      try OpenDirectory(source).makeFile(Bytes(text: "c"), [1])
      try succeed("chattr", ["+i", "\(target)/a", "\(target)/c"])
      for dry in [["-n"], [], []] {
        let words = dry + ["--io-engine=\(engine)", "\(source)/", "\(target)/"]
        expectTold(try expectFastsync(23, words), ["a", "c"], "it is immutable")
      }
      #expect(try temporaryNames(target).isEmpty)
      try succeed("chattr", ["-i", "\(target)/a", "\(target)/c"])
    }
  }

  @Test(arguments: engines) func anImageOfADevice(_ engine: String) throws {
    try withSides(.ext4) { sandbox, _, target in
      try makeImage(sandbox, "device", 3 * megabyte, data: megabyte)
      try withDevice(sandbox.path("device")) { device in
        let before = try contents(target)
        try succeed("chattr", ["+a", target])
        for _ in 1...2 {
          let words = ["--copy-devices", "--io-engine=\(engine)", device]
          let result = try expectFastsync(23, words + ["\(target)/small"])
          expectTold(result, ["small"], "its directory is append-only")
          #expect(try contents(target).filter { !$0.hasPrefix("image") } == before)
          // A new one can be added.
          let image = "\(target)/image"
          if unsafe access(image, F_OK) != 0 { try expectFastsync(0, words + [image]) }
          try expectEqualBytes(device, image, count: 3 * megabyte)
        }
        try succeed("chattr", ["-a", target])
      }
    }
  }
}
