// SPDX-License-Identifier: Apache-2.0

import Testing

/// What `%C` shows where a file is not a plain one that stays as it is.
@Suite(.enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed"))
struct ShownChecksumTests {
  private func lines(_ program: String, _ words: [String], _ sandbox: Sandbox) throws -> [String] {
    try succeed("rm", ["-rf", sandbox.path("t")])
    let result = try run(program, words + ["s/", "t/"], directory: sandbox.path)
    #expect(result.status == 0, "\(words) \(result.errorText)")
    return result.outputText.split(separator: "\n").filter { $0.contains("|") }.map(String.init)
  }

  /// A device without an end counts as empty.
  @Test(.enabled(if: isRoot, "only root can make devices"), arguments: ["-a", "-acn"])
  func devicesWithoutAnEnd(_ options: String) throws {
    try withSandbox { sandbox in
      try succeed("mkdir", [sandbox.path("s")])
      try succeed("mknod", [sandbox.path("s/zero"), "c", "1", "5"])
      let words = [options, "--copy-devices", "--out-format=%C|%n"]
      let theirs = try lines("rsync", words, sandbox).filter { $0.hasSuffix("zero") }
      let ours = try lines(fastsyncBinary, words, sandbox).filter { $0.hasSuffix("zero") }
      #expect(ours == theirs)
    }
  }

  /// Beside the name of another one `auto` is MD5.
  @Test(
    arguments: ["auto,sha1", "sha1,auto", "auto,md5", "xxh64,AUTO", "auto,auto", "AUTO"],
    ["-a", "-ac"]
  )
  func automatic(_ choice: String, _ options: String) throws {
    try withSandbox { sandbox in
      try succeed("sh", ["-c", "mkdir $1; echo x >$1/a", "sh", sandbox.path("s")])
      let words = [options, "--cc=\(choice)", "--out-format=%C|%n"]
      let theirs = try lines("rsync", words, sandbox)
      #expect(try lines(fastsyncBinary, words, sandbox) == theirs)
    }
  }

  /// What may not be read has no checksum: that is no failure, and keeps nothing that is to go.
  @Test(.enabled(if: isRoot, "only root can become another user"))
  func whatMayNotBeRead() throws {
    try withSandbox { sandbox in
      let script = "cd $1; mkdir s t; echo x >s/a; echo y >t/gone; chmod 0 s/a; chown -R 65534 ."
      try succeed("sh", ["-c", script, "sh", sandbox.path])
      let words = ["-rcn", "--delete-after", "--out-format=%C|%n", "s/", "t/"]
      let result = try fastsync(words, user: 65534, directory: sandbox.path, timeoutSeconds: 60)
      #expect(result.status == 0, "\(result.errorText)")
      let blank = String(repeating: " ", count: 32)
      let lines = result.outputText.split(separator: "\n")
      #expect(lines.contains("\(blank)|a") && lines.contains("deleting gone"), "\(lines)")
    }
  }

  /// Nothing is read for a line that is not written.
  @Test(.enabled(if: has("strace"), "strace is not installed"))
  func onlyWhatIsShownIsRead() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("s")
      try succeed("sh", ["-c", "echo x >$1/a", "sh", source])
      func opened(_ options: [String]) throws -> Int {
        let words = ["-rn"] + options + ["\(source)/", sandbox.path("t/")]
        return try sandbox.trace("openat2", words).filter { $0.is("openat2", "\"a\"") }.count
      }
      let log = "--log-file=\(sandbox.path("log"))"
      let none = try opened(["--out-format=%n"])
      #expect(try opened(["-q", "--out-format=%C"]) == none)
      #expect(try opened(["-c", log, "--log-file-format=%C", "--out-format=%n"]) == none)
      #expect(try opened(["-c", "--out-format=%C"]) > none)
    }
  }
}
