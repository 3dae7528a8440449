// SPDX-License-Identifier: Apache-2.0

import Testing

/// Which files count as changed, next to rsync.
@Suite struct ComparisonTests {
  /// Pairs of files of one size that differ in contents, times, or both; `same` does not.
  private static let script = """
    mkdir s d
    for n in same differ time both long longend big hard; do echo 12345678 > s/$n; done
    head -c 70000 /dev/zero > s/long; head -c 9000001 /dev/zero > s/big; cp s/big s/longend
    ln s/hard s/hard2; : > s/empty
    touch -d '2001-01-01 00:00:00.25' s/*
    cp -a s/. d/
    echo 12345679 > d/differ; echo 12345679 > d/both; echo 12345679 > d/hard
    printf x | dd of=d/long bs=1 seek=65600 conv=notrunc status=none
    printf x | dd of=d/longend bs=1 seek=9000000 conv=notrunc status=none
    touch -d '2001-01-01 00:00:00.25' d/*
    touch -d '2001-01-01 00:00:02' d/time d/both
    echo more > s/size; echo m > d/size
    """

  static let lines = [
    "-a", "-ac", "-aHc", "-aHcW", "-rc", "-rlc", "-a --size-only", "-aI", "-aHI", "-rt -c --no-c",
    "-a --no-checksum", "-a -@0", "-a -@1", "-a --modify-window=2", "-a -@-1", "-a -@0x2",
    "-ac -@2", "-acn", "-ac --cc=md5", "-ac --checksum-choice=xxh3,md5 --checksum-seed=5",
    "-aI --size-only", "-ac --size-only", "-aIc", "-a --cc=none",
  ]

  /// An empty file that cannot be read counts as another one.
  @Test(.enabled(if: RsyncTwin.obstacle == nil, "rsync is not installed"), .enabled(if: isRoot))
  func anEmptyFileOfSomebodyElse() throws {
    try withSandbox { sandbox in
      for name in ["rsync", "fastsync"] {
        try succeed(
          "env",
          [
            "--chdir=\(sandbox.path)", "sh", "-ec",
            "mkdir -p s d-\(name); : > s/f; : > d-\(name)/f; touch -d @1 s/f d-\(name)/f; "
              + "chown -R 1000:1000 s d-\(name); chown 0:0 d-\(name)/f; chmod 600 d-\(name)/f",
          ]
        )
        let program = name == "rsync" ? name : fastsyncBinary
        let words = ["-ac", sandbox.path("s/"), sandbox.path("d-\(name)/")]
        let result = try run(program, words, user: 1_000)
        #expect(result.status == 0, "\(result.errorText)")
        let told = try succeed("stat", ["-c%u %a", sandbox.path("d-\(name)/f")]).outputText
        #expect(told == "1000 644\n")
      }
    }
  }

  @Test(.enabled(if: RsyncTwin.obstacle == nil, "rsync is not installed"), arguments: lines)
  func doesWhatRsyncDoes(_ line: String) throws {
    var twin = RsyncTwin(script: Self.script)
    twin.aspects = [.modes, .owners, .hardLinks]
    // The times that a window leaves as they are differ for who compares nanoseconds.
    if line.hasPrefix("-a") && !line.contains("-n") { twin.aspects.insert(.times) }
    try twin.compare(line)
  }

  /// Every cache mode and both ways to read find the one byte that differs.
  @Test(arguments: [
    "--cache=direct", "--cache=dontcache", "--cache=advise", "--cache=keep", "--memory=64K",
    "--jobs=1",
  ])
  func findsTheByteInEveryMode(_ mode: String) throws {
    try withSandbox { sandbox in
      let script = "\(Self.script)\nhead -c 9000001 /dev/urandom > s/big; cp -a s/big d/"
      let made = try run("sh", ["-ec", script], directory: sandbox.path)
      #expect(made.status == 0, "\(made.errorText)")
      let words = ["-ac", "-nv", mode, "\(sandbox.path("s"))/", "\(sandbox.path("d"))/"]
      let told = try expectFastsync(0, words).outputText.split(separator: "\n")
      for name in ["long", "longend", "differ", "both"] {
        #expect(told.contains { $0 == name || $0.hasSuffix(" \(name)") }, "\(name): \(told)")
      }
      for name in ["big", "same"] { #expect(!told.contains { $0.hasSuffix(name) }, "\(told)") }
    }
  }

  @Test(arguments: [
    ("--cc=foo", 4), ("--cc=md5,", 4), ("-c --cc=none", 4), ("-c --cc=md5,none", 4),
    ("--checksum-seed=x", 1), ("--checksum-seed=99999999999", 1), ("-@x", 1), ("-@08", 1),
    ("--modify-window=1x", 1), ("--modify-window=-3000000000", 1),
  ])
  func isRefusedAsByRsync(_ line: String, _ status: Int32) throws {
    try RsyncLines.expectRefusal(line, status)
  }
}
