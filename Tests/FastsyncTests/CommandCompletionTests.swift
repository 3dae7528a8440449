// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import fastsync

/// The completion scripts, in the shells themselves.
@Suite struct CommandCompletionTests {
  private static func isMissing(_ command: String) -> Bool {
    (try? run("sh", ["-c", "command -v \(command)"]).status) != 0
  }

  /// Types lines at a shell on a terminal, in a directory with `folder/inner`, `my file` and
  /// `a dir`, and returns the words with which the command would have been run.
  private func type(
    _ lines: [String],
    at shell: String,
    loading: String,
    _ script: String
  ) throws -> [String] {
    let setUp = """
      set -e; mkdir folder 'a dir'; : >folder/inner; : >'my file'; printf %s "$1" >script
      printf '%s\\n' "$2" | TERM=dumb timeout 60 script -qec "$3" /dev/null
      """
    let start = [loading, "fastsync() { echo GOT: \"$@\"; }"]
    let input = (start + lines + ["exit"]).joined(separator: "\n")
    let output = try withSandbox { sandbox in
      let words = ["-c", setUp, "sh", script, input, shell]
      return try run("sh", words, directory: sandbox.path, timeoutSeconds: 90).outputText
    }
    return output.split(whereSeparator: \.isNewline).compactMap { line in
      line.firstRange(of: "GOT: ").map { String(line[$0.upperBound...]) }
    }
    .filter { !$0.hasPrefix("\"") }
  }

  private static let typed = [
    "fastsync --ca\tdont\t x", "fastsync --cache=keep:dir\t y", "fastsync --cache dir\t x",
    "fastsync --arch\t -v fol\tin\t", "fastsync --reflink al\t --io-e\tu\t a",
  ]
  private static let completed = [
    "--cache=dontcache x", "--cache=keep:direct y", "--cache direct x", "--archive -v folder/inner",
    "--reflink always --io-engine=uring a",
  ]

  @Test func bash() throws {
    let words = try type(
      CommandCompletionTests.typed + ["fastsync --nope\t", "fastsync --jobs fol\t -- --arch\t"],
      at: "bash --norc -i",
      loading: "set -u; source ./script",
      CompletionScript(.bash).text
    )
    #expect(words == CommandCompletionTests.completed + ["--nope", "--jobs fol -- --arch"])
  }

  @Test(.disabled(if: isMissing("zsh"), "zsh is not installed")) func zsh() throws {
    let words = try type(
      CommandCompletionTests.typed,
      at: "zsh -f -i",
      loading: "autoload -U compinit; compinit -u -D; source ./script",
      CompletionScript(.zsh).text
    )
    #expect(words == CommandCompletionTests.completed)
  }

  @Test(
    .disabled(if: isMissing("fish"), "fish is not installed"),
    arguments: [
      ("--ca", ["--cache"]), ("--io-engine=u", ["--io-engine=uring"]), ("--reflink al", ["always"]),
      ("--cache=keep:d", ["--cache=keep:direct", "--cache=keep:dontcache"]),
      ("--jobs /", []), ("--durability ", ["file", "none", "run"]), ("--stats lat", []),
      ("--stats=l", ["--stats=latency"]), ("--link-dest=", ["--link-dest=folder/"]),
    ]
  )
  func fish(line: String, expected: [String]) throws {
    let words = ["-N", "-c", "eval $argv[1]; complete -C $argv[2]", CompletionScript(.fish).text]
    let result = try withSandbox { sandbox in
      _ = try sandbox.makeDirectory("folder")
      return try run("fish", words + ["fastsync \(line)"], directory: sandbox.path)
    }
    let found = result.outputText.split(separator: "\n").map { $0.prefix { $0 != "\t" } }
    #expect(found.map(String.init) == expected, "\(result.errorText)")
  }

  /// A script that is cut off must not look like one that is there.
  @Test(arguments: [["--help"], ["--version"], ["--generate-completion-script", "bash"]])
  func whatCannotBePrintedIsSaid(words: [String]) throws {
    let result = try run("sh", ["-c", "\"$0\" \"$@\" >/dev/full", fastsyncBinary] + words)
    #expect(result.status == 11)
    let said = "fastsync: the output cannot be written: No space left on device\n"
    #expect(result.errorText == said)
    let piped = try run("sh", ["-c", "\"$0\" \"$@\" | :", fastsyncBinary] + words)
    #expect(piped.errorText.isEmpty)
  }

  @Test(arguments: CompletionScript.Shell.allCases)
  func everyRowIsThere(shell: CompletionScript.Shell) throws {
    let script = try run(fastsyncBinary, ["--generate-completion-script", shell.rawValue])
    #expect(script.status == 0)
    #expect(script.outputText == CompletionScript(shell).text)
    for row in OptionTable.shown {
      let names = row.names.map { shell == .fish ? "-l \($0) " : "--\($0)" }
      let letters = row.letter.map { [shell == .fish ? "-s \($0) " : "-\($0)"] } ?? []
      for word in names + letters + (row.value?.words ?? []) {
        #expect(script.outputText.contains(word), "\(word)")
      }
    }
    for word in ["no-owner", "contimeout", "generate-completion"] {
      #expect(!script.outputText.contains(word), "\(word)")
    }
  }

  /// Values that are files, which no option has yet that is not refused.
  @Test func filesAndDirectoriesAsValues() throws {
    let rows = [
      OptionRow(["from"], nil, OptionValue("FILE", .file), in: .transfer, help: "F.") { _, _ in },
      OptionRow(["dir"], "T", OptionValue("DIR", .directory), in: .transfer, help: "D.") { _, _ in
      },
    ]
    let typed = [
      "fastsync --from=fol\tin\t x", "fastsync --dir fol\tx y", "fastsync --di\tfol\t",
      "fastsync --from=my\t x", "fastsync --from my\\ f\t x", "fastsync -T \"a \t x",
    ]
    let completed = [
      "--from=folder/inner x", "--dir folder/x y", "--dir=folder/", "--from=my file x",
      "--from my file x", "-T a dir/ x",
    ]
    let script = CompletionScript(.bash, rows: rows).text
    #expect(try type(typed, at: "bash --norc -i", loading: "source ./script", script) == completed)
    #expect(CompletionScript(.zsh, rows: rows).text.contains("'*-T+[D.]:DIR:_files -/'"))
    #expect(CompletionScript(.fish, rows: rows).text.contains("-l from -r -F -d 'F.'"))
  }
}
