// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Where files are before they have their names, and what is kept of those that never get them.
@Suite(.enabled(if: RsyncJudge.obstacle == nil)) struct StagingTests {
  private static let trees = """
    umask 022
    mkdir -p src/d/e new/d/e temporary
    for name in a b c d/x d/e/y h1 h2 dir; do
      echo "new $name" > src/$name; echo "old old $name" > new/$name
    done
    ln -f src/h1 src/h2; rm new/dir new/c; mkdir new/dir; ln -s x src/link; ln -s y new/link
    yes large | head -c 300000 > src/large; mkdir new/.partial new/d/.partial new/d/.~tmp~
    echo part > new/.partial/a; echo part > new/d/.partial/other; echo part > new/d/.~tmp~/x
    touch -hd 2020-01-01 src/* src/*/* src/*/*/*; touch -hd 2019-01-01 new/* new/*/* new/*/*/*
    touch -d 2018-01-01 src new new/.partial new/.partial/* new/d/.partial new/d/.~tmp~
    """

  @Test(arguments: [
    "--delay-updates", "--partial-dir=.partial", "--delay-updates --partial-dir=.waiting",
    "--partial", "--delay-updates --backup-dir=bak", "-n --delay-updates --partial",
    "--temp-dir=/dev/shm", "--partial-dir=../../nowhere",
  ])
  func sameAsRsync(options: String) throws {
    // rsync waits for ever with -H and a relative --temp-dir.
    for kept in options.hasPrefix("--temp") ? ["-a", "-rl"] : ["-a", "-aH", "-rl"] {
      let arguments = [kept] + options.split(separator: " ").map(String.init) + ["src/", "new/"]
      try TargetOracle(script: Self.trees, arguments: arguments).check()
    }
  }

  /// Directories for partial files are left out by a rule, and what is complete has no part there.
  @Test(arguments: [
    "--partial-dir=.p --delete", "--partial-dir=.p --delete-excluded", "--partial-dir=a/b --delete",
    "--partial-dir=.p --include=.p/ --delete", "--partial-dir=.* --delete",
    "--delay-updates --delete", "--partial-dir=.p -n --delete",
  ])
  func theirDirectoriesAreLeftOut(options: String) throws {
    let script = """
      umask 022; mkdir -p src/a/b src/.p new/a/b new/.p new/.~tmp~
      for name in a/b/k .p/k same touched; do echo $name > src/$name; done
      touch -d 2020-01-01 src/* src/a/b/k; cp -a src/same src/touched new; chmod 600 new/touched
      for name in a/b/z .p/z .p/same .~tmp~/same .p/touched; do echo part > new/$name; done
      touch -d 2019-01-01 new/a/b/z new/.p/* new/.p new/.~tmp~/same new/.~tmp~ new/a/b new/a
      """
    let arguments = ["-a"] + options.split(separator: " ").map(String.init) + ["src/", "new/"]
    try TargetOracle(script: script, arguments: arguments).check()
  }

  /// Temporary names are made where that was asked for, and what a dead run left there goes.
  @Test func temporaryNamesAreElsewhere() throws {
    try withSandbox { sandbox in
      let left = "touch temporary/.a.fastsync-abcdefgh; mkdir temporary/keep; chmod 555 temporary"
      try succeed("env", ["--chdir=\(sandbox.path)", "sh", "-ec", "\(Self.trees)\n\(left)"])
      try expectFastsync(
        0,
        ["-a", "-T", sandbox.path("temporary"), sandbox.path("src/"), sandbox.path("new/")]
      )
      #expect(try succeed("ls", ["-A", sandbox.path("temporary")]).outputText.contains("keep"))
      #expect(try temporaryNames(sandbox.path("new")).isEmpty)
    }
  }

  /// What is kept of an interrupted file is a part of it, and the next run completes it.
  @Test(arguments: ["--partial", "--partial-dir=.part", "RSYNC_PARTIAL_DIR"])
  func interruptedFilesAreKept(option: String) throws {
    try withSandbox { sandbox in
      let script = "mkdir src new; yes large | head -c 400000000 > src/large"
      try succeed("env", ["--chdir=\(sandbox.path)", "sh", "-ec", script])
      let isVariable = !option.hasPrefix("-")
      let words = ["-a", isVariable ? "--partial" : option, "src/", "new/"]
      let variable = isVariable ? ["\(option)=.part"] : []
      // Plain calls are counted by the kernel, so that it is known when a part has been written.
      let shell = """
        env \(variable.joined(separator: " ")) '\(fastsyncBinary)' --memory=64K --reflink=never \
          --io-engine=sync \(words.joined(separator: " ")) 2>&1 & run=$!
        while kill -0 $run 2>/dev/null; do
          count=$(sed -n 's/^wchar: //p' /proc/$run/io 2>/dev/null)
          test "${count:-0}" -gt 4000000 && kill -TERM $run
        done; wait $run; echo "status $?"
        """
      let told = try run("env", ["--chdir=\(sandbox.path)", "sh", "-c", shell], timeoutSeconds: 60)
      let place = option == "--partial" ? "new/large" : "new/.part/large"
      // On a fast machine all of it may be there before the signal.
      if told.outputText.contains("status 20"),
        try run("test", ["-e", sandbox.path(place)]).status == 0
      {
        let check = "cmp -n $(stat -c %s \(place)) \(place) src/large"
        try succeed("env", ["--chdir=\(sandbox.path)", "sh", "-ec", check])
      }
      let again = ["env", "--chdir=\(sandbox.path)"] + variable + [fastsyncBinary] + words
      try succeed(again[0], Array(again.dropFirst()))
      try succeed("cmp", [sandbox.path("src/large"), sandbox.path("new/large")])
      #expect(try run("test", ["-e", sandbox.path("new/.part")]).status != 0)
    }
  }

  @Test(arguments: [
    ["--inplace", "--partial-dir=x"], ["--append", "--delay-updates"], ["-T", "none"],
    ["-T", "../file"], ["--temp-dir="],
  ])
  func whatCannotBe(options: [String]) throws {
    try withSandbox { sandbox in
      let script = "mkdir src new; echo x > src/x; : > file"
      try succeed("env", ["--chdir=\(sandbox.path)", "sh", "-ec", script])
      let arguments = ["-a"] + options + ["src/", "new/"]
      for program in ["rsync", fastsyncBinary] {
        let result = try run("env", ["--chdir=\(sandbox.path)", program] + arguments)
        #expect(result.status == 1, "\(arguments): \(result.errorText)")
      }
    }
  }
}
