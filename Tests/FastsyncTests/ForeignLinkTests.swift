// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import fastsync

/// Symbolic links of other users on the way to the target and to what options name, beside rsync.
@Suite(
  .enabled(if: RsyncTwin.obstacle == nil, "rsync is not installed"),
  .enabled(if: isRoot, "only root can make links of others")
)
struct ForeignLinkTests {
  private static let script = """
    mkdir -p s/sub real/sub; echo 1 > s/f; echo 2 > s/g; printf 'f\n' > real/list
    cp -a s/f real/f; echo old > real/sub/x; echo '- g' > real/rules; ln -s real theirs
    chown -h 65534 theirs; ln -s real mine; mkdir t; echo old > t/f; touch -d @0 t/f
    """

  /// Both leave the same, whether they follow the link or not.
  @Test(
    arguments: [
      "s/ LINK/", "s/ LINK/new/", "s/ LINK", "s/f LINK/other", "--mkpath s/ LINK/a/b/",
      "--files-from=LINK/list s/ t/", "--exclude-from=LINK/list s/ t/",
      "--include-from=LINK/list s/ t/", "--backup-dir=../LINK/b --backup s/ t/",
      "--link-dest=../LINK s/ t/", "--copy-dest=../LINK s/ t/", "--log-file=LINK/log s/ t/",
      "--filter=._LINK/rules s/ t/", "LINK/list t/", "LINK/ t/", "s/ LINK/sub/",
      "--files-from=LINK/../theirs/list s/ t/",
    ],
    ["mine", "theirs", "theirs --insecure-links", "theirs --insecure-links --no-insecure-links"]
  )
  func theSameIsFollowed(_ line: String, _ link: String) throws {
    try withSandbox { sandbox in
      let words = link.split(separator: " ").map(String.init)
      var left: [String] = []
      var statuses: [Int32] = []
      var errors = ""
      for program in ["rsync", fastsyncBinary] {
        let place = try sandbox.makeDirectory(program == "rsync" ? "by-rsync" : "by-fastsync")
        try succeed("sh", ["-ec", "cd '\(place)'; \(Self.script)"])
        let typed = line.split(separator: " ").map { word in
          word.split(separator: "LINK", omittingEmptySubsequences: false)
            .joined(separator: words[0])
            .map { $0 == "_" ? " " : $0 }
        }
        let options = ["-rlt"] + words.dropFirst()
        let result = try run(program, options + typed.map { String($0) }, directory: place)
        statuses.append(result.status)
        errors += result.errorText
        let listing =
          "cd '\(place)'; rm -f real/log; find . ! -name log -printf '%p %y %n\\n' | sort"
        left.append(
          try succeed("sh", ["-ec", "\(listing); cat t/f real/f; cat real/other 2>&1 || :"])
            .outputText
        )
      }
      // rsync makes directories before it refuses the way to them, and loses what it cannot put
      // aside.
      let isRefused = words[0] == "theirs" && words.last != "--insecure-links"
      let isExcused =
        line.hasSuffix("LINK/new/") || line.hasPrefix("--mkpath") || line.hasPrefix("--backup")
      if !(isRefused && isExcused) { #expect(left[0] == left[1], "\(line) \(link): \(errors)") }
      if !line.hasPrefix("--backup") { #expect(statuses[0] == statuses[1], "\(errors)") }
    }
  }

  @Test func theErrorSaysWhatToDo() throws {
    try withSandbox { sandbox in
      try succeed("sh", ["-ec", "cd '\(sandbox.path)'; \(Self.script)"])
      let result = try fastsync(["-a", "s/", "theirs/"], directory: sandbox.path)
      #expect(result.status == 3)
      #expect(result.errorText.contains("--insecure-links follows links of other users"))
    }
  }
}
