// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Sources that change under the copy.
///
/// The copy is stopped at a known point, and the change made.
@Suite struct MovingSourceTests {
  /// On a busy machine a copy may have seen all it needs when it is stopped; then it is done again.
  private func untilSeen(_ option: String, _ attempt: (Sandbox) throws -> Bool) throws {
    for _ in 0..<10 where try withSandbox(attempt) { return }
    Issue.record("none of ten copies noticed the change, \(option)")
  }

  /// Starts a copy, changes the source when the copy is under way, and waits for the end.
  private func copy(
    _ sandbox: Sandbox,
    _ arguments: [String],
    when condition: (pid_t) throws -> Bool,
    change: () throws -> Void
  ) throws -> ProcessResult {
    let words = arguments + [sandbox.path("source") + "/", sandbox.path("target") + "/"]
    let process = try RunningProcess(fastsyncBinary, rawArguments: words.map { Bytes(text: $0) })
    if try process.stop(when: condition) { try change() }
    process.send(SIGCONT)
    return try process.wait()
  }

  @Test(arguments: engines, [-1, 1]) func sizeChanges(_ engine: String, _ sign: Int) throws {
    let option = "--io-engine=\(engine)"
    let name = Bytes(text: "moving")
    try untilSeen(option) { sandbox in
      let path = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      let source = try OpenDirectory(path)
      let size = 256 << 20
      let contents = SeededContents(seed: testSeed)
      try contents.makeFile(1, source, name, size: size)
      try contents.makeFile(2, source, Bytes(text: "other"), size: 10_000)
      // Small buffers, so that it takes its time also on a busy machine.
      let words = [option, "--memory=64K", "--on-change=fail"]
      let result = try copy(sandbox, words) { process in
        hasOpenFile(process, below: target)
      } change: {
        let file = try source.openFile(name, O_WRONLY)
        defer { close(file) }
        if sign < 0 {
          try check(ftruncate(file, size / 100), "ftruncate")
        } else {
          try contents.write(3, to: file, at: size, count: 5_000_000)
        }
      }
      if result.status == 0 { return false }
      try expectReported(result, source, target, "\(option), \(replay("MovingSourceTests"))")
      try expectFastsync(0, [option, "\(path)/", "\(target)/"])
      try expectSame(path, target)
      return true
    }
  }

  /// A file that is written to once while it is copied.
  @Test(
    arguments: engines,
    [
      ("retry", 0, ""), ("warn", 0, "source/moving: changed while it was copied\n"),
      ("fail", 23, ""),
    ]
      as [(String, Int32, String)]
  ) func contentsChange(_ engine: String, _ policy: (String, Int32, String)) throws {
    let option = "--io-engine=\(engine)"
    let name = Bytes(text: "moving")
    try untilSeen("\(option) \(policy.0)") { sandbox in
      let path = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      let source = try OpenDirectory(path)
      let contents = SeededContents(seed: testSeed)
      try contents.makeFile(1, source, name, size: 64 << 20)
      let old = try source.status(name).st_mtim.tv_sec
      var isChanged = false
      let words = [option, "--memory=64K", "--on-change=\(policy.0)"]
      let result = try copy(sandbox, words) {
        hasOpenFile($0, below: target)
      } change: {
        let file = try source.openFile(name, O_WRONLY)
        defer { close(file) }
        try contents.write(3, to: file, at: 0, count: 1_000_000)
        isChanged = try source.status(name).st_mtim.tv_sec >= old
      }
      if !isChanged { return false }
      let told = "\(result.status) \(result.errorText)"
      #expect(result.status == policy.1 && result.errorText.hasSuffix(policy.2), "\(told)")
      expectNone(try temporaryNames(target), told)
      let copied = try OpenDirectory(target)
      #expect(try copied.names().isEmpty == (policy.0 == "fail"), "\(told)")
      if policy.0 == "retry" { #expect(try haveSameContents(source, name, copied, name)) }
      try expectFastsync(0, [option, "\(path)/", "\(target)/"])
      try expectSame(path, target)
      return true
    }
  }

  /// A file that never stays as it is: it is copied twice, told, and kept.
  @Test(arguments: engines) func aFileThatAlwaysChanges(_ engine: String) throws {
    try withSandbox { sandbox in
      let source = try OpenDirectory(sandbox.makeDirectory("source"))
      let name = Bytes(text: "moving")
      try SeededContents(seed: testSeed).makeFile(1, source, name, size: 64 << 20)
      let script = "while :; do echo x; done >>\"$0\""
      let command = ["-c", script, sandbox.path("source/moving")].map { Bytes(text: $0) }
      let writer = try RunningProcess("sh", rawArguments: command)
      defer {
        writer.send(SIGKILL)
        _ = try? writer.wait()
      }
      let arguments = ["--io-engine=\(engine)", "-rt", "--memory=64K"]
      let operands = ["\(sandbox.path("source"))/", "\(sandbox.path("target"))/"]
      let words = ["source/moving: changed from ", "(failures: 1)"]
      try expectFastsync(23, arguments + operands, saying: words)
      #expect(try OpenDirectory(sandbox.path("target")).names() == [name])
    }
  }

  /// What cannot be whole is named, and not published; the rest is there.
  private func expectReported(
    _ result: ProcessResult,
    _ source: OpenDirectory,
    _ target: String,
    _ hint: String
  ) throws {
    let told = "\(result.status): \(result.errorText) \(hint)"
    #expect(result.status == 23 || result.status == 24, "\(told)")
    #expect(result.errorText.contains("source/moving: "), "\(told)")
    expectNone(try temporaryNames(target), told)
    let copied = try OpenDirectory(target)
    for name in try copied.names() {
      if try copied.status(name).st_size < source.status(name).st_size { continue }
      #expect(try haveSameContents(source, name, copied, name), "\(name.shown) \(told)")
    }
  }

  /// Names that were read from the directory, and are gone when their turn comes.
  @Test(arguments: engines) func filesVanish(_ engine: String) throws {
    let option = "--io-engine=\(engine)"
    try untilSeen(option) { sandbox in
      let source = try OpenDirectory(sandbox.makeDirectory("source"))
      let target = try OpenDirectory(sandbox.makeDirectory("target"))
      let contents = SeededContents(seed: testSeed)
      let names = (0..<100).map { Bytes(text: "file-\($0)") }
      for (number, name) in names.enumerated() {
        try contents.makeFile(number, source, name, size: 2 << 20)
      }
      let result = try copy(sandbox, [option, "--jobs=1"]) { _ in
        try !target.names().isEmpty
      } change: {
        for name in try Set(names).subtracting(target.names()) {
          try check(unsafe unlinkat(source.descriptor, name.c, 0), "unlinkat", name)
        }
      }
      if result.status == 0 { return false }
      let hint = "\(result.errorText.prefix(500)) \(option)"
      #expect(result.status == 24, "\(hint)")
      for name in try target.names() where try source.names().contains(name) {
        #expect(try haveSameContents(source, name, target, name), "\(name.shown) \(hint)")
      }
      return true
    }
  }
}
