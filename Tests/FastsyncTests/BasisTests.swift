// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Trees that the target is compared with, next to rsync.
@Suite(.enabled(if: RsyncJudge.obstacle == nil)) struct BasisTests {
  /// A source, and two older copies of it that differ in parts.
  static let trees = """
    umask 022
    mkdir -p src/d/e src/emptydir src/newdir
    for name in same perm size time new d/x d/e/y newdir/n; do echo "$name" > src/$name; done
    ln -s target src/link; ln -s new src/relinked; ln -s a src/linktime; mkfifo src/fifo
    echo hard > src/h1; ln src/h1 src/h2; ln src/h1 src/d/h3; : > src/empty
    yes large | head -c 300000 > src/large; yes mode | head -c 200000 > src/largeperm
    touch -hd '2020-01-01 10:00:00.123' src/* src/*/* src/*/*/*; touch -d 2020-02-02 src
    cp -a src old
    chmod 600 old/perm; chmod 711 old/largeperm; touch -d 2021-01-01 old/time; chmod 700 old/d/e
    echo longer >> old/size; rm -r old/new old/newdir; ln -sfn other old/relinked
    touch -hd 2021-01-01 old/linktime
    cp -a src older
    echo Same > older/same; touch -r src/same older/same; chmod 640 older/perm
    touch -r src old older; touch -r src/d old/d
    """

  private static let uses = ["--link-dest", "--copy-dest", "--compare-dest"]

  @Test(arguments: uses, ["-a", "-aH", "-rl", "-rlpt", "-aHAX", "-aHn"])
  func oneTree(use: String, options: String) throws {
    try TargetOracle(
      script: Self.trees,
      arguments: [options, "\(use)=../old", "src/", "new/"]
    ).check()
  }

  @Test(arguments: uses, ["-a", "-aH", "-rt"])
  func severalTrees(use: String, options: String) throws {
    let arguments = [
      options, "\(use)=../none", "\(use)", "../old/", "\(use)=../older", "src/", "new",
    ]
    try TargetOracle(script: Self.trees, arguments: arguments).check()
  }

  /// What the target has already is replaced where a tree has it exactly, whatever it is.
  @Test(arguments: uses, ["-a", "-aH", "-an"])
  func filledTarget(use: String, options: String) throws {
    let filled = """
      cp -a src new; rm new/fifo new/d/e/y new/perm new/link new/largeperm new/new new/emptydir -r
      touch -d 2001-01-01 new/same; echo more >> new/size; chmod 4755 new/large
      ln -s other new/link; mkdir new/new; chmod 700 new/d; mkfifo new/largeperm; : > new/emptydir
      touch -hd 2001-01-01 new/link new/new new/largeperm new/emptydir
      """
    try TargetOracle(
      script: "\(Self.trees)\n\(filled)",
      arguments: [options, "\(use)=../old", "src/", "new/"]
    ).check()
  }

  /// What a tree has exactly is not to be at the target, and what makes way for that is kept.
  @Test(arguments: [
    ["-ab"], ["-ab", "--delete"], ["-a", "--delete"], ["-a", "--force"], ["-abn"],
    ["-abi", "--backup-dir=kept"], ["-an", "--delete"],
  ])
  func makesWayForNothing(options: [String]) throws {
    let filled = """
      mkdir -p new/same new/d/time; echo a > new/same/a; ln -s other new/size; mkfifo new/link
      echo of > new/fifo; ln -s x new/empty; mkdir new/linktime
      touch -hd 2001-01-01 new/* new/*/*
      """
    try TargetOracle(
      script: "\(Self.trees)\n\(filled)",
      arguments: options + ["--compare-dest=../old", "src/", "new/"]
    ).check()
  }

  /// What is replaced by a link to a tree is backed up, files too, which rsync does not keep.
  @Test func backups() throws {
    let kinds = """
      mkdir src new; for name in file link fifo socket; do echo "$name" > src/$name; done
      cp -a src old; ln -s x new/link; mkfifo new/fifo
      python3 -c 'import os; os.mknod("new/socket", 0o140600)'
      """
    for options in [["-b"], ["-b", "--backup-dir=kept"]] {
      let words = ["-a"] + options + ["--link-dest=../old", "src/", "new/"]
      try TargetOracle(script: kinds, arguments: words).check()
    }
    for use in ["--link-dest", "--compare-dest"] {
      try withSandbox { sandbox in
        let script = "\(kinds)\necho old > new/file"
        try succeed("env", ["--chdir=\(sandbox.path)", "sh", "-ec", script])
        let words = ["-ab", "\(use)=../old", "src/", "new/"]
        #expect(try fastsync(words, directory: sandbox.path).status == 0)
        #expect(try succeed("cat", [sandbox.path("new/file~")]).outputText == "old\n")
      }
    }
  }

  /// Progress tells nothing of what a tree has.
  @Test(arguments: ["-aP", "-aiP", "-aii", "-avv", "-ai"]) func progress(options: String) throws {
    try TargetOracle(
      script: Self.trees,
      arguments: [options, "--copy-dest=../old", "src/", "new/"]
    ).check()
  }

  @Test(arguments: uses) func oneFile(use: String) throws {
    let script = Self.trees + "\nmkdir new; cp -a old/same old/renamed"
    for operands in [["src/same", "new/renamed"], ["src/same", "src/perm", "src/link", "new"]] {
      let arguments = ["-a", "\(use)=../old"] + operands
      try TargetOracle(script: script, arguments: arguments).check()
    }
  }

  /// Links that cannot be made are copies: the trees lie on two filesystems.
  @Test(.enabled(if: isRoot)) func otherFilesystem() throws {
    try withSandbox { sandbox in
      let other = try sandbox.mount(["-t", "tmpfs", "tmpfs"], at: "other")
      try succeed("env", ["--chdir=\(other)", "sh", "-ec", Self.trees])
      let (old, new) = ("\(other)/old", sandbox.path("new"))
      let arguments = ["-aH", "-v", "--link-dest=\(old)", "\(other)/src/", "\(new)/"]
      let result = try fastsync(arguments)
      #expect(result.status == 0)
      let told = result.outputText.components(of: "cannot be linked to what --link-dest has")
      #expect(told == 1, "\(result.errorText)")
      try expectSame("\(other)/src", new)
    }
  }

  @Test func missingTreesAreTold() throws {
    try withSandbox { sandbox in
      let script = "mkdir src; echo x > src/x; : > file; ln -s / link"
      try succeed("env", ["--chdir=\(sandbox.path)", "sh", "-ec", script])
      let result = try fastsync(
        ["-a", "--link-dest=../none", "--link-dest=../file", "src/", "new"],
        directory: sandbox.path
      )
      #expect(result.status == 0)
      #expect(result.errorText.contains("--link-dest arg does not exist: ../none"))
      #expect(result.errorText.contains("--link-dest arg is not a dir: ../file"))
    }
  }

  /// A link of somebody else on the way to a tree is not followed.
  @Test(.enabled(if: isRoot)) func linksOfOthersAreNotFollowed() throws {
    for owner in ["root", "nobody"] {
      let links = """
        mkdir shared; ln -s ../old shared/link; chown -h \(owner) shared/link
        """
      try TargetOracle(
        script: "\(Self.trees)\n\(links)",
        arguments: ["-a", "--link-dest=../shared/link", "src/", "new/"]
      ).check()
    }
  }

  @Test(arguments: [
    ["--link-dest=a", "--copy-dest=b"], ["--compare-dest=a", "--link-dest=b"],
    (0...20).map { "--link-dest=\($0)" },
  ])
  func whatDoesNotGoTogether(options: [String]) throws {
    let arguments = options + ["a", "b"]
    #expect(try run("rsync", arguments).status == 1)
    try expectFastsync(1, arguments)
  }
}

extension String {
  /// How often a text is in this one.
  fileprivate func components(of text: String) -> Int {
    indices.count { self[$0...].hasPrefix(text) }
  }
}
