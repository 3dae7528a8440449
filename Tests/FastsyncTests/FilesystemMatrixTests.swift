// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// From every filesystem to every other one, through each engine.
@Suite(
  .serialized,
  .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
  .enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed")
)
struct FilesystemMatrixTests {
  /// A direction.
  struct Route: Sendable, CustomTestStringConvertible {
    let source: Filesystem
    let target: Filesystem
    var testDescription: String { "\(source) to \(target)" }

    /// The place in the list of all directions.
    var index: Int { Route.all.firstIndex { $0.testDescription == testDescription } ?? 0 }

    static let all = Filesystem.allCases.flatMap { source in
      Filesystem.allCases.map { Route(source: source, target: $0) }
    }
  }

  @Test(arguments: Route.all) func nastyTree(_ route: Route) throws {
    try withSandbox { sandbox in
      _ = try route.source.make(in: sandbox, as: "source")
      let target = try route.target.make(in: sandbox, as: "target")
      let tree = try sandbox.makeDirectory("source/tree")
      let linkBytesMax = min(route.source.symbolicLinkBytesMax, route.target.symbolicLinkBytesMax)
      var nasty = NastyTree(seed: testSeed, symbolicLinkBytesMax: linkBytesMax)
      try nasty.make(at: tree)
      #expect(nasty.leftOut == [])
      for (number, engine) in engines.enumerated() {
        // One worker or several, in turn.
        let jobs = (route.index + number) % 2 == 0 ? 4 : 1
        let hint = "--io-engine=\(engine) --jobs=\(jobs), \(replay("FilesystemMatrixTests"))"
        let copy = "\(target)/\(engine)"
        let arguments = ["--io-engine=\(engine)", "--jobs=\(jobs)", "\(tree)/", "\(copy)/"]
        try expectFastsync(0, arguments, hint: hint)
        let differences = try TreeComparer.differences(tree, copy, [.all, .accessTimes])
        expectNone(differences, hint)
        let complaints = try RsyncJudge.complaints(tree, copy, ignoring: NastyTree.beyondRsync)
        expectNone(complaints, "is what rsync still has to do, \(hint)")
        // Nothing is written, renamed or set a second time.
        let before = try fingerprint(copy)
        try expectFastsync(0, arguments, hint: hint)
        expectNone(try changes(before, fingerprint(copy)), "changed in the second run, \(hint)")
        let later = try TreeComparer.differences(tree, copy)
        expectNone(later, "after the second run, \(hint)")
        expectNone(try temporaryNames(copy), hint)
        try succeed("rm", ["-rf", copy])
      }
    }
  }

  @Test(arguments: Route.all) func realTree(_ route: Route) throws {
    try withSandbox { sandbox in
      let source = try route.source.make(in: sandbox, as: "source", megabytes: 1024)
      let target = try route.target.make(in: sandbox, as: "target", megabytes: 1024)
      try succeed("cp", ["-a"] + RealTree.parts + [source])
      // With the engines in turn, since each costs a second or two.
      let engine = engines[route.index % engines.count]
      try expectFastsync(0, ["--io-engine=\(engine)", "\(source)/", "\(target)/"])
      try succeed("rm", ["-rf", "\(target)/lost+found", "\(source)/lost+found"])
      try succeed("touch", ["-r", source, target])
      try expectSame(source, target, hint: engine)
    }
  }

  /// Takes some minutes and as much space as `/usr` itself.
  @Test(.enabled(if: isLarge, "set FASTSYNC_LARGE=1 to copy the whole of /usr"))
  func wholeOfUsr() throws {
    try withSandbox { sandbox in
      let target = try Filesystem.xfs.make(in: sandbox, as: "target", megabytes: 64 << 10)
      try expectFastsync(0, ["/usr/", "\(target)/usr/"])
      // Files of /usr may have more names outside of it, so rsync alone judges the links.
      let aspects = TreeComparer.Aspects.all.subtracting(.hardLinks)
      expectNone(try TreeComparer.differences("/usr", "\(target)/usr", aspects), "/usr")
      expectNone(try RsyncJudge.complaints("/usr", "\(target)/usr"), "for rsync")
    }
  }

  private func changes(_ before: [Substring], _ after: [Substring]) -> [Substring] {
    Array(Set(before).symmetricDifference(after).sorted().prefix(20))
  }
}

/// Whether tests that take minutes were asked for.
let isLarge = unsafe getenv("FASTSYNC_LARGE") != nil

/// A part of this machine's `/usr` that is large enough to mean something.
enum RealTree {
  private static let megabytesMax = 200

  /// Directories of `/usr` with some 150 to 200 MiB in all.
  static let parts: [String] = {
    let script = "du -sm /usr/lib/*/ /usr/share/*/ 2>/dev/null"
    let lines = (try? run("sh", ["-c", script]).outputText.split(separator: "\n")) ?? []
    var sum = 0
    var parts: [String] = []
    for line in lines {
      let words = line.split(separator: "\t")
      guard words.count == 2, let megabytes = Int(words[0]), megabytes < 60 else { continue }
      if sum + megabytes > megabytesMax { continue }
      sum += megabytes
      // Names can be in both, and cp wants one of each.
      let name = words[1].split(separator: "/").last
      if parts.contains(where: { $0.split(separator: "/").last == name }) { continue }
      parts.append(String(words[1]))
    }
    return parts
  }()
}
