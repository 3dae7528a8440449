// SPDX-License-Identifier: Apache-2.0

import FileTree
import Kernel
import Glibc
import SystemPackage
import Testing
import TestSupport

/// How the test names source and target.
enum Located: CaseIterable {
  case filesByName
  case openFiles
  case openDirectories
}

@Suite(
  "Attributes are made equal",
  .enabled(if: canSetAttribute("user.probe"), "the filesystem of TMPDIR has no user attributes")
)
struct AttributeCopierTests {
  static let all: AttributeCopier.Classes = [.user, .accessControlLists, .privileged]

  /// A source and a target in a directory, named in a way.
  private func withPair(
    _ located: Located = .filesByName,
    _ body: (TestDirectory, _ source: EntryLocation, _ target: EntryLocation) throws -> Void
  ) throws {
    try withDirectory { directory in
      var places: [EntryLocation] = []
      var opened: [Int32] = []
      defer { for descriptor in opened { close(descriptor) } }
      for name in ["source", "target"] {
        places.append(
          located == .openDirectories
            ? try directory.makeDirectory(name) : try directory.makeFile(name)
        )
        guard located != .filesByName else { continue }
        opened.append(try directory.open(name))
      }
      if !opened.isEmpty { places = opened.map { EntryLocation(open: $0) } }
      try body(directory, places[0], places[1])
    }
  }

  /// Synchronizes, expects no failure and an end that is stable, and returns whether it changed
  /// anything.
  private func synchronize(
    _ source: EntryLocation,
    _ target: EntryLocation,
    _ classes: AttributeCopier.Classes = all,
    sourceLocation: SourceLocation = #_sourceLocation
  ) -> Bool {
    var copier = AttributeCopier()
    let dry = copier.synchronize(from: source, to: target, classes: classes, dryRun: true)
    let wet = copier.synchronize(from: source, to: target, classes: classes)
    let again = copier.synchronize(from: source, to: target, classes: classes)
    #expect(dry.changed == wet.changed, sourceLocation: sourceLocation)
    #expect(again.changed == false, sourceLocation: sourceLocation)
    let failures = (dry.failures + wet.failures + again.failures).map { $0.operation }
    #expect(failures == [], sourceLocation: sourceLocation)
    return wet.changed
  }

  @Test("added, changed and removed", arguments: Located.allCases)
  func addsChangesRemoves(located: Located) throws {
    try withPair(located) { directory, source, target in
      #expect(synchronize(source, target) == false)
      for (name, key, value) in [
        ("source", "user.new", "1"), ("source", "user.changed", "after"),
        ("target", "user.changed", "before"), ("source", "user.same", "same"),
        ("target", "user.same", "same"), ("target", "user.gone", "gone"),
        ("source", "user.longer", "abc"), ("target", "user.longer", "ab"),
        ("source", "user.shorter", "ab"), ("target", "user.shorter", "abc"),
      ] {
        try directory.setAttribute(name, key, Bytes(text: value))
      }
      let before = try directory.attributes("source")
      #expect(before.count == 5)
      #expect(synchronize(source, target))
      #expect(try directory.attributes("source") == before)
      #expect(try directory.attributes("target") == before)
    }
  }

  @Test("each kind of difference alone is a change", arguments: ["new", "changed", "gone"])
  func singleChanges(kind: String) throws {
    try withPair { directory, source, target in
      if kind != "gone" { try directory.setAttribute("source", "user.a", [1, 2]) }
      if kind != "new" { try directory.setAttribute("target", "user.a", [1, 3]) }
      #expect(synchronize(source, target))
      #expect(try directory.attributes("target") == directory.attributes("source"))
    }
  }

  @Test("values are bytes: none, all, many", arguments: Located.allCases)
  func values(located: Located) throws {
    try withPair(located) { directory, source, target in
      try directory.setAttribute("source", "user.empty", [])
      try directory.setAttribute("source", "user.zero", [0])
      try directory.setAttribute("source", "user.binary", Array(0...255))
      try directory.setAttribute("source", "user.long", Bytes(repeating: 0xff, count: 1500))
      try directory.setAttribute("target", "user.empty", [0])
      try directory.setAttribute("target", "user.zero", [])
      let name = "user." + String(repeating: "n", count: 250)
      try directory.setAttribute("source", name, [1])
      #expect(synchronize(source, target))
      #expect(try directory.attributes("target") == directory.attributes("source"))
      #expect(try directory.attributes("target").count == 5)
    }
  }

  @Test("names are text in any language")
  func names() throws {
    try withPair { directory, source, target in
      for name in ["user.grün", "user.a b\nc", "user..", "user.日本", "user.user.x"] {
        try directory.setAttribute("source", name, Bytes(text: name))
      }
      #expect(synchronize(source, target))
      #expect(try directory.attributes("target") == directory.attributes("source"))
    }
  }

  @Test("a dry run tells, and changes nothing", arguments: ["new", "changed", "gone"])
  func dryRun(kind: String) throws {
    try withPair { directory, source, target in
      if kind != "gone" { try directory.setAttribute("source", "user.a", [1]) }
      if kind != "new" { try directory.setAttribute("target", "user.a", [2]) }
      let before = try directory.attributes("target")
      var copier = AttributeCopier()
      let result = copier.synchronize(from: source, to: target, classes: Self.all, dryRun: true)
      #expect(result.changed)
      #expect(result.failures.isEmpty)
      #expect(try directory.attributes("target") == before)
    }
  }

  @Test("a filesystem without attributes has none to give, and refuses each that it is given")
  func withoutAttributes() throws {
    // A file of the process itself, so that nothing but the filesystem can be the reason.
    let proc = try check(unsafe open("/proc/self/comm", O_RDONLY), "open")
    defer { close(proc) }
    let nowhere = EntryLocation(open: proc)
    try withPair { directory, source, target in
      var copier = AttributeCopier()
      #expect(copier.synchronize(from: source, to: nowhere, classes: Self.all).failures.isEmpty)
      try directory.setAttribute("target", "user.a", [1])
      #expect(synchronize(nowhere, target))
      #expect(try directory.attributes("target") == [:])

      try directory.setAttribute("source", "user.a", [1])
      try directory.setAttribute("source", "user.b", [2])
      let result = copier.synchronize(from: source, to: nowhere, classes: Self.all)
      #expect(result.failures.map { $0.errno } == [.notSupported, .notSupported])
      let keys = ["user.a", "user.b"].map { EntryName(Bytes(text: $0)) }
      #expect(keys.allSatisfy { key in result.failures.contains { $0.operation == .set(key) } })
      #expect(result.failures.allSatisfy { !$0.isSource })
      #expect(result.changed == false)
    }
  }

  @Test("a difference names its classes, and a bare target lacks everything")
  func differences() throws {
    try withPair { directory, source, target in
      var copier = AttributeCopier()
      let nothing = try copier.difference(from: source, to: target, classes: Self.all)
      #expect(nothing.summary.classes == [])
      for name in ["source", "target"] { try directory.setAttribute(name, "user.a", [1]) }
      #expect(try copier.difference(from: source, to: target, classes: Self.all).isEmpty)
      let bare = try copier.difference(from: source, to: target, isBare: true, classes: Self.all)
      #expect(!bare.isEmpty && bare.summary.classes == .user)
      let none = try copier.difference(
        from: source,
        to: target,
        isBare: true,
        classes: .privileged
      )
      #expect(none.isEmpty)
      try directory.setAttribute("target", "user.b", [1])
      let removal = try copier.difference(from: source, to: target, classes: Self.all)
      #expect(!removal.isEmpty && removal.summary.classes == .user)
    }
  }

  @Test("an entry that is gone is a failure of its side")
  func gone() throws {
    try withPair { directory, source, target in
      let gone = directory.location("gone")
      var copier = AttributeCopier()
      let atSource = copier.synchronize(from: gone, to: target, classes: .user)
      let atTarget = copier.synchronize(from: source, to: gone, classes: .user)
      for (result, isSource) in [(atSource, true), (atTarget, false)] {
        #expect(result.changed == false)
        #expect(result.failures.map { $0.errno } == [.noSuchFileOrDirectory])
        #expect(result.failures.map { $0.isSource } == [isSource])
        #expect(result.failures.map { $0.operation } == [.list])
      }
    }
  }
}
