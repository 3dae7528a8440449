// SPDX-License-Identifier: Apache-2.0

import Testing

/// Which names filter options leave out: rsync does the same to the same trees.
@Suite struct FilterTests {
  /// A tree with rules in it, and files with rules beside it.
  static let script = """
    mkdir -p one/s/src/sub/deep one/s/src/empty/er two
    for d in one/s/src one/s/src/sub one/s/src/sub/deep two; do
      for n in a b c x.o y~ 'sp ace'; do echo $n > "$d/$n"; done
    done
    ln -s a one/s/src/link
    printf -- '- /s/src/b\\n- c\\n: .two\\n' > one/.rsync-filter
    echo '- a' > one/s/.two
    echo '+ c' > one/s/src/sub/deep/.rsync-filter
    printf '# c\\n- *.o\\n\\n; c\\n+ sub/***\\n' > one/s/src/.rules
    printf 'x.* y~' > one/s/src/sub/.cvsignore
    printf -- '-C\\n' > one/s/src/sub/.cvs
    printf 'a\\0b\\0' > zero
    printf 'c\\r\\n+ sub/a\\n- a\\n' > lists
    printf -- '- c\\n. lists2\\n' > nested; printf 'H a\\n' > lists2
    find one two -exec touch -h -d @1000000000 {} +
    mkdir target
    """

  static let lines: [String] = [
    "-r -F one/s/src", "-r -FF one/s/src/",
    "-r -F one/s/src one/s/src/sub two/a", "-r --exclude=a --include=b one/s/src/",
    "-r --include=sub/ --include=a --exclude=* one/s/src/", "-r --exclude-from=lists one/s/src",
    "-r --include-from=lists --exclude=* one/s/src/", "-r -0 --exclude-from=zero one/s/src/",
    "-r --exclude-from=zero -0 one/s/src/", "-r -f._nested one/s/src/", "-r -C one/s/src/",
    "-r -C -f:C -f+_*.o one/s/src", "-r -f:_.rules one/s/src/", "-r -f:e-_.rules one/s/src/",
    "-r -f:_.cvs one/s/src/", "-r -f:_.cvs -f+C one/s/src/", "-r -f-C -f:_.cvs -f+C one/s/src/",
    "-r -f:_../.rsync-filter one/s/src/", "-rm --exclude=a --exclude=b -f-_*[!d] one/s/src",
    "-rm -fP_er/ -fH,!_*/ one/s/src/", "-rm -fP_/empty/er one/s/src/",
    "-rm -fP_empty/* one/s/src/", "-rm -fP_/src/empty/*** one/s/src", "-rm one/s/src",
    "-r --exclude=src one/s/src one/s/src/sub",
    "-r --exclude=/sub/a one/s/src/ two/", "-r -f-,! -fx one/s/src",
    "--exclude=a one/s/src/a two/b",
    "-r -f:w-_.cvsignore one/s/src/", "-rl -f-! -f*/ one/s/src",
    "-r --exclude-from=none one/s/src/",
    "-r -f._none one/s/src/", "-r -ffoo one/s/src/", "-r -f-q_x one/s/src/", "-r -f!x one/s/src/",
    "-r -f.s_lists2 one/s/src/", "-r -f. one/s/src/", "-r -fclear -fexclude,p_a one/s/src/",
  ]

  @Test(arguments: lines)
  func likeRsync(_ line: String) throws {
    let words = line.split(separator: " ").map(String.init)
    try TargetOracle(
      script: Self.script,
      arguments: ["-t"] + words + ["target"],
      environment: ["HOME=/none"]
    ).check()
  }

  @Test func attributesLikeRsync() throws {
    let script = """
      mkdir -p src/sub target; echo x > src/f; echo y > src/sub/g; cp -r src/. target
      for f in src/f src/sub/g; do setfattr -n user.a -v 1 $f; setfattr -n user.b -v 2 $f; done
      for f in target/f target/sub/g; do setfattr -n user.z -v 1 $f; done
      find src target -exec touch -d @1000000000 {} +
      """
    for rules in [["-x user.a"], ["-xr user.*"], ["+x user.a", "-x *"], ["-xs user.z"]] {
      try withSandbox { sandbox in
        var told: [String] = []
        for (name, program) in [("rsync", "rsync"), ("fastsync", fastsyncBinary)] {
          let directory = try sandbox.makeDirectory(name)
          try succeed("env", ["--chdir=\(directory)", "sh", "-ec", script])
          let filters = rules.map { "--filter=\($0)" }
          try succeed(
            "env",
            ["--chdir=\(directory)", program, "-rtX"] + filters + ["src/", "target/"]
          )
          let found = try succeed("env", ["--chdir=\(directory)", "getfattr", "-dR", "target"])
          told.append(found.outputText)
        }
        #expect(told[0] == told[1], "\(rules)")
      }
    }
  }

  /// What a merge file says wrong ends the run as it does rsync's, without showing what it says.
  @Test func badMergeFiles() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      try succeed("sh", ["-c", "mkdir \(source)/sub; echo 'secret words' > \(source)/sub/.f"])
      let result = try expectFastsync(
        1,
        ["-r", "-f: .f", source, sandbox.path("target")],
        saying: ["Unknown filter rule: <rule from \(source)/sub/.f line 1>"]
      )
      #expect(!result.errorText.contains("secret"))
      try succeed("sh", ["-c", "echo '. none' > \(source)/sub/.f"])
      try expectFastsync(11, ["-r", "-f: .f", source, sandbox.path("target")])
    }
  }

  /// Rules come from the standard input, and from what a shell has open.
  @Test func rulesFromElsewhere() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      try succeed("touch", ["\(source)/a", "\(source)/b"])
      for (index, way) in ["--exclude-from=- < in", "--exclude-from=<(cat in)", "-f '._-' < in"]
        .enumerated()
      {
        let target = sandbox.path("target\(index)")
        let rule = way.hasPrefix("-f") ? "- a" : "a"
        let words = "\(fastsyncBinary) -r \(source)/ \(target) \(way)"
        let line = "cd \(sandbox.path); echo '\(rule)' > in; \(words)"
        try succeed("bash", ["-c", line])
        #expect(try succeed("ls", [target]).outputText == "b\n", "\(way)")
      }
    }
  }

  /// Looking ahead for what is in a directory takes no more open files where the tree is deep.
  @Test func deepEmptyDirectories() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let deep = String(repeating: "d/", count: 500)
      try succeed("sh", ["-c", "cd \(source) && mkdir -p x/\(deep) y/\(deep) && touch y/\(deep)f"])
      let target = sandbox.path("target")
      try succeed(
        "sh",
        ["-c", "ulimit -n 64; exec \(fastsyncBinary) -rm \(source)/ \(target)"]
      )
      #expect(try succeed("ls", [target]).outputText == "y\n")
      try succeed("test", ["-e", "\(target)/y/\(deep)f"])
    }
  }
}
