// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// What is replaced is put aside, next to rsync.
@Suite(.enabled(if: RsyncJudge.obstacle == nil)) struct BackupTests {
  /// A target whose entries are all replaced, by their own kind or by another.
  private static let trees = """
    umask 022
    mkdir -p src/d/e new/d/e src/dir new/file
    for name in a b c d/x d/e/y h1 h2; do
      echo "new $name" > src/$name; echo "old old $name" > new/$name
    done
    ln -f src/h1 src/h2; chmod 640 new/c
    ln -s x src/link; ln -s y new/link; : > new/dir; : > src/file; mkfifo new/fifo; : > src/fifo
    ln -s gone new/symlink; : > src/symlink; : > src/name~; ln -s z new/name~
    echo same > src/same; cp -a src/same new/same; chmod 600 src/same
    touch -hd 2020-01-01 src/* src/*/* src/*/*/*; touch -hd 2019-01-01 new/* new/*/* new/*/*/*
    touch -d 2020-01-01 new/same; touch -d 2018-01-01 src new; chmod 711 src/d/e; chmod 750 new/d
    """

  @Test(arguments: [
    ["--backup-dir=../backups"], ["--backup-dir=backups", "--suffix=.old"],
    ["--backup-dir=./deep/down/"], ["--suffix=.old", "-b", "--backup-dir=../backups"],
  ])
  func directoryOfBackups(options: [String]) throws {
    for kept in ["-a", "-aHAX", "-rl"] {
      let arguments = [kept] + options + ["src/", "new/"]
      try TargetOracle(script: Self.trees, arguments: arguments).check()
    }
  }

  @Test(arguments: ["-b", "--suffix=.old", "-bn"]) func besideTheirFiles(option: String) throws {
    // The times of directories are another matter.
    let arguments = ["-rlpgoDH", "-b", option, "src/", "new/"]
    try TargetOracle(script: Self.trees, arguments: arguments).check()
  }

  @Test func olderBackupsAreReplaced() throws {
    let older = """
      for name in a c d/x d/e/y; do echo older > new/$name~; done; mkdir new/b~; echo other > other
      ln -s ../other new/h1~; mkdir -p bak/d; echo older > bak/a; mkdir bak/b; ln -s ../new bak/d/e
      """
    for option in ["-b", "--backup-dir=../bak"] {
      let arguments = ["-rlpgoDH", option, "src/", "new/"]
      try TargetOracle(script: "\(Self.trees)\n\(older)", arguments: arguments).check()
    }
  }

  @Test(.enabled(if: isRoot)) func otherFilesystem() throws {
    try withSandbox { sandbox in
      let other = try sandbox.mount(["-t", "tmpfs", "tmpfs"], at: "other")
      let options = ["-a", "--backup-dir=\(other)/backups"]
      try TargetOracle(script: Self.trees, arguments: options + ["src/", "new/"]).check()
      // rsync's backups have been replaced by ours; another rsync finds nothing to do.
      let told = try succeed("sh", ["-c", "cd '\(other)/backups' && find . | sort"]).outputText
      #expect(told.contains("./d/e/y\n") && told.contains("./link\n") && told.contains("./fifo\n"))
      #expect(!told.contains("fastsync-"))
    }
  }

  /// Each name and each backup is old or new and whole, also when the run is killed.
  @Test func killedRuns() throws {
    try withSandbox { sandbox in
      let script = """
        mkdir src old; for number in $(seq 400); do
          yes new | head -c 20000 > src/$number; yes old | head -c 10000 > old/$number
        done
        """
      try succeed("env", ["--chdir=\(sandbox.path)", "sh", "-ec", script])
      let target = sandbox.path("new")
      for round in 0..<12 {
        try succeed("rm", ["-rf", target])
        try succeed("cp", ["-a", sandbox.path("old"), target])
        let words = ["-ab", "\(sandbox.path("src"))/", "\(target)/"]
        let process = try RunningProcess(
          fastsyncBinary,
          rawArguments: words.map { Bytes(text: $0) }
        )
        usleep(UInt32(round) * 4_000)
        process.send(SIGKILL)
        _ = try process.wait()
        let check = """
          cd new; for name in *; do case $name in
            *~) cmp -s "$name" ../old/${name%\\~} || echo "$name";;
            *) cmp -s "$name" ../old/$name || cmp -s "$name" ../src/$name || echo "$name"
               cmp -s "$name" ../old/$name || test -e "$name~" || echo "no backup of $name";;
          esac; done; test $(ls | grep -vc '~') = 400
          """
        let flaws = try succeed("env", ["--chdir=\(sandbox.path)", "sh", "-ec", check])
        #expect(flaws.outputText.isEmpty, "round \(round): \(flaws.outputText.prefix(500))")
      }
    }
  }

  @Test(arguments: [
    ["-b", "--suffix="], ["-b", "--suffix=a/b"], ["--backup-dir=.", "-a"],
    ["-a", "--backup-dir=../file"],
  ])
  func whatCannotBe(options: [String]) throws {
    try withSandbox { sandbox in
      try succeed("env", ["--chdir=\(sandbox.path)", "sh", "-ec", "mkdir src new; : > file"])
      let arguments = options + ["src/", "new/"]
      for program in ["rsync", fastsyncBinary] {
        let result = try run("env", ["--chdir=\(sandbox.path)", program] + arguments)
        #expect(result.status == 1, "\(arguments): \(result.errorText)")
        #expect(!result.errorText.isEmpty)
      }
    }
  }

  @Test func backupsAreTold() throws {
    try withSandbox { sandbox in
      let script = "mkdir src new; echo 1 > src/x; echo old > new/x"
      try succeed("env", ["--chdir=\(sandbox.path)", "sh", "-ec", script])
      let result = try fastsync(["-abvv", "src/", "new/"], directory: sandbox.path)
      #expect(result.outputText.contains("backed up x to x~\n"))
    }
  }
}
