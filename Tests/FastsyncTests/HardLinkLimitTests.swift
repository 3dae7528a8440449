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
        try expectFastsync(0, [jobs, "\(source)/", "\(target)/"], hint: "\(jobs), run \(run)")
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
