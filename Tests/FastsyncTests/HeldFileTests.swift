// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Small files that are read first and written later, while other things go wrong.
@Suite(.serialized, .enabled(if: has("python3"), "python3 is not installed"))
struct HeldFileTests {
  private func makeFiles(_ path: String, _ count: Int, bytes: Int) throws {
    let contents = SeededContents(seed: testSeed)
    let directory = try OpenDirectory(path)
    for number in 0..<count {
      try contents.makeFile(number, directory, Bytes(text: "f-\(number)"), size: bytes)
    }
  }

  /// Sets the times of every third file again and again, until it is ended.
  private func touch(_ path: String, _ count: Int) throws -> RunningProcess {
    let program = """
      import os, sys
      number = 0
      while os.getppid() == int(sys.argv[3]):
          for file in range(0, int(sys.argv[2]), 3):
              number += 1
              os.utime(f"{sys.argv[1]}/f-{file}", (number, number))
      """
    let words = ["-c", program, path, "\(count)", "\(getpid())"]
    return try RunningProcess("python3", rawArguments: words.map { Bytes(text: $0) })
  }

  /// What was touched meanwhile is copied, and perhaps reported; nothing is forgotten.
  @Test(arguments: [(0, 3000, 1024), (2000, 2000, 100), (2000, 2000, 512)])
  func touchedFiles(_ bytes: Int, _ count: Int, _ descriptors: Int) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      try makeFiles(source, count, bytes: bytes)
      let toucher = try touch(source, count)
      defer {
        toucher.send(SIGKILL)
        _ = try? toucher.wait()
      }
      let command =
        "ulimit -n \(descriptors); exec '\(fastsyncBinary)' --reflink=never --profile=hdd "
        + "'\(source)/' '\(target)/'"
      let result = try run("bash", ["-c", command])
      #expect(result.signal == 0 && [0, 23].contains(result.status), "\(result.errorText)")
      let missing = try Set(OpenDirectory(source).names())
        .subtracting(OpenDirectory(target).names())
      #expect(missing.isEmpty, "\(missing.count) of \(count) files, status \(result.status)")
    }
  }

  /// Names that cannot be linked, since another filesystem is mounted there at the target, are
  /// copied; not while others hold the buffers that they would wait for.
  @Test(.enabled(if: isRoot, "only root can mount"))
  func linksToAnotherFilesystem() throws {
    try withSandbox { sandbox in
      for name in ["source", "source/a", "source/b", "target"] {
        _ = try sandbox.makeDirectory(name)
      }
      _ = try sandbox.mount(["-t", "tmpfs", "tmpfs"], at: "target/b")
      let (source, target) = (sandbox.path("source"), sandbox.path("target"))
      try makeFiles("\(source)/a", 400, bytes: 100_000)
      for number in 0..<400 {
        for name in ["x", "y"] {
          let (old, new) = ("\(source)/a/f-\(number)", "\(source)/b/\(name)-\(number)")
          try check(unsafe link(old, new), "link", Bytes(text: new))
        }
      }
      let told = ["copied, since it cannot be linked to ", ": Invalid cross-device link\n"]
      try expectFastsync(23, ["--profile=ssd:hdd", "\(source)/", "\(target)/"], saying: told)
      for part in ["a", "b"] {
        let words = ["-rnic", "--delete", "\(source)/\(part)/", "\(target)/\(part)/"]
        let lines = try run("rsync", words).outputText.split(separator: "\n")
        expectNone(lines.filter { !$0.hasPrefix(".") }, part)
      }
    }
  }

  /// Where no thread can be had to settle files, that is done between copying.
  @Test(.enabled(if: isRoot, "only root can become another user"))
  func noThreadToSettle() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      try makeFiles(source, 3000, bytes: 500)
      // An identity of its own, so that nobody else's processes count.
      let user: UInt32 = 64_321
      try check(unsafe chown(target, user, user), "chown")
      let command =
        "ulimit -u 1; ulimit -n 1000; exec '\(fastsyncBinary)' -rt --jobs=1 --io-engine=sync "
        + "'\(source)/' '\(target)/'"
      let result = try run("bash", ["-c", command], user: user)
      #expect(result.status == 0 && result.standardError.isEmpty, "\(result.errorText.prefix(500))")
      try expectSame(source, target, [])
    }
  }
}
