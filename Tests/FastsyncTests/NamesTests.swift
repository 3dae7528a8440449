// SPDX-License-Identifier: Apache-2.0

import Testing

/// Which names are copied, and where they go, next to rsync.
@Suite(.enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed"))
struct NamesTests {
  @Test(arguments: [
    "-d a D", "-d a/ D", "-d . D", "-dlt a e D", "-dlt a D/", "-r e D", "-a e D", "-d e D/",
    "-d a f D", "-lpt a/ f D/", "--old-dirs a/ D", "-r --old-d a/ D", "-dr --no-r a/ D",
    "-r --no-d a/ D", "-a a//// D",
  ])
  func directories(_ line: String) throws { try NamesTwin().compare(line) }

  @Test(arguments: [
    "-lR f D", "-lR a/g D", "-aR ./f D", "-aR a/./b/f D", "-aR a/b/f s/d/q D", "-aR a/b/f s/d D",
    "-aR a/b/f ./a/g D", "-lR a/b D", "-Rd a/b/ D", "-Rdt a/b/. D", "-aR la/b/f D",
    "-aR la/g a/b D", "-aR a/b/missing f D", "-aR a/b/missing a/g D", "-aR a//b///f D",
    "-a --no-implied-dirs -R a/b/f D", "-a -R --no-i-d a/b/f a/g D", "-aR a/.//b s/./d/q D/",
    "-aR a/b s/d/q f D", "-aR ../s/f D", "-aRH a/g s/hard D", "-naR a/b/f D",
  ])
  func relative(_ line: String) throws { try NamesTwin().compare(line) }

  @Test(arguments: [
    "a/b/\\nf\\nmissing/x\\na/b/../g\\n/e\\n#c\\n;d\\n\\n./sp ace\\n", "f\\n", "f\\nmm\\n", "mm\\n",
    "e\\n", "./f\\n", ".\\n", "a/./b/f\\ns/./d/q\\n", "a/lb/f\\nla/g\\n", "f/x\\na/g\\n", "f",
    "a\\r\\na/b\\r\\n", "a/g\\na/g\\n//a/g\\n../a/g", "a\\na/b/f", "a/\\na/b/f", "s/d\\ns",
  ])
  func list(_ names: String) throws {
    var twin = NamesTwin(input: names)
    for line in [
      "-a --files-from=- . D/", "-a --files-from=- . D", "-ar --files-from=- . D",
      "-a --files-from=- --no-R . D/", "-n --files-from=- -l . D",
      "-a --files-from=- --ignore-missing-args . D", "-r --files-from=- ./ D/",
    ] { try twin.compare(line) }
    twin.input = names.split(separator: "\\n").joined(separator: "\\0")
    try twin.compare("-lptgoD -v -d --files-from=- --from0 .// D//")
    try twin.compare("-lptgoD -v -d -0 --relative --files-from=- . D/")
  }

  @Test(arguments: ["e\\n", "f\\n", "a/g\\na/g\\n", "f/x\\na/g\\n", "./f\\n", "a\\na/b/f"])
  func listWithoutDirectories(_ names: String) throws {
    try NamesTwin(input: names).compare("-a --files-from=- --no-d . D/")
  }

  /// A slash behind the name of a file means nothing in a list.
  @Test(arguments: ["D/pipe", "D/file", "D/new", "D/dir"])
  func onlyFileOfAList(_ target: String) throws {
    let twin = NamesTwin(targetScript: "mkfifo pipe; echo 1 > file; mkdir dir", input: "f/\\n")
    try twin.compare("-r --files-from=- . \(target)")
  }

  @Test(arguments: ["a b\\n", "x/\\n"])
  func listThatIsWrong(_ names: String) throws {
    let twin = NamesTwin(input: names)
    for line in ["-a --files-from=- . e D", "-a --files-from=- .", "-a --files-from=none . D"] {
      try twin.compare(line)
    }
  }

  @Test(arguments: [
    "-a missing f D", "-a --ignore-missing-args missing f D", "-a --ignore-missing-args missing D",
    "-a --mkpath f D/p/q", "-a --mkpath f D/p/q/", "-a --mkpath a/ D/p/q", "-a --mkpath f e D/p",
    "-an --mkpath f D/p/q/", "-an --mkpath a D/p/q", "-a --mkpath --no-mkpath f D/p/q/r",
  ])
  func missing(_ line: String) throws { try NamesTwin().compare(line) }

  /// A default ACL stands for the mask also where a new target is made in it.
  @Test(
    .enabled(if: has("setfacl"), "setfacl is not installed"),
    arguments: ["-d a e D/made", "-r a e D/made", "-r a/ D/made", "-r a D/made", "-a a e D/made"]
  )
  func newTargetBelowADefaultList(_ line: String) throws {
    try NamesTwin(targetScript: "setfacl -d -m u::rwx,g::rw,m::rw,o::rwx .").compare(line)
  }

  /// What others put into the target does not change the time that a source gives it.
  @Test(arguments: ["-a s a a/b D", "-a a/ f D/", "-a a/ f a/b/f e D/", "-aR ./f a/b/f D"])
  func theRootIsDoneLast(_ line: String) throws { try NamesTwin().compare(line) }

  /// Names that are missing cost a look each, and nothing is made on the way to them.
  @Test func manyMissingNames() throws {
    try withSandbox { sandbox in
      let script = """
        mkdir s; echo x > s/there; seq -f 'dir%.0f/name that is missing' 1 3000 > list
        echo there >> list
        """
      try succeed("sh", ["-ec", "cd \(sandbox.path); \(script)"])
      let words = ["-a", "--files-from=\(sandbox.path("list"))", sandbox.path("s")]
      let result = try fastsync(words + ["\(sandbox.path("d"))/"])
      #expect(result.status == 23)
      let found = try succeed("find", [sandbox.path("d"), "-mindepth", "1", "-printf", "%P\\n"])
      #expect(found.outputText == "there\n")
    }
  }
}
