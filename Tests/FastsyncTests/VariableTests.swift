// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import fastsync

/// What rsync takes from the environment, and means something for a local copy.
@Suite(.enabled(if: RsyncTwin.obstacle == nil, "rsync is not installed"))
struct VariableTests {
  /// Both have the same exit status, and refuse with the same words.
  @Test(arguments: [
    ("RSYNC_MAX_ALLOC=1m", ""), ("RSYNC_MAX_ALLOC=0", ""), ("RSYNC_MAX_ALLOC=1", ""),
    ("RSYNC_MAX_ALLOC=x", ""),
    ("RSYNC_MAX_ALLOC=x", "--max-alloc=2m"), ("RSYNC_MAX_ALLOC=", ""), ("RSYNC_OLD_ARGS=1", "-s"),
    ("RSYNC_OLD_ARGS=2", ""), ("RSYNC_PROTECT_ARGS=1", "--old-args"), ("RSYNC_PROTECT_ARGS=1", ""),
    ("RSYNC_ICONV=.", ""), ("RSYNC_ICONV=-", ""), ("RSYNC_ICONV=", ""),
    ("RSYNC_ICONV=utf8,latin1", "--no-iconv"), ("RSYNC_ICONV=utf8,latin1", "-s --iconv=-"),
    ("RSYNC_RSH=nonsense", ""), ("RSYNC_CHECKSUM_LIST=md5", "-c"),
  ])
  func agreesWithRsync(_ variable: String, _ options: String) throws {
    try withSandbox { sandbox in
      try succeed("sh", ["-ec", "cd '\(sandbox.path)'; mkdir s; echo 1 > s/f"])
      func result(_ program: String, _ target: String) throws -> ProcessResult {
        let words = options.split(separator: " ").map(String.init)
        return try run(
          "env",
          [variable, program, "-a"] + words + ["s/", target],
          directory: sandbox.path
        )
      }
      let theirs = try result("rsync", "by-rsync")
      let ours = try result(fastsyncBinary, "by-fastsync")
      #expect(ours.status == theirs.status, "\(theirs.errorText)\(ours.errorText)")
      guard theirs.status == 1 else { return }
      let told = theirs.errorText.split(separator: "\n").first ?? ""
      #expect(ours.errorText == "fastsync: \(told.dropFirst("rsync: ".count))\n")
    }
  }

  /// Without any option as well; what would convert names is refused.
  @Test(arguments: [("RSYNC_MAX_ALLOC=1", 1), ("RSYNC_ICONV=utf8,latin1", 4)])
  func countsForTheBareCommand(_ variable: String, _ status: Int32) throws {
    try withSandbox { sandbox in
      _ = try sandbox.makeDirectory("s")
      let words = [variable, fastsyncBinary, "s/", "t/"]
      #expect(try run("env", words, directory: sandbox.path).status == status)
    }
  }
}
