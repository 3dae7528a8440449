// SPDX-License-Identifier: Apache-2.0

import FileTree
import Kernel
import Testing

@Suite struct ListedNamesTests {
  private func list(_ paths: [String]) -> ListedNames {
    ListedNames(Array(paths.map { $0 + "\0" }.joined().utf8))
  }

  private func text(_ name: EntryName) -> String { String(decoding: name.bytes, as: UTF8.self) }

  /// The tree as lines: a name, what it was listed for, and below it what was listed there.
  private func lines(_ level: ListedNames.Level, _ indent: String = "") -> [String] {
    var lines: [String] = []
    var place = level.first
    while let (name, next) = level.name(at: place) {
      place = next
      #expect(level.find(name.name)?.isNamed == name.isNamed)
      let mark = name.hasContents ? "/" : name.isNamed ? "" : "-"
      lines.append(indent + text(name.name) + mark)
      if let below = name.below { lines += self.lines(below, indent + " ") }
    }
    return lines
  }

  @Test func namesBecomeATree() {
    let listed = list(["b", "a/x/y", "a-b", "a", "a/x", "a/x/y/", "c/d", "a", "", "c/e/f", "a.b/c"])
    #expect(
      lines(listed.top) == [
        "a", " x", "  y/", "a-b", "a.b-", " c", "b", "c-", " d", " e-", "  f",
      ]
    )
  }

  @Test func namesThatAreNotThereAreNotFound() {
    let level = list(["a/b", "aa", "c"]).top
    for name in ["", "b", "d", "ab", "a/b", "aaa"] {
      #expect(level.find(EntryName(name.utf8)) == nil, "\(name)")
    }
    #expect(list([]).isEmpty)
    #expect(list([]).top.name(at: 0) == nil)
  }

  @Test func pathsGoDownFromALevel() throws {
    let below = try #require(
      list(["x/a/b", "x/c/", "y", "x/a"]).top.find(EntryName("x".utf8))?.below
    )
    #expect(below.paths.map { text($0) } == ["a", "a/b", "c"])
  }

  /// Whatever is listed, each path is found again, once, in the order of the bytes.
  @Test(arguments: 0..<20)
  func everyPathIsFound(_ seed: UInt64) {
    var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
    func random(_ count: UInt64) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 33) % count
    }
    let paths = (0..<200).map { _ in
      (0...random(3)).map { _ in "a-.bc".prefix(Int(random(4)) + 1) }.joined(separator: "/")
    }
    var found: [String] = []
    func walk(_ level: ListedNames.Level, _ prefix: String) {
      var place = level.first
      while let (name, next) = level.name(at: place) {
        place = next
        if name.isNamed { found.append(prefix + text(name.name)) }
        if let below = name.below { walk(below, prefix + text(name.name) + "/") }
      }
    }
    walk(list(paths).top, "")
    #expect(Set(found) == Set(paths) && found.count == Set(paths).count, "seed \(seed)")
  }
}

@Suite struct LinkContentsTests {
  @Test(arguments: [
    ("", 9, true), ("/", 9, true), ("/a", 9, true), ("a", 0, false), ("a/b", 0, false),
    (".", 0, false), ("./a", 0, false), ("..", 0, true), ("..", 1, false), ("../", 1, false),
    ("../a", 0, true), ("../a", 1, false), ("../../a", 1, true), ("../../a", 2, false),
    ("..//..///../a", 3, false), ("..//..///../a", 2, true), ("a/..", 9, true), ("a/../b", 9, true),
    ("./../a", 9, true), ("../..", 9, true), ("../../", 2, false), ("a..", 0, false),
    ("..a", 0, false), ("...", 0, false), ("../a/../b", 9, true),
  ])
  func leadsOut(_ contents: String, _ depth: Int, _ expected: Bool) {
    #expect(EntryName(contents.utf8).leadsOut(depth: depth) == expected)
  }

  @Test func unmunging() {
    for (contents, expected) in [
      ("/rsyncd-munged/a", "a"), ("/rsyncd-munged//a", "/a"),
      ("/rsyncd-munged/", "/rsyncd-munged/"),
      ("a", "a"), ("/rsyncd-mungedx/a", "/rsyncd-mungedx/a"),
    ] { #expect(EntryName(contents.utf8).unmunged == EntryName(expected.utf8)) }
  }
}
