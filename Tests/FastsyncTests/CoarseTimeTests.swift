// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage
import Testing

/// Targets that cannot hold the times of the source: what they make of them counts as right, and a
/// second run has nothing to do.
@Suite(.enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"))
struct CoarseTimeTests {
  /// A filesystem, by what it can hold.
  enum Target: String, CaseIterable, Sendable {
    /// Whole seconds from 1901 to 2038.
    case smallInodes = "ext4 -I 128"
    /// Nanoseconds from 1901 to 2038.
    case earlyXFS = "xfs -m bigtime=0"
    /// Nanoseconds from 1901 to 2446.
    case ext4 = "ext4 -I 256"

    func make(in sandbox: Sandbox) throws -> String {
      let image = sandbox.path("target.img")
      try succeed("truncate", ["-s", "\(Filesystem.megabytesMin)M", image])
      let words = rawValue.split(separator: " ").map(String.init)
      let quiet = words[0] == "xfs" ? ["-q", "-f"] : ["-q", "-F", "-b", "4096"]
      try succeed("mkfs.\(words[0])", quiet + words.dropFirst() + [image])
      let options = ["-t", words[0], "-o", "loop,noatime", image]
      return try sandbox.mount(options, at: "target") + "/copy"
    }
  }

  /// Times that all of the targets hold, but for what is behind the point.
  private static let usual: [(Int, Int)] = [
    (1_700_000_000, 0), (1_700_000_001, 999_999_999), (1_700_000_003, 123_456_700), (1, 1),
    (-1, 999_999_999), (315_532_799, 5), ((1 << 31) - 1, 999_999_999),
  ]
  /// Years that some cannot hold: 1860, 2038, 2106, 2200, 2486 and 9999.
  private static let unusual: [(Int, Int)] = [
    (-3_471_292_800, 7), (1 << 31, 1), ((1 << 32) - 1, 0), (7_258_118_400, 300),
    (16_299_260_425, 0), (253_402_300_799, 999_999_999),
  ]

  private func makeTree(_ source: String, _ times: [(Int, Int)]) throws {
    let root = try OpenDirectory(source)
    for (number, time) in times.enumerated() {
      let (file, link, pipe, directory) =
        (
          Bytes(text: "file-\(number)"), Bytes(text: "link-\(number)"),
          Bytes(text: "pipe-\(number)"), Bytes(text: "directory-\(number)")
        )
      try root.makeFile(file, Bytes(repeating: 7, count: number * 50_000))
      try root.makeSymbolicLink(link, to: file)
      try root.makeNode(pipe, S_IFIFO | 0o600)
      try root.makeDirectory(directory).makeFile(file, file)
      try root.makeLink(Bytes(text: "other-\(number)"), to: file)
      for name in [file, link, pipe, directory] { try root.changeTimes(name, time.0, time.1) }
    }
    try root.changeTimes([0x2e], times[0].0, times[0].1)
  }

  /// The names that a run lists.
  private func listing(_ arguments: [String]) throws -> [Substring] {
    let result = try fastsync(["-v"] + arguments)
    #expect(result.status == 0 && result.standardError.isEmpty, "\(result.errorText)")
    return result.listing.sorted()
  }

  /// Expects that a run copies, and that neither rsync nor a further run has anything to do.
  private func expectSettled(
    _ sandbox: Sandbox,
    _ target: String,
    _ options: [String],
    _ hint: String
  )
    throws
  {
    let operands = options + ["\(sandbox.path("source"))/", "\(target)/"]
    try expectFastsync(0, operands, hint: hint)
    let aspects = TreeComparer.Aspects.all.subtracting([.times, .directoryTimes])
    expectNone(try TreeComparer.differences(sandbox.path("source"), target, aspects), hint)
    // Mounted anew, so that what is compared is what came to the disk.
    let point = String(target.dropLast("/copy".count))
    try Sandbox.unmount(point)
    try succeed("mount", ["-o", "loop,noatime", sandbox.path("target.img"), point])
    let before = try fingerprint(target)
    #expect(try listing(["-n"] + operands) == [], "dry, \(hint)")
    #expect(try listing(operands) == [], "\(hint)")
    #expect(try fingerprint(target) == before, "\(hint)")
  }

  @Test(arguments: Target.allCases, engines) func nothingIsCopiedAgain(
    _ kind: Target,
    _ engine: String
  ) throws {
    try withSandbox { sandbox in
      try makeTree(try sandbox.makeDirectory("source"), Self.usual + Self.unusual)
      let target = try kind.make(in: sandbox)
      let hint = "\(kind.rawValue), \(engine)"
      try expectSettled(sandbox, target, ["--io-engine=\(engine)"], hint)
    }
  }

  /// rsync compares whole seconds, and agrees.
  @Test(.enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed"))
  func rsyncHasNothingToDoEither() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      try makeTree(source, Self.usual)
      let target = try Target.smallInodes.make(in: sandbox)
      try expectSettled(sandbox, target, [], "usual times")
      expectNone(try RsyncJudge.complaints(source, target), "for rsync")
      // And what rsync copied is right for us.
      try succeed("rm", ["-rf", target])
      try succeed("rsync", ["-aHAX", "\(source)/", "\(target)/"])
      #expect(try listing(["\(source)/", "\(target)/"]) == [])
    }
  }

  /// Where nanoseconds are held a time that was cut by somebody else is another time.
  @Test func whatIsHeldIsCompared() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      try makeTree(source, Self.usual)
      let target = try Target.ext4.make(in: sandbox)
      let operands = ["\(source)/", "\(target)/"]
      try expectFastsync(0, operands)
      let copied = try OpenDirectory(target)
      try copied.changeTimes(Bytes(text: "file-1"), Self.usual[1].0, 0)
      try copied.changeTimes(Bytes(text: "directory-1"), Self.usual[1].0, 999_999_900)
      for options in [["-n"], []] {
        let told = try listing(options + operands)
        #expect(told.contains("directory-1/"), "\(told)")
        #expect(told.contains { $0.hasPrefix("file-1") }, "\(told)")
      }
      try expectSame(source, target)
    }
  }

  /// On seconds a later change of the same size is seen, and on the disk as in the list.
  @Test func aChangeOfTheSameSizeIsSeen() throws {
    try withSandbox { sandbox in
      let source = try OpenDirectory(sandbox.makeDirectory("source"))
      let name = Bytes(text: "file")
      try source.makeFile(name, [1])
      try source.changeTimes(name, 1_700_000_001, 5)
      let target = try Target.smallInodes.make(in: sandbox)
      let operands = ["\(sandbox.path("source"))/", "\(target)/"]
      try expectFastsync(0, operands)
      for seconds in [1_700_000_000, 1_700_000_002, 1 << 40] {
        try check(unsafe unlink(sandbox.path("source/file")), "unlink")
        try source.makeFile(name, [UInt8(truncatingIfNeeded: seconds)])
        try source.changeTimes(name, seconds, 7)
        #expect(try listing(operands).contains("file"))
        #expect(try haveSameContents(source, name, OpenDirectory(target), name))
      }
    }
  }

  /// Where files have a name from the start, as on FAT: none is left, and no directory is touched.
  @Test(.enabled(if: CallFilter.obstacle == nil, "\(CallFilter.obstacle ?? "")"))
  func withoutUnnamedFiles() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      try makeTree(source, Self.usual + Self.unusual)
      let target = try Target.smallInodes.make(in: sandbox)
      let operands = ["\(source)/", "\(target)/"]
      try expectFastsync(0, operands)
      let before = try fingerprint(target)
      let filter = try CallFilter([.noUnnamedFiles], in: sandbox)
      let again = try filter.run([fastsyncBinary, "-v"] + operands)
      #expect(again.status == 0 && again.listing.isEmpty, "\(again.outputText)")
      // The change of the one directory that the name was in for a moment.
      let after = try fingerprint(target)
      #expect(Set(before).symmetricDifference(after).count <= 2)
      expectNone(try temporaryNames(target), "names")
      // A dry run makes no name, and takes what looks cut for it.
      try succeed("rm", ["-rf", target])
      try succeed("rm", ["-rf", source])
      try makeTree(try sandbox.makeDirectory("source"), Self.usual)
      try expectFastsync(0, operands)
      let dry = try filter.run([fastsyncBinary, "-nv"] + operands)
      #expect(dry.status == 0 && dry.listing.isEmpty, "\(dry.outputText)")
    }
  }

  /// What holds nanoseconds is asked nothing.
  @Test(.enabled(if: has("strace"), "strace is not installed")) func costsNoCallElsewhere() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      try makeTree(source, Self.usual)
      let target = try Target.ext4.make(in: sandbox)
      let operands = ["\(source)/", "\(target)/"]
      try expectFastsync(0, operands)
      let calls = try sandbox.trace("open,openat,openat2,utimensat", operands)
      #expect(calls.contains { $0.is("openat2") })
      let asked = calls.filter { $0.description.contains("O_TMPFILE") || $0.is("utimensat") }
      expectNone(asked.map(\.description), "calls")
    }
  }
}
