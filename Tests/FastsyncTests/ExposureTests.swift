// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// While a copy runs nobody gets at what neither the old nor the new metadata lets him read; the
/// kernel is asked, as the users themselves.
@Suite(.enabled(if: isRoot, "only root can become another user"))
struct ExposureTests {
  private static let users: [UInt32] = [1001, 1002, 2001, 2002, 3001]

  /// How a directory is set up: its owner and group, its permissions, and what setfacl adds.
  struct Access: Sendable {
    var owner = "1001:2001"
    var permissions: String
    var list: String?

    func apply(_ path: String) throws {
      try succeed("chown", [owner, path])
      try succeed("chmod", [permissions, path])
      if let list { try succeed("setfacl", ["-m", list, path]) }
    }

    var user: UInt32? { owner.split(separator: ":").first.flatMap { UInt32($0) } }
  }

  struct Change: Sendable, CustomTestStringConvertible {
    let before: Access
    let after: Access
    var testDescription: String { "\(before) to \(after)" }
  }

  static let changes = [
    Change(before: Access(permissions: "755"), after: Access(permissions: "700")),
    Change(before: Access(permissions: "777"), after: Access(permissions: "1750")),
    Change(before: Access(permissions: "700"), after: Access(permissions: "755")),
    Change(
      before: Access(permissions: "700"),
      after: Access(owner: "1002:2001", permissions: "700")
    ),
    Change(
      before: Access(permissions: "770"),
      after: Access(owner: "1001:2002", permissions: "770")
    ),
    Change(
      before: Access(permissions: "705"),
      after: Access(owner: "1001:2002", permissions: "775")
    ),
    Change(
      before: Access(permissions: "755"),
      after: Access(owner: "1002:2002", permissions: "755")
    ),
    Change(
      before: Access(permissions: "750", list: "u:3001:rwx,g:2002:rx"),
      after: Access(permissions: "750")
    ),
    Change(
      before: Access(permissions: "750", list: "u:3001:rwx"),
      after: Access(permissions: "770", list: "g:2002:rwx")
    ),
    Change(
      before: Access(permissions: "750"),
      after: Access(permissions: "750", list: "u:3001:rx")
    ),
  ]

  /// Who may look into a directory.
  private func readers(_ path: String) throws -> Set<UInt32> {
    Set(
      try Self.users.filter {
        try run("sh", ["-c", "test -r \"$0\" && test -x \"$0\"", path], user: $0).status == 0
      }
    )
  }

  /// Copies, and stops the copy while a large file is written, to look at the target then.
  ///
  /// - Returns: How the copy that was stopped ended after the signal.
  @discardableResult
  private func stopCopying(
    _ sandbox: Sandbox,
    _ words: [String],
    to target: String,
    user: UInt32? = nil,
    signal: Int32,
    reset: () throws -> Void = {},
    _ body: () throws -> Void
  ) throws -> ProcessResult? {
    for _ in 0..<10 {
      try reset()
      let process = try RunningProcess(
        fastsyncBinary,
        rawArguments: words.map { Bytes(text: $0) },
        user: user
      )
      if process.stop(when: { hasOpenFile($0, below: target) }) { try body() }
      process.send(signal)
      process.send(SIGCONT)
      let result = try process.wait()
      if result.status != 0 { return result }
    }
    Issue.record("none of ten copies could be stopped in time: \(words)")
    return nil
  }

  /// A source whose directory `d` holds a file that takes a while.
  private func makeSource(_ sandbox: Sandbox, deep: Bool) throws -> String {
    let source = try sandbox.makeDirectory("source")
    let below = try OpenDirectory(source).makeDirectory(Bytes(text: "d"))
    let large = deep ? below : try OpenDirectory(source)
    try SeededContents(seed: testSeed).makeFile(1, large, Bytes(text: "large"), size: 128 << 20)
    return source
  }

  @Test(arguments: engines, [[], ["-a"], ["-r"], ["-rg"]])
  func whatIsNewIsClosed(_ engine: String, _ options: [String]) throws {
    try withSandbox { sandbox in
      let source = try makeSource(sandbox, deep: true)
      for name in ["", "/d"] { try succeed("chmod", ["700", source + name]) }
      let target = sandbox.path("target")
      let words = options + ["--io-engine=\(engine)", "\(source)/", "\(target)/"]
      try stopCopying(
        sandbox,
        words,
        to: target,
        signal: SIGKILL,
        reset: { try succeed("rm", ["-rf", target]) },
        { () throws in
          for name in ["", "/d"] { #expect(try readers(target + name) == [], "\(words)") }
        }
      )
      try expectFastsync(0, words)
      for name in ["", "/d"] {
        #expect(try OpenDirectory(target + name).status().st_mode & 0o7777 == 0o700)
      }
      if options == [] { try expectSame(source, target) }
    }
  }

  /// What a killed run leaves is open again after the next, also where it says nothing of
  /// permissions.
  @Test(arguments: [[], ["-rlt"], ["-a"]])
  func whatIsNewIsOpenInTheEnd(_ options: [String]) throws {
    try withSandbox { sandbox in
      let source = try makeSource(sandbox, deep: true)
      let target = sandbox.path("target")
      let words = options + ["\(source)/", "\(target)/"]
      try stopCopying(
        sandbox,
        words,
        to: target,
        signal: SIGKILL,
        reset: { try succeed("rm", ["-rf", target]) },
        {}
      )
      try expectFastsync(0, words)
      for name in ["", "/d"] {
        #expect(try OpenDirectory(target + name).status().st_mode & 0o7777 == 0o755, "\(words)")
      }
    }
  }

  @Test(
    .enabled(if: has("setfacl"), "setfacl is not installed"),
    arguments: ExposureTests.changes,
    [true, false]
  )
  func whatIsThereLosesFirst(_ change: Change, _ isDeep: Bool) throws {
    try withSandbox { sandbox in
      let source = try makeSource(sandbox, deep: isDeep)
      let name = isDeep ? "/d" : ""
      try change.after.apply(source + name)
      let target = sandbox.path("target")
      var before: Set<UInt32> = []
      var between: Set<UInt32> = []
      let words = ["\(source)/", "\(target)/"]
      try stopCopying(
        sandbox,
        words,
        to: target,
        signal: SIGKILL,
        reset: {
          try succeed("rm", ["-rf", target])
          try succeed("mkdir", ["-p", "\(target)/d"])
          try change.before.apply(target + name)
          before = try readers(target + name)
        },
        { between = try readers(target + name) }
      )
      try expectFastsync(0, words)
      let after = try readers(target + name)
      // The owner may let himself in at any time.
      between.remove(change.after.user ?? 0)
      #expect(between.isSubset(of: before.intersection(after)), "\(before) \(between) \(after)")
      try expectSame(source, target)
    }
  }

  /// An ordinary user still gets into what he has closed, and it has lost what it was to lose also
  /// when the run is interrupted.
  @Test func whatAnOrdinaryUserHasClosed() throws {
    try withSandbox { sandbox in
      let source = try makeSource(sandbox, deep: true)
      let target = sandbox.path("target")
      try succeed("chown", ["-R", "1001:1001", sandbox.path])
      for name in ["", "/d"] { try succeed("chmod", ["550", source + name]) }
      let words = ["\(source)/", "\(target)/"]
      try stopCopying(
        sandbox,
        words,
        to: target,
        user: 1001,
        signal: SIGINT,
        reset: {
          try succeed("rm", ["-rf", target])
          try succeed("mkdir", ["-p", "\(target)/d"])
          try succeed("chmod", ["555", "\(target)/d", target])
          try succeed("chown", ["-R", "1001:1001", target])
        },
        { () throws in
          for name in ["", "/d"] {
            #expect(try OpenDirectory(target + name).status().st_mode & 0o7777 == 0o750)
          }
        }
      )
      for name in ["", "/d"] {
        #expect(try OpenDirectory(target + name).status().st_mode & 0o7777 == 0o550)
      }
      try expectFastsync(0, words, user: 1001)
      try expectSame(source, target)
    }
  }

  /// A file whose owner is repaired is closed before, and gets setuid after.
  @Test(.enabled(if: has("strace"), "strace is not installed"), arguments: engines)
  func filesAreRepairedInOrder(_ engine: String) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      for path in [source, target] { try OpenDirectory(path).makeFile(Bytes(text: "f"), [1]) }
      try succeed("chown", ["1001:2001", "\(source)/f"])
      try succeed("chmod", ["4750", "\(source)/f"])
      try succeed("chmod", ["6754", "\(target)/f"])
      try succeed("touch", ["-r", "\(source)/f", "\(target)/f"])
      let words = ["--io-engine=\(engine)", "\(source)/", "\(target)/"]
      let all = try sandbox.trace("all", words)
      // fchmodat2, which older versions of strace know by its number alone.
      let names = ["syscall_0x1c4", "fchmodat2", "fchownat"]
      // Whether there is such a call is asked with arguments that cannot be.
      let calls = all.filter { call in
        names.contains { call.is($0) } && !call.description.contains("0xffffffff")
      }
      try #require(calls.count == 3, "\(calls)")
      func sets(_ call: TracedCall, _ modes: String...) -> Bool {
        modes.contains { call.description.contains($0) }
      }
      // Members of the new group were others, who had no more than 4.
      #expect(sets(calls[0], "0x1e0", "0740"), "\(calls)")
      #expect(calls[1].is("fchownat"), "\(calls)")
      #expect(sets(calls[2], "0x9e8", "04750"), "\(calls)")
    }
  }
}
