// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A file onto a device node: who types that wants the device to be written, not its node replaced.
@Suite(.enabled(if: isRoot, "only root can make devices")) struct DeviceNodeTests {
  @Test(arguments: ["b", "c"], [[], ["-n"], ["-a"]])
  func aFileDoesNotTakeItsPlace(_ kind: String, _ options: [String]) throws {
    try withSandbox { sandbox in
      try OpenDirectory(sandbox.path).makeFile(Bytes(text: "node"), [1])
      let devices = try sandbox.makeDirectory("devices")
      // A device that there is none of.
      try succeed("mknod", ["\(devices)/node", kind, "60", "1"])
      try succeed("ln", ["-s", "node", "\(devices)/link"])
      let before = try fingerprint(devices)
      for target in ["\(devices)/node", "\(devices)/link", devices, "\(devices)/"] {
        let words = ["is a device, and a file would take its place; --copy-devices"]
        let arguments = options + [sandbox.path("node"), target]
        let result = try expectFastsync(3, arguments, saying: words)
        #expect(result.errorText.split(separator: "\n").count == 1)
      }
      #expect(try fingerprint(devices) == before)
    }
  }

  /// What belongs to a tree is replaced as anything else, and so is a node by a node.
  @Test func treesAndNodesAreCopied() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      try OpenDirectory(source).makeFile(Bytes(text: "file"), [1])
      try succeed("mknod", ["\(source)/node", "c", "60", "2"])
      for name in ["file", "node"] { try succeed("mknod", ["\(target)/\(name)", "c", "60", "1"]) }
      try expectFastsync(0, ["-a", "\(source)/node", target])
      try expectFastsync(0, ["-a", "\(source)/", target])
      try expectSame(source, target)
    }
  }
}
