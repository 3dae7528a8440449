// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// The kernel takes the capabilities of a file away with its owner or group, also those that are
/// right.
@Suite(
  .enabled(if: geteuid() == 0, "only root can give files away"),
  .enabled(if: has("setcap"), "setcap is not installed")
)
struct CapabilityTests {
  /// What getcap says of a file, without its name.
  private func capabilities(_ path: String) throws -> String {
    let line = try run("getcap", [path]).outputText
    return String(line.dropFirst(path.count))
  }

  /// Makes a file with capabilities, and the same at the target.
  private func withFile(_ body: (Sandbox, _ source: String, _ target: String) throws -> Void) throws
  {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      try succeed("cp", ["/bin/true", "\(source)/tool"])
      try succeed("setcap", ["cap_net_raw+p", "\(source)/tool"])
      try succeed("setfattr", ["-n", "user.note", "-v", "text", "\(source)/tool"])
      try expectFastsync(0, ["\(source)/", "\(target)/"])
      try body(sandbox, source, target)
    }
  }

  @Test(arguments: ["1234:0", "0:1234", "1234:5678"], ["uring", "sync"])
  func stayWhereOnlyTheOwnerIsRepaired(_ owner: String, _ engine: String) throws {
    try withFile { _, source, target in
      try succeed("chown", [owner, "\(target)/tool"])
      try succeed("setcap", ["cap_net_raw+p", "\(target)/tool"])
      try expectFastsync(0, ["--io-engine=\(engine)", "\(source)/", "\(target)/"])
      let found = try capabilities("\(target)/tool")
      #expect(try found == capabilities("\(source)/tool") && found.contains("cap_net_raw"))
      try expectSame(source, target)
    }
  }

  @Test func areRepairedWithTheOwner() throws {
    try withFile { _, source, target in
      // Which takes them away.
      try succeed("chown", ["1234", "\(target)/tool"])
      try expectFastsync(0, ["\(source)/", "\(target)/"])
      try expectSame(source, target)
    }
  }

  @Test func areKeptByEveryNameOfTheFile() throws {
    try withFile { _, source, target in
      try succeed("ln", ["\(source)/tool", "\(source)/other"])
      try expectFastsync(0, ["\(source)/", "\(target)/"])
      try succeed("chown", ["1234", "\(target)/tool"])
      try succeed("setcap", ["cap_net_raw+p", "\(target)/tool"])
      try expectFastsync(0, ["\(source)/", "\(target)/"])
      try expectSame(source, target)
    }
  }

  /// rsync's options leave the others out for an ordinary user; what was not asked for stays as
  /// it is.
  @Test func areNobodysBusinessWithoutX() throws {
    try withFile { _, source, target in
      try succeed("chown", ["1234", "\(target)/tool"])
      try expectFastsync(0, ["-a", "\(source)/", "\(target)/"])
      #expect(try capabilities("\(target)/tool").isEmpty)
    }
  }
}

/// Attributes that cannot be read are told by every run, and are no change.
@Suite(.enabled(if: geteuid() == 0, "only root can give files away"))
struct UnreadableAttributeTests {
  @Test(arguments: ["-naX", "-aX"]) func areToldAndNotCounted(_ options: String) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      try succeed("sh", ["-c", "echo x >\(source)/f; setfattr -n user.a -v 1 \(source)/f"])
      try succeed(
        "sh",
        ["-c", "cp -p \(source)/f \(target)/f; setfattr -n user.a -v 1 \(target)/f"]
      )
      try succeed("chmod", ["600", "\(source)/f", "\(target)/f"])
      try succeed("chown", ["-R", "65534", target])
      try succeed("touch", ["-r", "\(source)/f", "\(target)/f"])
      for _ in 0..<2 {
        let result = try run(
          fastsyncBinary,
          [options, "-v", "\(source)/f", "\(target)/"],
          user: 65534
        )
        #expect(result.status == 23)
        #expect(result.errorText.contains("f: cannot read attribute user.a: Permission denied"))
        #expect(!result.outputText.split(separator: "\n").contains("f"), "it did not change")
      }
    }
  }
}
