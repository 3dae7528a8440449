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
      let result = try copy(sandbox, [option, "--memory=64K"]) { process in
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

  /// What cannot be whole is named, and not published; the rest is there.
  ///
  /// Of a file that grew there is what it was at first.
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
