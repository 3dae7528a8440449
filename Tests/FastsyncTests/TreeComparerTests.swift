// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A comparer that sees nothing would let every other suite pass.
@Suite struct TreeComparerTests {
  /// A difference that is made in one of two trees, and the words by which it must be reported.
  struct Planted: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let words: String
    let plant: @Sendable (OpenDirectory) throws -> Void

    init(
      _ name: String,
      _ words: String,
      _ plant: @escaping @Sendable (OpenDirectory) throws -> Void
    ) {
      testDescription = name
      self.words = words
      self.plant = plant
    }
  }

  static let file = Bytes(text: "file")
  static let planted: [Planted] = [
    Planted("missing", "file: only in the source") { try remove($0, file) },
    Planted("extra", "extra: only in the target") { try $0.makeFile(Bytes(text: "extra")) },
    Planted("one byte", "file: contents from byte 70001") { root in
      let descriptor = try root.openFile(file, O_WRONLY)
      defer { close(descriptor) }
      try check(unsafe pwrite(descriptor, [0], 1, 70_001), "pwrite")
      try root.changeTimes(file, 1_000, 1)
    },
    Planted("longer", "file: size: source 100000, target 100001") { root in
      try check(truncateAt(root, file, 100_001), "ftruncate")
    },
    Planted("mode", "file: mode: source 100644, target 104644") { try $0.changeMode(file, 0o4644) },
    Planted("a nanosecond", "file: modification time") { try $0.changeTimes(file, 1_000, 2) },
    Planted("time of a directory", "directory: modification time") {
      try $0.changeTimes(Bytes(text: "directory"), 5, 5)
    },
    Planted("time of a link", "link: modification time") {
      try $0.changeTimes(Bytes(text: "link"), 5, 5)
    },
    Planted("time of the root", ": modification time") {
      try $0.changeTimes(Bytes(text: "."), 5, 5)
    },
    Planted("target of a link", "link: target of the link") { root in
      try remove(root, Bytes(text: "link"))
      try root.makeSymbolicLink(Bytes(text: "link"), to: Bytes(text: "other"))
    },
    Planted("type", "file: type") { root in
      try remove(root, file)
      _ = try root.makeDirectory(file)
    },
    Planted("below", "directory/inside: only in the source") { root in
      try remove(root.open(Bytes(text: "directory")), Bytes(text: "inside"))
    },
    Planted("a link broken up", "one: number of links") { root in
      try remove(root, Bytes(text: "one"))
      try root.makeFile(Bytes(text: "one"))
    },
    Planted("links to the wrong inode", "other names of the inode") { root in
      try remove(root, Bytes(text: "one"))
      try remove(root, Bytes(text: "three"))
      try root.makeLink(Bytes(text: "one"), to: Bytes(text: "four"))
      try root.makeLink(Bytes(text: "three"), to: Bytes(text: "two"))
    },
    Planted("a filled hole", "sparse: data beside holes") { root in
      let descriptor = try root.openFile(Bytes(text: "sparse"), O_WRONLY)
      defer { close(descriptor) }
      let zeros = Bytes(repeating: 0, count: 1 << 20)
      try check(unsafe pwrite(descriptor, zeros, zeros.count, 4096), "pwrite")
    },
    Planted("attribute", "file: attribute user.a: source v, target none") { root in
      try succeed("setfattr", ["-x", "user.a", try path(root, "file")])
    },
    Planted("value of an attribute", "file: attribute user.a: source v, target w") { root in
      try setAttribute(root.descriptor, file, "user.a", Bytes(text: "w"))
    },
    Planted("another attribute", "directory: attribute user.b: source none, target \\x00") { root in
      try setAttribute(root.descriptor, Bytes(text: "directory"), "user.b", [0])
    },
    Planted("ACL", "file: attribute system.posix_acl_access") { root in
      let list = AccessList(user: 6, others: [(1, 4)], group: 4, mask: 4, other: 4)
      try setAttribute(root.descriptor, file, AccessList.access, list.bytes)
    },
  ]

  static func remove(_ directory: OpenDirectory, _ name: Bytes) throws {
    try check(unsafe unlinkat(directory.descriptor, name.c, 0), "unlinkat", name)
  }

  static func truncateAt(_ directory: OpenDirectory, _ name: Bytes, _ size: Int) throws -> Int32 {
    let descriptor = try directory.openFile(name, O_WRONLY)
    defer { close(descriptor) }
    return ftruncate(descriptor, size)
  }

  static func path(_ directory: OpenDirectory, _ name: String) throws -> String {
    let link = try OpenDirectory("/proc/self/fd").linkTarget(Bytes(text: "\(directory.descriptor)"))
    return String(decoding: link, as: UTF8.self) + "/" + name
  }

  static func makeTree(_ path: String) throws {
    let root = try OpenDirectory(path)
    try SeededContents(seed: 1).makeFile(1, root, file, size: 100_000)
    try setAttribute(root.descriptor, file, "user.a", Bytes(text: "v"))
    try root.makeDirectory(Bytes(text: "directory")).makeFile(Bytes(text: "inside"))
    try root.makeSymbolicLink(Bytes(text: "link"), to: file)
    try root.makeFile(Bytes(text: "one"))
    try root.makeLink(Bytes(text: "two"), to: Bytes(text: "one"))
    try root.makeFile(Bytes(text: "three"))
    try root.makeLink(Bytes(text: "four"), to: Bytes(text: "three"))
    try root.makeFile(Bytes(text: "sparse"), [1])
    _ = try truncateAt(root, Bytes(text: "sparse"), 8 << 20)
    try root.makeNode(Bytes(text: "fifo"), S_IFIFO | 0o600)
    for name in try root.names() + [Bytes(text: ".")] { try root.changeTimes(name, 1_000, 1) }
  }

  @Test(arguments: planted) func findsWhatIsPlanted(_ planted: Planted) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      try TreeComparerTests.makeTree(source)
      try succeed("cp", ["-a", source, sandbox.path("target")])
      #expect(try TreeComparer.differences(source, sandbox.path("target")) == [])
      try planted.plant(OpenDirectory(sandbox.path("target")))
      let found = try TreeComparer.differences(source, sandbox.path("target"))
      #expect(found.contains { $0.contains(planted.words) }, "found only: \(found)")
    }
  }

  @Test func twoEmptyTreesAreNotASuccess() throws {
    try withSandbox { sandbox in
      let left = try sandbox.makeDirectory("left")
      let right = try sandbox.makeDirectory("right")
      #expect(try !TreeComparer.differences(left, right).isEmpty)
    }
  }
}
