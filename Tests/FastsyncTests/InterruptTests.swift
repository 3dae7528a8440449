// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// SIGINT and SIGTERM end a run in order: nothing half done is left, and the next run finishes it.
@Suite struct InterruptTests {
  @Test(arguments: engines, [SIGINT, SIGTERM]) func stopsInOrder(
    _ engine: String,
    _ signal: Int32
  ) throws {
    let hint = "--io-engine=\(engine), signal \(signal), \(replay("InterruptTests"))"
    // On a busy machine a copy may be done before it is stopped; then it is done again.
    for _ in 0..<10 {
      let isStopped = try withSandbox { sandbox in
        try stop(sandbox, engine, signal, hint)
      }
      if isStopped { return }
    }
    Issue.record("none of ten copies could be stopped in time, \(hint)")
  }

  /// Stops one copy, looks at what is left, and finishes it; false when it ended by itself.
  private func stop(
    _ sandbox: Sandbox,
    _ engine: String,
    _ signal: Int32,
    _ hint: String
  ) throws -> Bool {
    let source = try sandbox.makeDirectory("source")
    let target = try sandbox.makeDirectory("target")
    let contents = SeededContents(seed: testSeed)
    let sides = try [OpenDirectory(source), OpenDirectory(target)]
    // Half of the names exist at the target, so that both ways of publishing are under way.
    for number in 0..<4 {
      let name = Bytes(text: "file-\(number)")
      try contents.makeFile(number, sides[0], name, size: 128 << 20)
      if number % 2 == 0 { try sides[1].makeFile(name, [1]) }
    }
    let arguments = ["--io-engine=\(engine)", "\(source)/", "\(target)/"]
    let process = try RunningProcess(
      fastsyncBinary,
      rawArguments: arguments.map { Bytes(text: $0) }
    )
    let isUnderWay = process.stop { hasOpenFile($0, below: target) }
    process.send(signal)
    process.send(SIGCONT)
    let result = try process.wait()
    if !isUnderWay || result.status == 0 { return false }
    #expect(result.status == 20, "\(result.errorText) \(hint)")
    expectNone(try temporaryNames(target), hint)
    for name in try sides[1].names() {
      let status = try sides[1].status(name)
      let isNew = try haveSameContents(sides[1], name, sides[0], name)
      #expect(isNew || status.st_size == 1, "\(name.shown): \(status.st_size) bytes, \(hint)")
    }
    try expectFastsync(0, arguments, hint: hint)
    try expectSame(source, target, hint: hint)
    return true
  }
}
