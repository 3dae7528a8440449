// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Files that are written where they are, next to rsync.
@Suite(.enabled(if: RsyncJudge.obstacle == nil)) struct InPlaceTests {
  /// Files of which the target has more, less or something else, and other kinds in their place.
  private static let trees = """
    umask 022
    mkdir -p src/d new/d
    for name in same shorter longer other empty linked d/x readonly; do
      echo "$name is what the source has" > src/$name
    done
    yes large | head -c 3000000 > src/large; yes large | head -c 1000001 > new/large
    yes large | head -c 300000 > src/large2; yes other | head -c 200000 > new/large2
    truncate -s 2000000 src/holes; echo end >> src/holes; yes full | head -c 2500000 > new/holes
    cp -a src/same new/same; printf 'shorter is' > new/shorter; printf 'd/y is' > new/d/x
    cat src/longer src/longer > new/longer; echo "other: nothing of the source's" > new/other
    echo short > new/other2; echo "what is longer" > src/other2
    : > new/empty; echo "linked" > new/linked; ln new/linked new/second; echo only > new/only
    echo ro > new/readonly; chmod 400 new/readonly
    echo file > src/overlink; ln -s only new/overlink; echo file > src/overdir; mkdir new/overdir
    echo one > src/h1; ln src/h1 src/h2; echo first > new/h1; echo second > new/h2
    echo new > src/new; chmod 640 src/new; ln -s x src/link; ln -s y new/link
    touch -hd 2020-01-01 src/* src/*/*; touch -hd 2019-01-01 new/* new/*/*
    touch -d 2020-01-01 new/same; touch -d 2018-01-01 src src/d new new/d
    """

  @Test(arguments: [
    "--inplace", "--append", "--append-verify", "--write-devices", "--inplace --backup-dir=bak",
    "--append --backup-dir=bak", "--inplace --no-whole-file", "--append -n", "--inplace -c",
    "--append --no-append --preallocate -W",
  ])
  func sameAsRsync(options: String) throws {
    // rsync with -S writes zeros over what --append keeps.
    let isAppending = options.contains("append")
    for kept in isAppending ? ["-a", "-aH", "-rl"] : ["-a", "-aH", "-aS", "-rl"] {
      let arguments = [kept] + options.split(separator: " ").map(String.init) + ["src/", "new/"]
      try TargetOracle(script: Self.trees, arguments: arguments).check()
    }
  }

  @Test func backupsBesideTheirFiles() throws {
    let arguments = ["-rlpgoD", "-b", "--inplace", "src/", "new/"]
    try TargetOracle(script: Self.trees, arguments: arguments).check()
  }

  @Test(arguments: ["--inplace --delete", "--append --force", "--inplace"])
  func treesMakeWay(options: String) throws {
    let script = """
      mkdir -p src new/x/y; echo file > src/x; echo z > new/x/y/z
      touch -d 2020-01-01 src/x new/x/y/z new/x/y new/x src new
      """
    let arguments = ["-a"] + options.split(separator: " ").map(String.init) + ["src/", "new/"]
    try TargetOracle(script: script, arguments: arguments).check()
  }

  /// An ordinary user's own files may be read-only, as for rsync.
  @Test(.enabled(if: isRoot)) func readOnlyFilesOfAUser() throws {
    try withSandbox { sandbox in
      let user: UInt32 = 12_345
      for (name, program) in [("one", "rsync"), ("two", fastsyncBinary)] {
        let place = try sandbox.makeDirectory(name)
        try succeed("env", ["--chdir=\(place)", "sh", "-ec", Self.trees])
        try succeed("chown", ["-hR", "\(user):\(user)", place])
        let arguments = ["-rlpt", "--inplace", "\(place)/src/", "\(place)/new/"]
        #expect(try run(program, arguments, user: user).status == 0)
      }
      try expectSame(sandbox.path("one/new"), sandbox.path("two/new"))
    }
  }

  /// The inode stays, with all who have it open, and what is kept of it is not written.
  @Test func theInodeStays() throws {
    try withSandbox { sandbox in
      try succeed("env", ["--chdir=\(sandbox.path)", "sh", "-ec", Self.trees])
      let before = try succeed("stat", ["-c", "%i", sandbox.path("new/other2")]).outputText
      let arguments = ["-a", "--append", sandbox.path("src") + "/", sandbox.path("new") + "/"]
      try expectFastsync(0, arguments)
      let after = try succeed("stat", ["-c", "%i", sandbox.path("new/other2")]).outputText
      #expect(before == after)
      let contents = try succeed("cat", [sandbox.path("new/other2")]).outputText
      #expect(contents == "short\ns longer\n")
    }
  }

  /// What was not written when a run ended early is not taken to be there by the next.
  @Test(arguments: ["TERM", "KILL"]) func interruptedAppendsGoOn(signal: String) throws {
    try withSandbox { sandbox in
      let script = """
        mkdir src new; yes large | head -c 400000000 > src/large; head -c 1000 src/large > new/large
        '\(fastsyncBinary)' -a --append --memory=64K --reflink=never --io-engine=sync src/ new/ \
          2>/dev/null & run=$!
        while kill -0 $run 2>/dev/null; do
          count=$(sed -n 's/^wchar: //p' /proc/$run/io 2>/dev/null)
          test "${count:-0}" -gt 4000000 && kill -\(signal) $run || true
        done; wait $run || true
        cmp -n $(stat -c %s new/large) new/large src/large
        '\(fastsyncBinary)' -a --append src/ new/; cmp src/large new/large
        """
      try succeed("env", ["--chdir=\(sandbox.path)", "sh", "-ec", script])
    }
  }

  @Test(.enabled(if: isRoot)) func devicesAreWritten() throws {
    let script = """
      mkdir src new; echo text > src/null; echo text > src/file; mknod new/null c 1 3
      touch -d 2020-01-01 src/* src new
      """
    for options in ["-a", "-rt"] {
      let arguments = [options, "--write-devices", "src/", "new/"]
      try TargetOracle(script: script, arguments: arguments).check()
      let operands = [options, "--write-devices", "src/file", "new/null"]
      try TargetOracle(script: script, arguments: operands).check()
    }
  }

  @Test(arguments: [["--append", "-W"], ["-W", "--append-verify"]])
  func whatDoesNotGoTogether(options: [String]) throws {
    #expect(try run("rsync", options + ["a", "b"]).status == 1)
    try expectFastsync(1, options + ["a", "b"])
  }
}
