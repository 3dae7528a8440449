// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Hard links that the target cannot have, or should not have.
@Suite(
  .serialized,
  .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")")
)
struct HardLinkLimitTests {
  /// ext4 gives an inode 65,000 names, XFS many more.
  @Test(arguments: ["--jobs=1", "--jobs=4"]) func moreNamesThanTheTargetTakes(
    _ jobs: String
  ) throws {
    try withSandbox { sandbox in
      let limit = 65_000
      let names = limit + 1000
      let source = try Filesystem.xfs.make(in: sandbox, as: "source")
      let target = try Filesystem.ext4.make(in: sandbox, as: "target")
      try OpenDirectory(source).makeFile(Bytes(text: "first"), [1])
      for number in 1..<names {
        try check(unsafe link("\(source)/first", "\(source)/n\(number)"), "link")
      }
      for run in 1...2 {
        let words = ["copied, since it cannot be linked to \(target)/", ": Too many links\n"]
        let arguments = [jobs, "\(source)/", "\(target)/"]
        let result = try expectFastsync(23, arguments, saying: words, hint: "\(jobs), run \(run)")
        #expect(result.complaints.count < 10, "each copy is named once")
        let listed = try succeed("find", [target, "-type", "f", "-printf", "%i\\n"]).outputText
        let inodes = Dictionary(grouping: listed.split(separator: "\n")) { $0 }
        // Two groups, where copies of their own would take a thousand times the space. Once several
        // workers of the second run meet the limit, the smaller one takes over a few names.
        #expect(inodes.count == 2 && listed.split(separator: "\n").count == names)
        if jobs == "--jobs=1" {
          #expect(inodes.mapValues(\.count).values.sorted() == [names - limit, limit])
        }
      }
    }
  }

  /// Names of one file in directories that are different filesystems; so it is with the projects of
  /// a quota and the branches of a union.
  @Test(arguments: engines) func filesystemsBelowTheTarget(_ engine: String) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      for name in ["a", "b"] { _ = try OpenDirectory(source).makeDirectory(Bytes(text: name)) }
      try OpenDirectory("\(source)/a").makeFile(Bytes(text: "one"), [1])
      try check(unsafe link("\(source)/a/one", "\(source)/b/two"), "link")
      let target = try sandbox.makeDirectory("target")
      for name in ["a", "b"] {
        _ = try sandbox.mount(["-t", "tmpfs", "tmpfs"], at: "target/\(name)")
      }
      try expectCopies(source, target, engine, ["b/two", "a/one"], "Invalid cross-device link")
    }
  }

  @Test(
    .enabled(if: FaultyFilesystem.obstacle == nil, "\(FaultyFilesystem.obstacle ?? "")"),
    arguments: engines
  ) func aTargetWithoutLinks(_ engine: String) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      try OpenDirectory(source).makeFile(Bytes(text: "one"), [1])
      try check(unsafe link("\(source)/one", "\(source)/two"), "link")
      try OpenDirectory(source).makeSymbolicLink(Bytes(text: "link"), to: Bytes(text: "one"))
      try check(unsafe link("\(source)/link", "\(source)/other"), "link")
      let target = try FaultyFilesystem(in: sandbox, as: "target", ["nolink"]).path
      let told = try expectCopies(
        source,
        target,
        engine,
        ["two", "one"],
        "Operation not permitted"
      )
      #expect(told.contains("(failures: 2)"), "\(told)")
    }
  }

  /// Expects that all is there, that it is said which name became a copy, and that the second run
  /// copies nothing and says it again.
  @discardableResult
  private func expectCopies(
    _ source: String,
    _ target: String,
    _ engine: String,
    _ names: [String],
    _ reason: String
  ) throws -> String {
    let options = ["--io-engine=\(engine)", "-rltH"]
    var told = ""
    for run in 1...2 {
      let before = try fingerprint(target)
      let result = try expectFastsync(23, options + ["\(source)/", "\(target)/"])
      told = result.errorText
      let isNamed = zip(names, names.reversed()).contains { name, first in
        let what = "copied, since it cannot be linked to \(target)/\(first): \(reason)"
        return told.contains("\(target)/\(name): \(what)\n")
      }
      #expect(isNamed, "\(told)")
      try expectSame(source, target, [.times])
      if run == 2 { #expect(try fingerprint(target) == before) }
    }
    return told
  }

  /// Names that share an inode only at the target cannot both be right when their modes differ.
  @Test func staleLinksAreBrokenWhereTheyMatter() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      for name in ["a", "b"] {
        try OpenDirectory(source).makeFile(Bytes(text: name), [1])
        try succeed("touch", ["-d", "@1000000", "\(source)/\(name)"])
      }
      try check(unsafe chmod("\(source)/b", 0o600), "chmod")
      try succeed("cp", ["-a", "\(source)/a", target])
      try check(unsafe link("\(target)/a", "\(target)/b"), "link")
      try expectFastsync(0, ["\(source)/", "\(target)/"])
      try expectSame(source, target, hint: "stale links")
    }
  }
}
