// SPDX-License-Identifier: Apache-2.0

import Kernel
import SystemPackage
import Testing

@testable import FileTree

/// Files with rules that are only in memory.
struct FilterFilesInMemory: FilterFiles {
  /// By their paths.
  var files: [String: String] = [:]
  /// The directory that is entered.
  var directory = "/"

  func contents(at path: [UInt8]) throws(Errno) -> [UInt8] {
    guard let found = files[String(decoding: path, as: UTF8.self)] else {
      throw .noSuchFileOrDirectory
    }
    return Array(found.utf8)
  }

  func contents(of name: EntryName) -> [UInt8]? {
    let path = directory + String(decoding: name.bytes, as: UTF8.self)
    return files[path].map { Array($0.utf8) }
  }
}

/// What rules say of paths: those of the manual's examples, and how rules are read.
@Suite struct FilterScopeTests {
  /// The rules of options `-f`, one each.
  static func list(
    _ rules: [String],
    _ files: [String: String] = [:],
    _ settings: FilterSettings = FilterSettings()
  ) throws(FilterError) -> FilterList {
    try FilterList(
      rules.map { FilterDirective(.rule, Array($0.utf8)) },
      settings,
      FilterFilesInMemory(files: files)
    )
  }

  /// Whether a path below `/source` is left out, itself or a directory above it; a slash at its end
  /// makes it one of a directory.
  static func excludes(
    _ list: FilterList,
    _ path: String,
    _ side: FilterSide = .sender,
    _ files: [String: String] = [:],
    isRemoved: Bool = false
  ) throws -> Bool {
    var directory = "/source/"
    var scope = try FilterScope(list, side, directory: Array("/source".utf8))
      .entering(.itself, FilterFilesInMemory(files: files, directory: directory))
    let names = path.split(separator: "/")
    for (index, part) in names.enumerated() {
      let name = EntryName(part.utf8)
      let isDirectory = index < names.count - 1 || path.hasSuffix("/")
      if scope.excludes(name, isDirectory: isDirectory, isRemoved: isRemoved) { return true }
      directory += part + "/"
      scope = try scope.entering(name, FilterFilesInMemory(files: files, directory: directory))
    }
    return false
  }

  struct Row: Sendable, CustomTestStringConvertible {
    let rules: [String]
    let excluded: [String]
    let kept: [String]

    init(_ rules: [String], excluded: [String], kept: [String]) {
      self.rules = rules
      self.excluded = excluded
      self.kept = kept
    }

    var testDescription: String { "\(rules)" }
  }

  static let rows: [Row] = [
    Row(["- *.o"], excluded: ["x.o", "a/x.o", "a.o/"], kept: ["x.c", "x.o.c"]),
    Row(["- /foo"], excluded: ["foo", "foo/"], kept: ["a/foo"]),
    Row(["- foo/"], excluded: ["foo/", "a/foo/", "foo/x"], kept: ["foo", "a/foo"]),
    Row(
      ["- foo/*/bar"],
      excluded: ["foo/a/bar", "x/foo/a/bar/"],
      kept: ["foo/bar", "foo/a/b/bar"]
    ),
    Row(
      ["- /foo/**/bar"],
      excluded: ["foo/a/bar", "foo/a/b/bar"],
      kept: ["foo/bar", "x/foo/a/bar"]
    ),
    Row(["+ */", "+ *.c", "- *"], excluded: ["x.h", "a/x.h"], kept: ["x.c", "a/x.c", "a/b/"]),
    Row(
      ["+ foo/", "+ foo/bar.c", "- *"],
      excluded: ["foo/x.c", "bar/", "bar.c"],
      kept: ["foo/", "foo/bar.c"]
    ),
    Row(["-! */"], excluded: ["x", "a/x"], kept: ["a/", "a/b/"]),
    Row(["- dir_name/***"], excluded: ["dir_name/", "a/dir_name/x"], kept: ["dir_name", "x"]),
    Row(["- foo\\bar"], excluded: ["foo\\bar"], kept: ["foobar"]),
    Row(["- foo\\bar*"], excluded: ["foobar1"], kept: ["foo\\bar1"]),
    Row(
      ["- foo/bar"],
      excluded: ["foo/bar", "x/foo/bar"],
      kept: ["bar", "xfoo/bar", "foo/x/bar"]
    ),
    Row(["- a**z"], excluded: ["a/b/z", "x/a1z"], kept: ["ba/z"]),
    Row(["- **/z"], excluded: ["z", "a/z"], kept: ["az"]),
    Row(["-/ /source/foo"], excluded: ["foo"], kept: ["a/foo"]),
    Row(["-/ source/foo"], excluded: ["foo"], kept: ["a/foo"]),
    Row(["- x", "!", "- y"], excluded: ["y"], kept: ["x"]),
    Row(["exclude,! x"], excluded: ["y"], kept: ["x"]),
    Row(["hide_x", "show y", "H,_z", "P w"], excluded: ["x", "z"], kept: ["y", "w"]),
    Row(["-x user.foo"], excluded: [], kept: ["user.foo"]),
    Row(["-C"], excluded: ["a~", "core", ".git/", "x.o"], kept: [".git", "x.c"]),
    Row(["+ x", "- x"], excluded: [], kept: ["x"]),
    Row(["-_ x"], excluded: [" x"], kept: ["x"]),
  ]

  @Test(arguments: rows)
  func globalRules(_ row: Row) throws {
    let list = try Self.list(row.rules)
    for path in row.excluded { #expect(try Self.excludes(list, path), "\(path)") }
    for path in row.kept { #expect(try !Self.excludes(list, path), "\(path)") }
  }

  @Test func rulesHaveSides() throws {
    let list = try Self.list(["H hidden", "P kept", "- both", "-sr named", "-p gone"])
    #expect(try Self.excludes(list, "hidden") && !Self.excludes(list, "hidden", .receiver))
    #expect(try !Self.excludes(list, "kept") && Self.excludes(list, "kept", .receiver))
    #expect(try Self.excludes(list, "both") && Self.excludes(list, "both", .receiver))
    #expect(try Self.excludes(list, "gone", .receiver))
    #expect(try !Self.excludes(list, "gone", .receiver, isRemoved: true))
    var settings = FilterSettings()
    settings.deletesExcluded = true
    let oneSided = try Self.list(["- both", "-sr named", "P kept"], [:], settings)
    #expect(try Self.excludes(oneSided, "both") && !Self.excludes(oneSided, "both", .receiver))
    #expect(try Self.excludes(oneSided, "named", .receiver))
    #expect(try Self.excludes(oneSided, "kept", .receiver))
  }

  @Test func filesOfDirectories() throws {
    let files = [
      "/source/.f": "# comment\n- x\n- /top\n\n; too",
      "/source/a/.f": "+ x\n- /low\ndir-merge,n .g\n",
      "/source/a/.g": "- g*",
      "/source/b/.f": "!\n",
      "/.r": "- r",
    ]
    let list = try Self.list([": .f", ": /.r"], files)
    for path in ["x", "top", "a/low", "a/g1", "r", "a/r"] {
      #expect(try Self.excludes(list, path, .sender, files), "\(path)")
    }
    for path in ["a/x", "a/top", "a/b/low", "a/b/g1", "b/x", "low"] {
      #expect(try !Self.excludes(list, path, .sender, files), "\(path)")
    }
  }

  @Test func filesOfFiles() throws {
    let files = ["/rules": "- x\n. /more\n", "/more": "y z\n", "/words": "x y"]
    #expect(
      throws: FilterError(problem: .unknownRule, text: Array("y z".utf8), origin: .nestedFile)
    ) {
      try Self.list([". /rules"], files)
    }
    let words = try Self.list([".w- /words"], files)
    #expect(try Self.excludes(words, "y"))
    #expect(throws: FilterError.self) { try Self.list([". /none"]) }
  }

  static let faults: [(String, FilterError.Problem)] = [
    ("foo", .unknownRule), ("excluded x", .unknownRule), ("c x", .unknownRule),
    ("-", .unexpectedEnd),
    ("- ", .unexpectedEnd), ("-q x", .invalidModifier(UInt8(ascii: "q"), position: 1)),
    ("exclude,sz x", .invalidModifier(UInt8(ascii: "z"), position: 9)),
    ("!x", .trailingCharacters), ("clear x", .trailingCharacters),
    ("Hs x", .invalidModifier(UInt8(ascii: "s"), position: 1)),
    ("-e x", .invalidModifier(UInt8(ascii: "e"), position: 1)),
    (".! x", .invalidModifier(UInt8(ascii: "!"), position: 1)),
  ]

  @Test(arguments: faults)
  func faultsAreNamed(_ rule: String, _ problem: FilterError.Problem) {
    #expect(throws: FilterError(problem: problem, text: Array(rule.utf8), origin: .argument)) {
      try Self.list([rule])
    }
  }
}
