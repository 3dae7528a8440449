// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Sources of `--copy-devices` that have no bytes, from the start or by and by: nothing good is
/// replaced by nothing.
@Suite(.serialized, .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"))
struct VanishingDeviceTests {
  private func words(_ engine: String, _ others: [String]) -> [String] {
    ["--copy-devices", "--io-engine=\(engine)"] + others
  }

  /// A drive without a medium has 0 bytes, and so has a loop device on an empty file.
  @Test(arguments: engines) func aDeviceWithoutBytesIsRefused(_ engine: String) throws {
    try withSandbox { sandbox in
      try makeImage(sandbox, "image", 2 * megabyte, data: megabyte)
      try makeImage(sandbox, "disk", 2 * megabyte, data: megabyte)
      try OpenDirectory(sandbox.path).makeFile(Bytes(text: "nothing"))
      let before = try (digest(sandbox.path("image")), digest(sandbox.path("disk")))
      let said = ["has 0 bytes, as a device has without a medium"]
      try withDevice(sandbox.path("nothing")) { source in
        for dry in [["-n"], []] {
          let image = words(engine, dry + [source, sandbox.path("image")])
          try expectFastsync(3, image, saying: ["\(source): "] + said)
        }
        try expectFastsync(3, words(engine, [source, sandbox.path("new")]), saying: said)
        try withDevice(sandbox.path("disk")) { target in
          for option in [[], ["--discard"]] {
            try expectFastsync(3, words(engine, option + [source, target]), saying: said)
            let empty = words(engine, option + [sandbox.path("nothing"), target])
            try expectFastsync(3, empty, saying: ["is an image of 0 bytes"])
          }
          try expectFastsync(3, words(engine, [target, source]), saying: ["is too small"])
        }
      }
      let now = try (digest(sandbox.path("image")), digest(sandbox.path("disk")))
      #expect(now == before)
      #expect(unsafe access(sandbox.path("new"), F_OK) != 0)
    }
  }

  /// Data that is far apart: what is cut off of it looks like a hole that goes to the end.
  private func makeScattered(_ path: String, megabytes: Int) throws {
    let pieces = (0..<megabytes).map { (at: $0 * megabyte, count: 16_384) }
    try SeededContents(seed: testSeed).makeSparse(path, megabytes * megabyte, data: pieces)
  }

  /// Starts a copy that is stopped as soon as something is so.
  private func start(
    _ words: [String],
    stoppingWhen condition: (pid_t) throws -> Bool
  ) throws -> RunningProcess {
    let process = try RunningProcess(fastsyncBinary, rawArguments: words.map { Array($0.utf8) })
    try #require(try process.stop(when: condition))
    return process
  }

  private func isOpen(_ path: String, by process: pid_t) -> Bool {
    guard let table = try? OpenDirectory("/proc/\(process)/fd"), let names = try? table.names()
    else { return false }
    return names.contains { (try? table.linkTarget($0)) == Bytes(text: path) }
  }

  /// Before its holes are cleared at the target, while they are, or while data is copied.
  @Test(arguments: [0, megabyte]) func anImageThatShrinksToNothing(_ written: Int) throws {
    try withSandbox { sandbox in
      try makeScattered(sandbox.path("image"), megabytes: 1_000)
      try succeed("truncate", ["-s", "1000M", sandbox.path("disk")])
      try withDevice(sandbox.path("disk")) { target in
        let small = ["--memory=64K", "--durability=none"]
        let all = words("sync", small + [sandbox.path("image"), target])
        let process = try start(all) { process in
          try isOpen(target, by: process) && writtenBytes(process) >= written
        }
        try succeed("truncate", ["-s", "0", sandbox.path("image")])
        process.send(SIGCONT)
        let result = try process.wait()
        #expect(result.status == 23, "\(result.errorText)")
        #expect(result.errorText.contains("image: ended at "), "\(result.errorText)")
        #expect(result.errorText.contains("half written"), "\(result.errorText)")
      }
    }
  }

  /// One that is a hole as a whole is copied by clearing the target.
  @Test(arguments: engines) func aHoleThatShrinksToNothing(_ engine: String) throws {
    try withSandbox { sandbox in
      try succeed("truncate", ["-s", "2G", sandbox.path("disk")])
      try withDevice(sandbox.path("disk")) { target in
        let all = words(engine, ["--durability=none", sandbox.path("image"), target])
        // It may be done before it can be stopped.
        for attempt in 1...50 {
          try succeed("truncate", ["-s", "2G", sandbox.path("image")])
          let process = try RunningProcess(fastsyncBinary, rawArguments: all.map { Array($0.utf8) })
          let isStopped = process.stop { isOpen(target, by: $0) }
          try succeed("truncate", ["-s", "0", sandbox.path("image")])
          process.send(SIGCONT)
          let result = try process.wait()
          try #require(isStopped || attempt < 50)
          guard isStopped else { continue }
          #expect(result.status == 23, "\(result.errorText)")
          let told = "image: ended at 0 of 2147483648 bytes"
          #expect(result.errorText.contains(told), "\(result.errorText)")
          return
        }
      }
    }
  }

  @Test func aDeviceThatShrinksToNothing() throws {
    try withSandbox { sandbox in
      try makeScattered(sandbox.path("disk"), megabytes: 1_000)
      try makeImage(sandbox, "image", 2 * megabyte, data: megabyte)
      let before = try digest(sandbox.path("image"))
      try withDevice(sandbox.path("disk")) { source in
        for policy in ["fail", "skip"] {
          let options = ["--memory=64K", "--durability=none", "--on-read-error=\(policy)"]
          let all = words("sync", options + [source, sandbox.path("image")])
          let process = try start(all) { try writtenBytes($0) > megabyte }
          try succeed("truncate", ["-s", "0", sandbox.path("disk")])
          try succeed("losetup", ["--set-capacity", source])
          process.send(SIGCONT)
          let result = try process.wait()
          #expect(result.status == 23 || result.status == 11, "\(result.errorText)")
          #expect(result.errorText.contains(source), "\(result.errorText)")
          #expect(try digest(sandbox.path("image")) == before)
          try makeScattered(sandbox.path("disk"), megabytes: 1_000)
          try succeed("losetup", ["--set-capacity", source])
        }
      }
    }
  }
}
