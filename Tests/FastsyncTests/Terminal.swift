// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A real terminal with a shell in it: a server of tmux for one test.
struct Terminal {
  private static let counter = Counter()
  private let server: String
  private let directory: String

  fileprivate init(columns: Int, rows: Int, variables: [String], in directory: String) throws {
    server = "fastsync-tests-\(getpid())-\(Self.counter.next())"
    self.directory = directory
    // A shell without anything of the user's, whose prompt nothing else looks like.
    let own = ["PS1=ready> ", "LC_ALL=C.UTF-8", "F=\(fastsyncBinary)"]
    let shell = ["env", "-u", "NO_COLOR"] + own + variables + ["bash", "--norc"]
    try tmux(["new-session", "-d", "-x", "\(columns)", "-y", "\(rows)"] + shell)
    try waitFor("the shell") { $0.contains("ready>") }
    try type("cd '\(directory)'; clear")
  }

  fileprivate func end() { _ = try? tmux(["kill-server"]) }

  @discardableResult
  private func tmux(_ words: [String]) throws -> String {
    try succeed("tmux", ["-L", server, "-f", "/dev/null"] + words).outputText
  }

  /// Types a line.
  func type(_ line: String) throws { try tmux(["send-keys", "-l", line + "\n"]) }

  /// Presses a key, by tmux's name for it, such as `C-c`.
  func press(_ key: String) throws { try tmux(["send-keys", key]) }

  /// Gives the terminal another size.
  func resize(columns: Int, rows: Int = 24) throws {
    try tmux(["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
  }

  /// The lines that it shows, without those that are empty; with colours where that is asked for.
  func lines(withColours: Bool = false) throws -> [String] {
    let words = ["capture-pane", "-p"] + (withColours ? ["-e"] : [])
    return try tmux(words).split(separator: "\n").map(String.init)
  }

  /// Waits until the terminal shows something.
  ///
  /// - Returns: The lines that it shows then.
  @discardableResult
  func waitFor(
    _ what: String,
    withColours: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: (String) -> Bool
  ) throws -> [String] {
    let deadline = ContinuousClock.now + .seconds(120)
    var lines: [String] = []
    while ContinuousClock.now < deadline {
      lines = try self.lines(withColours: withColours)
      if condition(lines.joined(separator: "\n")) { return lines }
      usleep(20_000)
    }
    let shown = lines.joined(separator: "\n")
    Issue.record("\(what) did not come; it shows:\n\(shown)", sourceLocation: sourceLocation)
    return lines
  }
}

/// Runs a test in a terminal, whose shell is in a directory of its own.
///
/// - Parameters:
///   - columns: Its width.
///   - variables: What the shell's environment has beside that of the tests, as `NAME=VALUE`.
///   - body: The test.
/// - Throws: What the test throws.
func withTerminal(
  columns: Int = 80,
  variables: [String] = [],
  _ body: (Terminal, Sandbox) throws -> Void
) throws {
  try withSandbox { sandbox in
    let terminal = try Terminal(columns: columns, rows: 24, variables: variables, in: sandbox.path)
    defer { terminal.end() }
    try body(terminal, sandbox)
  }
}
