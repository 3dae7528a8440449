// SPDX-License-Identifier: Apache-2.0

import SystemPackage
import Testing

@testable import fastsync

/// The order in which lines are written.
@Suite struct OutputOrderTests {
  /// Names in rsync's order; those of directories end in a slash.
  private static let names = [
    "./", "Z", "a", "a.b", "a0", "b", "d-x/", "d-x/f", "d.x/", "d.x/f", "d/", "d/a", "d/z", "d/e/",
    "d/e/f", "d/e2/", "d/e2/e", "d0/", "é/", "é/x",
  ]

  private func line(_ name: String) -> OrderedLine {
    let path = FilePath(name.hasSuffix("/") ? "\(name.dropLast())" : name)
    let subject = OrderedLine.Subject.entry(path, isDirectory: name.hasSuffix("/"))
    return OrderedLine(subject: subject, bytes: Array(name.utf8))
  }

  private func removal(_ name: String, _ phase: OutputOrder.Phase = .during) -> OrderedLine {
    let path = FilePath(name.hasSuffix("/") ? "\(name.dropLast())" : name)
    let subject = OrderedLine.Subject.deletion(path, isDirectory: name.hasSuffix("/"), phase)
    return OrderedLine(subject: subject, bytes: Array("-\(name)".utf8))
  }

  private func sorted(_ lines: [OrderedLine]) -> [String] {
    OrderedLine.sorted(lines).map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  @Test func filesComeBeforeSubdirectories() {
    #expect(sorted(Self.names.reversed().map(line)) == Self.names)
  }

  @Test func removedNamesComeInReverseWithTheirDirectory() {
    let lines = ["./", "a", "d/", "d/b"].map(line)
    let removed = ["y", "z", "d/x", "d/s/", "d/s/1", "d/s/t/", "d/s/t/2"].map { removal($0) }
    let expected = [
      "-z", "-y", "./", "a", "-d/s/t/2", "-d/s/t/", "-d/s/1", "-d/s/", "-d/x", "d/", "d/b",
    ]
    #expect(sorted(removed + lines) == expected)
  }

  @Test func phasesComeInTheirOrder() {
    let lines = [
      line("a"), removal("x", .after), removal("y", .before),
      OrderedLine(subject: .remark, bytes: Array("remark".utf8)),
      OrderedLine(subject: .remarkOn("b"), bytes: Array("b is uptodate".utf8)),
      OrderedLine(subject: .targetCreation, bytes: Array("created".utf8)),
    ]
    #expect(sorted(lines) == ["created", "remark", "-y", "b is uptodate", "a", "-x"])
  }
}
