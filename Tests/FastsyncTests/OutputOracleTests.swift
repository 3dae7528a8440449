// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import fastsync

/// What the command prints, beside what rsync prints of the same trees.
@Suite(.enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed"))
struct OutputOracleTests {
  /// Makes a tree of all kinds, and one that differs from it.
  private static let script = """
    set -e; cd "$1"; mkdir -p s/d/e s/empty s/d-x s/d.x; echo hi > s/a; echo 3 > s/b; ln -s a s/l
    mkfifo s/p; head -c 5000 /dev/zero > s/d/z; echo x > s/d/e/y; echo 1 > s/d-x/q
    echo 2 > s/d.x/q; ln -s nowhere s/d/lk; printf 'n' > "s/new
    line"; printf 'u' > s/$(printf '\\303\\251\\377'); find s -exec touch -hd @1000000000 {} +
    cp -a s old; chmod 600 old/a; touch old/d old/d/z; rm old/l old/b; echo 123 > old/d/e/y
    ln -sfn other old/d/lk; rm old/p; touch old/p; mkdir -p old/empty/n
    printf 'a\nd/z\nd/e\n' > names
    """

  private static func masked(_ text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      for label in ["sent ", "File list ", "Total bytes "] where line.hasPrefix(label) {
        return label
      }
      guard let end = line.firstRange(of: "  speedup is") else { return "\(line)" }
      return line[..<end.lowerBound] + (line.hasSuffix("(DRY RUN)") ? " (DRY RUN)" : "")
    }
  }

  /// What a program prints for a fresh copy of the target, `t`.
  private func printed(
    _ program: String,
    _ options: [String],
    _ sandbox: Sandbox,
    isNew: Bool
  ) throws -> [String] {
    let words = options + ["s/", "t/"]
    let script = "rm -rf t; \(isNew ? "" : "cp -a old t; ")exec \"$@\""
    let result = try run(
      "sh",
      ["-c", "export LC_ALL=C.UTF-8; " + script, "sh", program] + words,
      directory: sandbox.path
    )
    #expect(result.status == 0 && result.standardError.isEmpty, "\(result.errorText)")
    return Self.masked(result.outputText)
  }

  private func expectAlike(_ options: [String], isNew: Bool) throws {
    try withSandbox { sandbox in
      try succeed("sh", ["-c", Self.script, "sh", sandbox.path])
      let theirs = try printed("rsync", options, sandbox, isNew: isNew)
      let ours = try printed(fastsyncBinary, options, sandbox, isNew: isNew)
      #expect(ours == theirs, "\(options)")
    }
  }

  /// Options whose lines rsync prints in one order only.
  @Test(
    arguments: [
      "-a", "-av", "-ai", "-aii", "-avi", "-avvi", "-avn", "-ain", "-a --stats", "-avn --stats",
      "-av --stats -h", "-a --stats --no-h", "-a --info=name", "-av --no-v", "-aq", "-avq --stats",
      "-aiv --no-i", "-a --info=stats2,del", "-avv --info=none --debug=none", "-aqi", "-av8",
      "-a --out-format=%n|%L|%l|%o|%M|%B|%U|%G|%20n|%-20n|%f|%10l|%i|%Q|%z|%5%|%m|%u|%",
      "-rlt --out-format=%U|%G|%'l|%''l|%-12''l|%10L|%-10i|", "-a --out-format=%%n%%",
      "-avm", "-av --delay-updates", "-av --qsort", "-av --delete-after", "-av --delete-delay",
      "-a --info=stats1", "-a --info=flist,name0", "-a --stats --link-dest=../s",
      "-a --out-format=%C|%n|%i", "-ac --out-format=%C|%n", "-an --out-format=%-40C|%n|%40C|",
      "-anc --out-format=%C|%n", "-aii --out-format=%C|%n|%i", "-aciiH --out-format=%C|%n|%i",
      "-a --cc=xxh64 --out-format=%C|%n", "-a --checksum-choice=xxh3 --out-format=%C|%n",
      "-a --cc=md5 --out-format=%C|%n", "-a --cc=MD4 --out-format=%C|%n",
      "-a --cc=sha1 --out-format=%C|%n", "-a --cc=none --out-format=%C|%n",
      "-ac --cc=none,xxh64 --out-format=%C|%n", "-a --cc=md5,sha1 --out-format=%C|%n",
      "-a --cc=xxhash --delete-after --out-format=%C|%n|%o",
      "-a --cc=auto --inplace --out-format=%C|%n",
      "-a --copy-dest=../s --out-format=%C|%n", "-ac --link-dest=../s --out-format=%C|%n",
      "-a --out-format=%f|%n --files-from=names", "-a --out-format=%f|%n --no-R --files-from=names",
    ],
    [true, false]
  )
  func linesAreTheSame(_ options: String, isNew: Bool) throws {
    try expectAlike(options.split(separator: " ").map(String.init), isNew: isNew)
  }

  /// Options where messages of rsync's processes overtake each other.
  @Test(
    arguments: [
      "-avv", "-rv", "-rvv", "-rltv", "-a --info=name2", "-rt --info=all,progress0",
      "-avv --link-dest=../old", "-avv --copy-dest=../s", "-avv --compare-dest=../old",
      "-av --link-dest=../s", "-avvi --link-dest=../s", "-avv --exclude=z", "-avvC --exclude=/d/",
      "-avv --include=d/ --exclude=d* --delete", "-avv --exclude-from=names --delete-before",
      "-avv --include=*/ --include=y --exclude=* --delete", "-a --debug=FILTER --exclude=b",
      "-avv --exclude=q --delete-after",
      "-avv --filter=P_n/ --filter=R_empty --delete-delay", "-avvn --exclude=l --delete-excluded",
      "-avv --exclude=y --exclude=b s/b", "-avv --filter=:_names --exclude=q --delete",
    ],
    [true, false]
  )
  func linesAreTheSameInAnyOrder(_ options: String, isNew: Bool) throws {
    try withSandbox { sandbox in
      try succeed("sh", ["-c", Self.script, "sh", sandbox.path])
      let words = options.split(separator: " ").map(String.init)
      let theirs = try printed("rsync", words, sandbox, isNew: isNew).sorted()
      let ours = try printed(fastsyncBinary, words, sandbox, isNew: isNew).sorted()
      // What comes while the list is built comes before its end in one, and behind it in the other.
      let isCompared = { (line: String) in
        !line.hasPrefix("total: ") && !line.hasPrefix("building file list") && line != "done"
          && !line.hasPrefix("deleting in ")
      }
      #expect(ours.filter(isCompared) == theirs.filter(isCompared))
    }
  }

  @Test func logsAreTheSame() throws {
    try withSandbox { sandbox in
      try succeed("sh", ["-c", Self.script, "sh", sandbox.path])
      for options in [[], ["-v"], ["-ii"], ["--log-file-format=%o|%n|%l|%i"], ["-q", "--stats"]] {
        var logs: [[String]] = []
        for program in ["rsync", fastsyncBinary] {
          let words = ["-a", "--log-file=log"] + options
          _ = try printed(program, words, sandbox, isNew: false)
          let text = try succeed(
            "sh",
            ["-c", "cat '\(sandbox.path)/log'; rm '\(sandbox.path)/log'"]
          )
          // Without the time and the number of the process.
          let lines = text.outputText.split(separator: "\n").map { line in
            line.firstRange(of: "] ").map { "\(line[$0.upperBound...])" } ?? "\(line)"
          }
          logs.append(Self.masked(lines.joined(separator: "\n")).sorted())
        }
        #expect(logs[0] == logs[1], "\(options)")
      }
    }
  }

  @Test(arguments: ["--info=help", "--debug=help", "--info=HELP,name"])
  func helpIsTheSame(_ option: String) throws {
    let theirs = try succeed("rsync", [option, "a", "b"]).outputText
    #expect(try succeed(fastsyncBinary, [option, "a", "b"]).outputText == theirs)
  }

  @Test(arguments: [
    "--info=foo", "--debug=none,x2", "--outbuf=x", "--stderr=zz", "--stderr=", "--info=name9",
  ])
  func mistakesAreTheSame(_ option: String) throws {
    try withSandbox { sandbox in
      let words = [option, sandbox.path + "/none", sandbox.path + "/t"]
      try RsyncLines.expectSame(words)
    }
  }

  @Test func progressIsToldForEachFile() throws {
    try withSandbox { sandbox in
      try succeed("sh", ["-c", Self.script, "sh", sandbox.path])
      let words = ["-a", "--progress", sandbox.path("s") + "/", sandbox.path("t") + "/"]
      let result = try succeed(fastsyncBinary, words)
      let form = /\r +5,000 100% +[0-9.]+[kMG]B\/s +0:00:0\d \(xfr#\d+, to-chk=0\/\d+\)/
      #expect(result.outputText.contains(form), "\(result.outputText)")
      #expect(result.outputText.split(separator: "\n").contains("d/z"))
    }
  }

  @Test func linksOfOthersLeadToNoLog() throws {
    try withSandbox { sandbox in
      guard isRoot else { return }
      let script = """
        cd "$1"; mkdir s other; echo 1 > s/f; ln -s other/log mine; ln -s other/log theirs
        chown -h 65534 theirs
        """
      try succeed("sh", ["-c", script, "sh", sandbox.path])
      func copy(_ log: String) throws -> ProcessResult {
        let words = ["-a", "--log-file=\(log)", "s/", "t/"]
        return try fastsync(words, directory: sandbox.path)
      }
      let refused = try copy("theirs")
      #expect(refused.status == 0)
      #expect(refused.errorText.contains("failed to open log-file theirs: Too many levels"))
      #expect(try copy("mine").standardError.isEmpty)
      #expect(try succeed("cat", [sandbox.path("other/log")]).outputText.contains("building"))
    }
  }
}
