// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Glibc
import SystemPackage
import Testing

@testable import fastsync

/// What sources and targets mean.
@Suite struct ArgumentOperandTests {
  @Test(arguments: [
    ("SRC", "SRC", false), ("SRC/", "SRC", true), ("SRC//", "SRC", true), ("SRC/.", "SRC", true),
    ("SRC/./", "SRC", true), ("SRC/././/", "SRC", true), (".", ".", true), ("./", ".", true),
    ("./.", ".", true), ("..", "..", true), ("../", "..", true), ("SRC/..", "SRC/..", true),
    ("/", "/", true), ("//", "/", true), ("/.", "/", true), ("/a/b", "/a/b", false),
    ("./SRC", "./SRC", false), (".hidden", ".hidden", false), ("a.", "a.", false),
    ("a..", "a..", false), ("...", "...", false), ("SRC/...", "SRC/...", false),
  ])
  func slashRules(typed: String, path: String, isContents: Bool) throws {
    let source = try #require(try plan("\(typed) DEST").sources.first)
    #expect(source == CopyPlan.Source(path: FilePath(path), isContents: isContents))
  }

  @Test(arguments: [
    "SRC", "SRC/", "SRC//", "SRC/.", "SRC/./", "./SRC", "SRC/..", "SRC/../", "SRC/../SRC", ".",
    "./", "..", "../", "/", "//", "SRC/.hidden", "SRC/.hidden/", "SRC/...", "file",
  ])
  func slashRulesAgreeWithRsync(typed: String) throws {
    let script = """
      d=$(mktemp -d) && cd "$d" && mkdir -p SRC/.hidden SRC/... && touch file
      rsync -dn --out-format=%n "$1" DEST | head -n 1; rm -rf "$d"
      """
    let first = try run("sh", ["-c", script, "sh", typed]).outputText
    #expect(Operand(bytes: Array(typed.utf8)).source.isContents == (first == "./\n"), "\(first)")
  }

  @Test func severalSources() throws {
    let plan = try plan("-a a b/ c/d e")
    #expect(plan.sources.map(\.path) == ["a", "b", "c/d"])
    #expect(plan.sources.map(\.isContents) == [false, true, false])
    #expect(plan.target == "e")
    #expect(!plan.targetIsDirectory)
  }

  @Test(arguments: [
    ("DEST", "DEST", false), ("DEST/", "DEST", true), ("DEST//", "DEST", true), (".", ".", true),
    ("DEST/.", "DEST/.", true), ("..", "..", true), ("/", "/", true),
  ])
  func target(typed: String, path: String, isDirectory: Bool) throws {
    let plan = try plan("SRC \(typed)")
    #expect(plan.target == FilePath(path))
    #expect(plan.targetIsDirectory == isDirectory)
  }

  @Test func manyOperands() throws {
    let names = (0..<500).map { "f\($0)" }
    for tail in ["--memory 1M -H -- -n DEST/", "--memory=1M -H -- -n DEST/"] {
      let plan = try plan("-a --jobs 3 \(names.joined(separator: " ")) \(tail)")
      #expect(plan.sources.map(\.path) == (names + ["-n"]).map { FilePath($0) })
      #expect(plan.target == "DEST" && plan.targetIsDirectory)
      #expect(plan.options.transfer.jobs == 3 && plan.options.transfer.memoryBytes == 1 << 20)
      #expect(plan.options.preservation == Preservation.archive.union(.hardLinks))
    }
  }

  @Test func wordsAfterTwoDashesAreOperands() throws {
    let plan = try plan("-a -- -n --delete -z")
    #expect(plan.sources.map(\.path) == ["-n", "--delete"])
    #expect(plan.target == "-z")
  }

  @Test(arguments: [
    "host:path", "host:", "user@host:path", "host::module", "rsync://host/module",
    "RSYNC://host/m", ":path", "[::1]:path", "user@[::1]:path", "a:b/c",
  ])
  func remoteIsRefused(typed: String) {
    #expect(refusal("\(typed) DEST")?.code == .unsupported)
    #expect(refusal("-a SRC \(typed)")?.code == .unsupported)
    #expect(refusal("SRC \(typed) DEST")?.code == .unsupported)
    #expect(refusal(typed)?.code == .unsupported)
  }

  static let localNames = [
    "./a:b", "/x/a:b", "a/b:c", "rsync:/host", "[::1", "a@b", "a/rsync://b", "[a]b:c", "x[::1]",
    "[]:p", "[a:b", "[a/b]:c", "[::1]", "a[b:c", "u@[::1", "[::1]x:y",
  ]

  @Test(arguments: localNames.filter { !$0.hasPrefix("rsync") })
  func aColonAfterASlashIsLocal(typed: String) throws {
    #expect(try plan("\(typed) DEST").sources.count == 1)
  }

  @Test(arguments: localNames + ["host:path", "u@h:p", "h::m", "[::1]:p", "u@[::1]:p", "a:b/c"])
  func remoteSyntaxAgreesWithRsync(typed: String) throws {
    // A remote source fails at the remote shell (12 or 14), a local one because it is missing (23).
    let status = try run("rsync", ["-n", "--rsh=false", typed, "/nonexistent/"]).status
    #expect(Operand(bytes: Array(typed.utf8)).isRemote == (status != 23), "rsync: \(status)")
  }

  @Test func bytesSurvive() throws {
    let names: [[UInt8]] = [
      [0xff], [0x61, 0x80, 0x62], [0xc3, 0xa9], [0xc3], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x92],
      Array("\u{10FE80}\u{10FEFF}é𐍈e\u{301}".utf8), [0xc0, 0xaf], [0xf4, 0x90, 0x80, 0x80],
      Array(1...0x2e) + Array(0x30...0xff), [0x61, 0x0a, 0x62],
    ]
    for name in names {
      let words = [Array("./".utf8) + name + Array("/".utf8), Array("./".utf8) + name]
      for words in [words, words + [Array("-a".utf8)]] {
        guard case .copy(let plan, _) = try Invocation(words) else { continue }
        #expect(bytes(plan.target) == Array("./".utf8) + name)
        #expect(plan.sources.map { bytes($0.path) } == [Array("./".utf8) + name])
        #expect(plan.sources.first?.isContents == true)
      }
    }
  }

  private func bytes(_ path: FilePath) -> [UInt8] {
    unsafe path.withPlatformString { text in
      unsafe (0..<strlen(text)).map { unsafe UInt8(bitPattern: text[$0]) }
    }
  }
}
