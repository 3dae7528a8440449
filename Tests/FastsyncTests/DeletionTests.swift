// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// What is deleted from the target, compared with rsync on the same trees.
@Suite(.enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed"))
struct DeletionTests {
  static let moments = [
    "--delete", "--del", "--delete-before", "--delete-during", "--delete-delay", "--delete-after",
  ]

  private func withPair(
    _ script: String,
    comparesTimes: Bool = true,
    _ body: (DeletionPair) throws -> Void
  ) throws {
    try withSandbox {
      try body(DeletionPair(sandbox: $0, script: script, comparesTimes: comparesTimes))
    }
  }

  @Test(arguments: moments) func everyMoment(_ moment: String) throws {
    try withPair(DeletionPair.mixed) { pair in
      try pair.expectSame(["-aHv", moment])
      try pair.expectSame(["-aHv", moment], beyondRsync: ["--jobs=3"])
      try pair.expectSame(["-aHvn", moment])
    }
  }

  @Test func directoriesByName() throws {
    let script = "mkdir d; cd d;" + DeletionPair.mixed + "\nmkdir t2; mv t t2/s; mv t2 t"
    try withPair(script, comparesTimes: false) { pair in
      try pair.expectSame(["-av", "--delete"], operands: ["d/s", "d/t"])
      try pair.expectSame(["-av", "--delete"], operands: ["d/s/both", "d/s/a", "d/t/s"])
    }
  }

  /// A name that was removed at the source since it had arrived is none that the source lacks.
  @Test(arguments: moments) func sourcesThatArrived(_ moment: String) throws {
    let script = """
      mkdir -p s/d/e t/d; for i in 1 2 3; do echo x >s/$i; echo y >s/d/$i; echo z >s/d/e/$i; done
      echo old >t/d/9; echo x >t/1; find s t -exec touch -h -d @1000000 {} +
      """
    try withPair(script, comparesTimes: false) { pair in
      try pair.expectSame(["-av", "--no-t", "--remove-source-files", moment])
    }
  }

  static let merged =
    DeletionPair.mixed + #"""

      mkdir -p s2/both/deep s2/gone/deep s3
      echo x > s2/extra; echo x > s2/both/deep/x; echo x > s2/gone/4; echo x > s3/hard
      echo x > t/s3; mkdir t/both/deep/x2
      find s t s2 s3 -exec touch -h -d @1000000 {} +
      """#

  @Test(arguments: moments) func severalSources(_ moment: String) throws {
    try withPair(Self.merged, comparesTimes: false) { pair in
      for operands in [["s/", "s2/", "t"], ["s2/", "s3", "s/", "t/"], ["s2", "s3", "t/"]] {
        try pair.expectSame(["-av", "--no-t", moment], operands: operands)
      }
    }
  }

  @Test(arguments: moments) func limit(_ moment: String) throws {
    try withPair(DeletionPair.mixed) { pair in
      for limit in [0, -1, 3, 100] {
        let options = ["-av", "--force", moment, "--max-delete=\(limit)"]
        let (own, rsyncs) = try pair.outcomes(options)
        // Which are deleted follows from the order, which is nobody's business.
        #expect(own.status == rsyncs.status, "\(options)")
        #expect(own.trees.count == rsyncs.trees.count, "\(options)")
        #expect(
          own.said.count { $0.hasPrefix("deleting") }
            == rsyncs.said.count { $0.hasPrefix("deleting") },
          "\(options)"
        )
      }
    }
  }

  @Test func force() throws {
    try withPair(DeletionPair.mixed) { pair in
      try pair.expectSame(["-av", "--force"])
      try pair.expectSame(["-anv", "--force"])
      let (own, rsyncs) = try pair.outcomes(["-av"])
      #expect(own.status == 23 && own.trees == rsyncs.trees)
    }
  }

  /// What rules hide, protect and put at risk, on the command line and in merge files.
  static let ruled = #"""
    mkdir -p s/both/deep s/only/dirs t/both/deep/gone/below t/gone/deep/er t/only/dirs t/gone/empty
    for name in a b.o both/c.o both/deep/d keep; do echo $name > s/$name; echo $name > t/$name; done
    echo 1 > t/x.o; echo 2 > t/both/x.o; echo 3 > t/gone/deep/er/3.o; echo 4 > t/gone/4
    echo 5 > t/gone/4.o; echo 6 > t/both/deep/gone/below/5; echo 7 > t/both/deep/gone/below/6.tmp
    echo '- *.tmp' > t/both/.rules; echo '- *.tmp' > s/both/.rules; echo 'P 4' > t/gone/.rules
    echo 8 > t/both/7.tmp; echo 9 > t/7.tmp; echo "P 8" > t/.rules; echo 1 > t/8; echo 2 > t/both/8
    mkdir s/was-file; echo 3 > s/was-file/9; echo file > t/was-file
    mkdir -p t/was-dir; echo 4 > t/was-dir/9.o; echo file > s/was-dir
    find s t -exec touch -h -d @1000000 {} +
    """#

  @Test(arguments: ["--delete", "--delete-before", "--delete-after", "--delete-excluded"])
  func filters(_ moment: String) throws {
    try withPair(Self.ruled, comparesTimes: false) { pair in
      for rules in [
        ["--exclude=*.o"], ["-f", "P *.o", "-f", "H keep"], ["-f", ": .rules"],
        ["-f", ":e .rules"],
        ["-f", "-p *.o"], ["-m"], ["-m", "--exclude=/both/deep/d"], ["-f", "-s *.o", "-f", "-r 4"],
        ["--exclude=gone/***", "-f", "R gone"], ["-C"], ["--include=*/", "--exclude=*"],
        ["-F", "--exclude=/gone"],
      ] {
        try pair.expectSame(["-av", moment] + rules)
      }
    }
    try withPair(Self.ruled) { try $0.expectSame(["-av", "--force", "--exclude=*.o"]) }
  }

  @Test(arguments: moments) func backups(_ moment: String) throws {
    try withPair(DeletionPair.mixed, comparesTimes: false) { pair in
      for backup in [["-b"], ["--backup-dir=../kept"], ["-b", "--suffix=.old"]] {
        try pair.expectSame(["-av", moment] + backup)
        try pair.expectSame(["-avn", moment] + backup)
      }
    }
  }

  /// What cannot be read may lie in what the target lacks.
  @Test(
    .enabled(if: isRoot, "only root can run as another user"),
    arguments: ["--delete-before", "--delete-after"],
    [
      "mkdir -p s/new/closed; chmod 0 s/new/closed",
      "mkdir -p s/new/deep; ln -s /none s/new/deep/l",
    ]
  )
  func nothingAfterAReadErrorInWhatIsNew(_ moment: String, _ obstacle: String) throws {
    let script = "mkdir s t; echo 1 > s/a; echo 1 > t/b; \(obstacle)"
    try withPair(script, comparesTimes: false) { pair in
      try pair.expectSame(["-av", "--copy-unsafe-links", moment], user: 65_534)
      let (own, _) = try pair.outcomes(["-a", "--copy-unsafe-links", moment], user: 65_534)
      #expect(own.status == 23 && own.trees.contains { $0.hasPrefix("t/b ") })
    }
  }

  @Test(.enabled(if: isRoot, "only root can run as another user"), arguments: moments)
  func nothingAfterAReadError(_ moment: String) throws {
    let script = """
      mkdir -p s/closed s/open t/open t/closed; echo 1 > s/a; echo 1 > t/b; echo 1 > t/open/c
      echo 1 > t/closed/d; chmod 0 s/closed
      """
    try withPair(script, comparesTimes: false) { pair in
      let options = ["-av", "--no-p", moment]
      let (own, rsyncs) = try pair.outcomes(options, user: 65_534)
      #expect(own.status == 23 && rsyncs.status == 23)
      // Below the directory that cannot be read nothing is deleted in any case.
      #expect(own.trees.contains { $0.hasPrefix("t/closed/d ") })
      if ["--delete-before", "--delete-after"].contains(moment) {
        #expect(own.said == rsyncs.said && own.trees == rsyncs.trees, "\(options)")
        #expect(own.said == ["IO error encountered -- skipping file deletion"], "\(options)")
      }
      let (ignoring, rsyncsIgnoring) = try pair.outcomes(
        options + ["--ignore-errors"],
        user: 65_534
      )
      #expect(ignoring.trees.contains { $0.hasPrefix("t/b ") } == false)
      // rsync takes a directory that it cannot read for an empty one.
      let expected = rsyncsIgnoring.said.filter { $0 != "deleting closed/d" }
      #expect(ignoring.said == expected, "\(options) --ignore-errors")
    }
  }

  @Test(.enabled(if: isRoot, "only root can run as another user"), arguments: moments)
  func closedDirectoriesOfOnesOwn(_ moment: String) throws {
    let script = """
      mkdir -p s/d t/d t/gone/in; echo 1 > s/a; echo 1 > s/d/a; echo 1 > t/d/b; echo 1 > t/gone/in/c
      chmod 555 t/d t/gone t/gone/in; touch -d @1000000 s s/d t
      """
    try withPair(script, comparesTimes: false) { pair in
      // rsync cannot do so before it has opened them for the files to come.
      let judge = moment == "--delete-before" ? "--delete" : moment
      let rsyncs = try pair.outcomes(["-rv", judge], user: 65_534).rsync
      let own = try pair.outcomes(["-rv", moment], user: 65_534).fastsync
      #expect(own == rsyncs, "\(moment)")
    }
  }
}
