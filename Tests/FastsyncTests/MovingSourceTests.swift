// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Sources that change under the copy.
///
/// The copy is stopped at a known point, and the change made.
@Suite struct MovingSourceTests {
  /// Starts a copy, changes the source when the copy is under way, and waits for the end.
  private func copy(
    _ sandbox: Sandbox,
    _ arguments: [String],
    when condition: (pid_t) throws -> Bool,
    change: () throws -> Void
  ) throws -> ProcessResult {
    let words = arguments + [sandbox.path("source") + "/", sandbox.path("target") + "/"]
    let process = try RunningProcess(fastsyncBinary, rawArguments: words.map { Bytes(text: $0) })
    let isUnderWay = try process.stop(when: condition)
    #expect(isUnderWay, "the copy ended before it could be stopped")
    if isUnderWay { try change() }
    process.send(SIGCONT)
    return try process.wait()
  }

  @Test(arguments: engines, [-1, 1]) func sizeChanges(_ engine: String, _ sign: Int) throws {
    try withSandbox { sandbox in
      let path = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      let source = try OpenDirectory(path)
      let name = Bytes(text: "moving")
      let size = 256 << 20
      let contents = SeededContents(seed: testSeed)
      try contents.makeFile(1, source, name, size: size)
      try contents.makeFile(2, source, Bytes(text: "other"), size: 10_000)
      let result = try copy(sandbox, ["--io-engine=\(engine)"]) { process in
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
      let hint = "\(result.errorText) --io-engine=\(engine), \(replay("MovingSourceTests"))"
      #expect(result.status == 23 || result.status == 24, "\(result.status): \(hint)")
      #expect(result.errorText.contains("source/moving: "), "\(hint)")
      expectNone(try temporaryNames(target), hint)
      // What cannot be whole is not published; the rest is there, and the next run finishes it.
      let copied = try OpenDirectory(target)
      if try copied.names().contains(name), sign < 0 {
        #expect(try haveSameContents(source, name, copied, name), "\(hint)")
      }
      try expectFastsync(0, ["--io-engine=\(engine)", "\(path)/", "\(target)/"], hint: hint)
      try expectSame(path, target, hint: hint)
    }
  }

  /// Names that were read from the directory, and are gone when their turn comes.
  @Test(arguments: engines) func filesVanish(_ engine: String) throws {
    try withSandbox { sandbox in
      let source = try OpenDirectory(sandbox.makeDirectory("source"))
      let target = try OpenDirectory(sandbox.makeDirectory("target"))
      let contents = SeededContents(seed: testSeed)
      let names = (0..<100).map { Bytes(text: "file-\($0)") }
      for (number, name) in names.enumerated() {
        try contents.makeFile(number, source, name, size: 2 << 20)
      }
      let arguments = ["--io-engine=\(engine)", "--jobs=1"]
      let result = try copy(sandbox, arguments) { _ in
        try !target.names().isEmpty
      } change: {
        for name in try Set(names).subtracting(target.names()) {
          try check(unsafe unlinkat(source.descriptor, name.c, 0), "unlinkat", name)
        }
      }
      let hint = "\(result.errorText.prefix(500)) --io-engine=\(engine)"
      #expect(result.status == 24, "\(hint)")
      for name in try target.names() where try source.names().contains(name) {
        #expect(try haveSameContents(source, name, target, name), "\(name.shown) \(hint)")
      }
    }
  }
}
