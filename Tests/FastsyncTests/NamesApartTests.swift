// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Names that the target takes for one: the first is copied, the others are named.
@Suite(.enabled(if: FaultyFilesystem.obstacle == nil, "\(FaultyFilesystem.obstacle ?? "")"))
struct NamesApartTests {
  private static let ways = [
    ["--io-engine=uring"], ["--io-engine=sync"], ["--jobs=1"], ["--profile=hdd"],
  ]

  /// Every name that is at the target has all of one source file, and none is missing unless it was
  /// named.
  private func expectOneOfEach(_ source: String, _ target: String, _ told: String) throws {
    let listed = try succeed("find", [source, "-type", "f", "-printf", "%P\\n"]).outputText
    for name in listed.split(separator: "\n") {
      let isThere = try run("cmp", ["\(source)/\(name)", "\(target)/\(name)"]).status == 0
      // A directory is named for all that is in it.
      let isNamed = [name, name.prefix { $0 != "/" }].contains { name in
        told.contains("\(source)/\(name): not copied, since the target takes its name for ")
      }
      #expect(isThere != isNamed, "\(name) \(told)")
    }
  }

  @Test(arguments: ways) func theSecondIsNamed(_ way: [String]) throws {
    try withSandbox { sandbox in
      let source = try OpenDirectory(sandbox.makeDirectory("source"))
      let contents = SeededContents(seed: testSeed)
      // Small and large ones, and enough of them for several workers.
      for number in 0..<60 {
        let size = number % 10 == 0 ? 3_000_000 : 1_000 + number
        for (kind, name) in ["name", "NAME", "other"].enumerated() {
          let name = Bytes(text: "\(name)-\(number)")
          try contents.makeFile(3 * number + kind, source, name, size: size)
        }
      }
      for (number, name) in ["d", "D"].enumerated() {
        let directory = try source.makeDirectory(Bytes(text: name))
        try directory.makeFile(Bytes(text: "f"), [UInt8(number)])
      }
      let target = try FaultyFilesystem(in: sandbox, as: "target", ["fold"]).path
      // All of them are told, not only the first of a kind.
      let arguments = way + ["-rtv", "\(sandbox.path("source"))/", "\(target)/"]
      for run in 1...2 {
        let hint = "\(way) run \(run)"
        let result = try expectFastsync(23, arguments, saying: ["(failures: 61)"], hint: hint)
        try expectOneOfEach(sandbox.path("source"), target, result.errorText)
        let copied = try succeed("find", [target, "-type", "f"]).outputText
        #expect(copied.split(separator: "\n").count == 121, "\(hint)")
      }
    }
  }

  /// What has other letters at the source by now is gone before it is made again, or kept with what
  /// was copied into it: nothing that the source has goes with the old names.
  @Test(
    arguments: ways,
    ["--delete", "--delete-before", "--delete-delay", "--delete-after"]
  )
  func otherLetters(_ way: [String], _ moment: String) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try FaultyFilesystem(in: sandbox, as: "target", ["fold"]).path
      let make = """
        cd "$0"; for d in $(seq 40); do mkdir name$d; echo $d > file$d; for f in $(seq 12); do
        echo $d $f > name$d/f$f; done; done
        """
      try succeed("sh", ["-ec", make, source])
      let words = way + ["-rt", moment, "\(source)/", "\(target)/"]
      try expectFastsync(0, words)
      let rename = #"cd "$0"; for n in *; do mv $n $(echo $n | tr a-z A-Z); done"#
      try succeed("sh", ["-ec", rename, source])
      try expectFastsync(0, words)
      let compare = #"cd "$0"; find . -type f -exec cmp {} "$1"/{} \; 2>&1"#
      #expect(try run("sh", ["-c", compare, source, target]).outputText == "", "\(words)")
      let copied = try succeed("find", [target, "-type", "f"]).outputText
      #expect(copied.split(separator: "\n").count == 520, "\(words)")
    }
  }

  /// What one has where case counts.
  @Test func linkedNamesAreTwoWhereCaseCounts() throws {
    try withSandbox { sandbox in
      let source = try OpenDirectory(sandbox.makeDirectory("source"))
      try source.makeFile(Bytes(text: "name"), [1])
      for name in ["NAME", "Name"] {
        try check(unsafe link(sandbox.path("source/name"), sandbox.path("source/\(name)")), "link")
      }
      try source.makeFile(Bytes(text: "n\u{e9}"), [1])
      try source.makeFile(Bytes(text: "ne\u{301}"), [2])
      let target = try FaultyFilesystem(in: sandbox, as: "target").path
      for _ in 1...2 {
        try expectFastsync(0, ["-rtH", "\(sandbox.path("source"))/", "\(target)/"])
        try expectSame(sandbox.path("source"), target, [.times, .hardLinks])
      }
    }
  }

  /// Two sources that merge, and two that are named.
  @Test func namesOfSeveralSources() throws {
    try withSandbox { sandbox in
      for (number, name) in ["one", "two"].enumerated() {
        let source = try OpenDirectory(sandbox.makeDirectory(name))
        try source.makeFile(Bytes(text: number == 0 ? "name" : "NAME"), [UInt8(number)])
      }
      let target = try FaultyFilesystem(in: sandbox, as: "target", ["fold"]).path
      let words = ["two/NAME: not copied, since the target takes its name for \(target)/name\n"]
      let (one, two) = (sandbox.path("one"), sandbox.path("two"))
      for sources in [["\(one)/", "\(two)/"], ["\(one)/name", "\(two)/NAME"]] {
        try expectFastsync(23, ["-rt", "--jobs=1"] + sources + ["\(target)/"], saying: words)
        try expectEqualBytes("\(one)/name", "\(target)/name", count: 1)
      }
    }
  }
}
