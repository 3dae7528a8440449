// SPDX-License-Identifier: Apache-2.0

import Testing

/// What a terminal shows while a copy goes on, in a real one.
///
/// The copies are slow since their rate is limited; nothing depends on how fast they are.
@Suite("Progress on a terminal", .enabled(if: has("tmux"), "tmux is not installed"))
struct TerminalDisplayTests {
  /// A copy that is not over before it was looked at.
  private static let copy = "$F -r --bwlimit=2M"
  /// The first line while the whole of the plan is known.
  private static let known = "left"

  /// Makes a tree of files that take a minute to be copied at 2 MiB a second.
  private func makeTree(_ sandbox: Sandbox) throws {
    let script = """
      mkdir -p source/folder && cd source/folder && for i in $(seq 10 89); do
      head -c 1500000 /dev/zero >"a file with a rather long name, number $i.data"; done
      """
    try succeed("sh", ["-c", "cd '\(sandbox.path)' && \(script)"])
  }

  private func has(_ text: String, _ words: String...) -> Bool { words.allSatisfy(text.contains) }

  /// Waits for the two lines, and returns them.
  private func display(_ terminal: Terminal) throws -> [Substring] {
    let lines = try terminal.waitFor("the display") { has($0, " files  ", Self.known, ".data") }
    return lines.suffix(2).map { $0[...] }
  }

  @Test("two lines say how far it is, and are gone at the end")
  func twoLines() throws {
    try withTerminal { terminal, sandbox in
      try makeTree(sandbox)
      try terminal.type("\(Self.copy) source/ target")
      let lines = try display(terminal)
      let form = #/\d+%  \d.* MB\/120 MB  \d+\/80 files  .*\/s  avg .*\/s  \d+:\d\d:\d\d left/#
      let match = try form.wholeMatch(in: lines[0])
      #expect(match != nil, "\(lines)")
      // A disk that tells how busy it is comes before the name, of which less is shown then.
      let name = lines[1].split(separator: "%  ").last.map(String.init) ?? ""
      #expect(name.hasPrefix("folder/a") && name.hasSuffix(".data"), "\(lines)")
      try terminal.press("C-c")
      let left = try terminal.waitFor("the end") {
        has($0, "Interrupted") && $0.hasSuffix("\nready>") && !has($0, " files  ")
      }
      #expect(left.last == "ready>" && (5...6).contains(left.count), "\(left)")
      #expect(left.contains("Interrupted (exit status 20): run it again to finish."), "\(left)")
    }
  }

  @Test("a copy that ends by itself leaves three lines behind")
  func theEnd() throws {
    try withTerminal { terminal, sandbox in
      try makeTree(sandbox)
      try terminal.type("$F -r --bwlimit=30M source/ target; echo \"is $?\"")
      try terminal.waitFor("the end") { has($0, "is 0") && $0.hasSuffix("\nready>") }
      let text = try terminal.lines().dropFirst().joined(separator: " ")
      #expect(text.hasPrefix("Copied 80 files (120 MB), 2 directories. Took "), "\(text)")
      #expect(text.contains(" until all was on the disk: "), "\(text)")
      let last = "Everything is there, and on stable storage (exit status 0). is 0 ready>"
      #expect(text.hasSuffix(last), "\(text)")
    }
  }

  @Test("lines that are printed meanwhile stay above", arguments: ["-v", "--outbuf=L -v"])
  func lines(_ options: String) throws {
    try withTerminal { terminal, sandbox in
      try makeTree(sandbox)
      try terminal.type("\(Self.copy) \(options) source/ target")
      try terminal.waitFor("names and the display") {
        has($0, "number 10.data", "number 12.data", Self.known)
      }
      let lines = try terminal.lines()
      #expect(lines.filter { $0.contains(" files  ") }.count == 1, "\(lines)")
      #expect(lines.suffix(2).first?.contains(Self.known) == true, "\(lines)")
      try terminal.press("C-c")
      try terminal.waitFor("the end") { has($0, "Interrupted") && !has($0, " files  ") }
    }
  }

  @Test("it follows the width of the terminal")
  func widths() throws {
    try withTerminal { terminal, sandbox in
      try makeTree(sandbox)
      try terminal.type("\(Self.copy) source/ target")
      _ = try display(terminal)
      // What each width has room for, and what not any more; tmux may keep what it wrapped before.
      let widths: [(columns: Int, shown: String, hidden: String)] = [
        (60, "/120 MB  ", "avg"), (40, "/120 MB  ", "/s  "), (20, "%  ", "/120 MB"),
        (120, "avg", "\u{2026}"), (30, "%  ", "/120 MB"), (80, "avg", "\u{2026}"),
      ]
      for width in widths {
        try terminal.resize(columns: width.columns)
        try terminal.waitFor("two lines of \(width.columns)") { text in
          let lines = text.split(separator: "\n").suffix(2).map(String.init)
          return lines.count == 2 && lines[0].count < width.columns
            && has(lines[0], Self.known, width.shown) && !has(lines[0], width.hidden)
            && lines[1].hasSuffix(".data")
        }
      }
      try terminal.press("C-c")
      try terminal.waitFor("the end") { text in
        has(text, "Interrupted") && !has(String(text.split(separator: "\n").last ?? ""), ".data")
      }
    }
  }

  @Test("it makes way for a shell, and comes back")
  func suspended() throws {
    try withTerminal { terminal, sandbox in
      try makeTree(sandbox)
      try terminal.type("\(Self.copy) source/ target")
      _ = try display(terminal)
      try terminal.press("C-z")
      let stopped = try terminal.waitFor("the stop") { has($0, "Stopped", "\nready>") }
      #expect(!has(stopped.joined(), Self.known), "\(stopped)")
      try terminal.type("clear; bg; echo in the background")
      let behind = try terminal.waitFor("the background") { has($0, "\nin the background") }
      #expect(!has(behind.joined(), Self.known), "\(behind)")
      try terminal.type("clear; fg")
      _ = try display(terminal)
      try terminal.press("C-c")
      try terminal.waitFor("the end") { has($0, "Interrupted") && !has($0, Self.known) }
    }
  }

  @Test(
    "nothing is shown where it was not asked for, or would be in the way",
    arguments: ["--no-progress", "-q", "--progress", "-n", "| cat"]
  )
  func silent(_ words: String) throws {
    try withTerminal { terminal, sandbox in
      try makeTree(sandbox)
      let isPipe = words.hasPrefix("|")
      let options = isPipe ? "" : words
      let rest = isPipe ? words : ""
      try terminal.type("$F -r --bwlimit=30M \(options) source/ target \(rest)")
      try expectNothing(terminal)
    }
  }

  @Test("terminals that cannot move the cursor show nothing", arguments: ["TERM=dumb", "TERM="])
  func dumb(_ variable: String) throws {
    try withTerminal(variables: [variable]) { terminal, sandbox in
      try makeTree(sandbox)
      try terminal.type("$F -r --bwlimit=30M source/ target")
      try expectNothing(terminal)
    }
  }

  /// Looks again and again until the copy has ended.
  private func expectNothing(_ terminal: Terminal) throws {
    try terminal.type("echo over")
    try terminal.waitFor("the end") { text in
      #expect(!has(text, " files  ", "avg"), "\(text)")
      return has(text, "\nover")
    }
  }

  @Test("only errors have a colour, and only where colours are wanted", arguments: [true, false])
  func colours(_ isWanted: Bool) throws {
    try withTerminal(variables: isWanted ? [] : ["NO_COLOR=1"]) { terminal, sandbox in
      try makeTree(sandbox)
      // Of the two the target keeps the directory, which is not empty.
      let script = "touch source/in-the-way && mkdir -p target/in-the-way/full"
      try succeed("sh", ["-c", "cd '\(sandbox.path)' && \(script)"])
      try terminal.type("\(Self.copy) source/ target")
      let lines = try terminal.waitFor("the display", withColours: true) {
        has($0, "1 error", ".data")
      }
      let line = lines.last(where: { $0.contains("1 error") }) ?? ""
      #expect(line.contains("\u{1b}[31m1 error") == isWanted, "\(line)")
      #expect(line.contains("\u{1b}") == isWanted, "\(line)")
      try terminal.press("C-c")
      try terminal.waitFor("the end") { has($0, "Interrupted") }
    }
  }

  @Test("the standard output may be a file, and the standard error too")
  func redirected() throws {
    try withTerminal { terminal, sandbox in
      try makeTree(sandbox)
      for redirection in [">log", "2>log"] {
        try terminal.type("clear; \(Self.copy) source/ target \(redirection)")
        _ = try display(terminal)
        try terminal.press("C-c")
        try terminal.waitFor("the end") { has($0, "ready>") && !has($0, Self.known) }
        let log = try succeed("cat", [sandbox.path("log")]).standardOutput
        #expect(!log.contains(0x1b))
      }
    }
  }
}
