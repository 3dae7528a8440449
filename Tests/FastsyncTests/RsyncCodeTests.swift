// SPDX-License-Identifier: Apache-2.0

import Testing

/// Command lines that end as rsync has them end: with its exit status, and the same entries.
@Suite(.enabled(if: RsyncJudge.obstacle == nil, "\(RsyncJudge.obstacle ?? "")"))
struct RsyncCodeTests {
  /// What each line finds: `lsrc` leads to SRC, `ldest` to DEST, `dangling` and `deep` nowhere, and
  /// `loop` to itself.
  private static let preparation = """
    mkdir SRC SRC/sub DEST empty && echo 1 >SRC/a && echo 2 >SRC/sub/b && echo 3 >file &&
      echo 4 >file2 && ln -s SRC lsrc && ln -s DEST ldest && ln -s nowhere dangling &&
      ln -s no/where deep && ln -s loop loop && mkfifo fifo
    """

  /// Operands behind `-a`.
  static let operands = [
    // The same entry.
    ". .", "./ .", "SRC/ SRC/", "SRC/ SRC", "SRC .", "SRC ./", "file file", "file ./file",
    "file .", "DEST .", "SRC/sub SRC", "SRC/a SRC", "SRC/a SRC/", "SRC/a SRC/sub/../a",
    "SRC/ lsrc/", "lsrc/ SRC", "file file2 .",
    // Directories, files, and what is neither.
    "SRC DEST", "SRC/ DEST", "SRC/sub .", "SRC file", "SRC/ file", "SRC file/", "SRC/sub file",
    "empty file", "empty/ new", "empty DEST", "SRC new", "SRC/ new/", "file new", "file new/",
    "file file2 new", "file file2 new/", "file SRC new", "file file2", "file file2 file",
    "file/ DEST", "file/. DEST", "file SRC", "file SRC/sub", "file/x DEST", "file/x file",
    "file SRC/a/x", "SRC/a/x DEST", "SRC/a/ DEST", "SRC/sub/. SRC/.", "fifo DEST", "fifo file",
    "fifo new", "file fifo", "SRC fifo", "file file2 fifo", "SRC SRC DEST", "SRC/ SRC DEST",
    "file file DEST", "/dev/null DEST", "file /dev/null/x", "-- file DEST",
    // Links.
    "lsrc DEST", "lsrc/ DEST", "dangling DEST", "dangling/ DEST", "dangling/x DEST",
    "SRC dangling", "SRC/ dangling", "file dangling", "file dangling/", "file dangling/x",
    "file file2 dangling", "SRC ldest", "SRC ldest/", "file ldest", "file ldest/new",
    "file file2 ldest", "file lsrc", "file lsrc/", "SRC deep", "SRC/ deep/", "file deep",
    "file deep/", "file file2 deep", "SRC loop", "SRC/ loop/", "file loop", "file loop/",
    "file file2 loop",
    // What is missing.
    "missing DEST", "missing DEST/", "missing new", "missing new/", "missing file",
    "missing file/", "missing dangling", "missing dangling/", "missing SRC DEST",
    "missing missing2 DEST", "missing missing2 new", "missing missing2 new/",
    "missing missing2 file", "missing/ DEST", "missing/ new", "missing/. new/", "missing file new",
    "missing SRC new", "missing SRC file", "missing file file", "missing file dangling",
    "missing SRC/a/x", "missing DEST/x/y", "missing DEST/x/y/", "missing missing2 DEST/x/y",
    "missing file DEST/x/y", "missing SRC DEST/x/y", "SRC/missing/x DEST", "file DEST/x/y",
    "SRC DEST/x/y", "SRC/ DEST/x/y/", "/nonexistent/x /nonexistent/y",
  ]

  /// Lines with other options.
  static let lines = [
    "-r SRC DEST", "-r fifo new", "-r dangling DEST", "-rl dangling DEST", "-r lsrc DEST",
    "-rt file fifo", "-t SRC DEST", "-t SRC/ DEST", "-n -a missing DEST", "-n -a . .",
    "-na SRC file", "-na missing new/", "-na file DEST/x/y", "-na SRC dangling", "-nt file new",
    "-a", "--no-such-option SRC DEST", "-Z SRC DEST", "-a -- -file DEST", "--version", "--help",
    "-h", "-a --help", "--version -a", "-na SRC DEST/x/y", "-na SRC/ DEST/x/y/",
    "-a SRC/ new/.", "-a SRC new/.", "-a empty/ new/.", "-a empty new/.", "-a file new/.",
    "-a missing new/.", "-r missing/x new/.", "-d SRC new/.", "-d SRC/ new/.", "-na SRC/ new/.",
    "-a --mkpath file new/.", "-a --mkpath missing new/x/.", "-a SRC/ file/x",
    "-a --mkpath SRC/ file/x", "-a --mkpath file file/x", "-a --mkpath file file/x/y/",
    "-na --mkpath SRC file/x", "-na SRC file/x",
    "-t --delete --list-only SRC DEST", "-t --delete SRC", "-aR --no-implied-dirs ./SRC/ DEST",
    "-r --chmod=D700 SRC/ SRC/ new", "-aR ./empty/ new",
  ]

  /// Operands that may be missing, and others that may not since their directories are missing.
  static let missing = ["--ignore-missing-args", "--delete-missing-args"].flatMap { option in
    [
      "missing", "missing/", "missing/x", "SRC/missing", "SRC/missing/", "SRC/missing/.",
      "SRC/a missing/x", "SRC/a missing",
    ].map { "-a \(option) \($0) DEST" } + ["-aR \(option) missing/x SRC/a DEST"]
  }

  private func outcome(_ program: String, _ words: [String]) throws -> (Int32, [Substring], String)
  {
    try withSandbox { sandbox in
      let place = try sandbox.makeDirectory("place")
      try succeed("sh", ["-ec", "cd \(place)\n\(Self.preparation)"])
      let result = try run(program, words, directory: place, timeoutSeconds: 60)
      let entries = try succeed("find", [place, "-printf", "%y %P %l\\n"]).outputText
      return (result.status, entries.split(separator: "\n").sorted(), result.errorText)
    }
  }

  @Test(arguments: operands.map { "-a \($0)" } + lines + missing)
  func endsAsRsync(_ line: String) throws {
    let words = line.split(separator: " ").map(String.init)
    let (expected, found) = try (outcome("rsync", words), outcome(fastsyncBinary, words))
    #expect(found.0 == expected.0, "\(line): \(found.2) rsync: \(expected.2)")
    #expect(found.1 == expected.1, "\(line)")
  }

  /// Where it is not as rsync: rsync copies what it has just copied.
  @Test(
    arguments: [
      ("-a SRC SRC", 3), ("-a SRC SRC/", 3), ("-a SRC/ SRC/sub", 3), ("-a SRC SRC/new", 3),
      ("-a . DEST", 3), ("-a .. DEST", 3),
    ] as [(String, Int32)]
  ) func endsInItsOwnWay(_ line: String, _ status: Int32) throws {
    let words = line.split(separator: " ").map(String.init)
    let (expected, found) = try (outcome("rsync", words), outcome(fastsyncBinary, words))
    #expect(expected.0 == 0 && found.0 == status, "\(line): \(found.2)")
    #expect(try outcome("true", []).1 == found.1, "\(line) changes nothing")
  }
}
