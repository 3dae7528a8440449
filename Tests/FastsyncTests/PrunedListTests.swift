// SPDX-License-Identifier: Apache-2.0

import Testing

/// What was listed fills the directories that it lies in (`-m` with `--files-from` and `-R`).
@Suite(.enabled(if: RsyncTwin.obstacle == nil, "rsync is not installed"))
struct PrunedListTests {
  private static let script = """
    mkdir -p s/deep/er s/e/f s/x/y d/deep; echo 1 > s/deep/r; : > d/deep/r; echo z > s/z
    echo 1 > s/deep/er/f; echo 2 > s/x/y/g; ln -s nowhere s/e/link
    touch -hd 2020-01-01 s/* s/*/* s/*/*/*; touch -d 2019-01-01 d/deep/r d/deep d
    """

  static let lists = [
    "deep/r", "deep/r missing", "deep/r z", "deep", "deep/", "e", "e/", "e/f", "e/f/", "x", "x/",
    "x/y", "x/y/", "deep/er", "e deep/er/f", "deep/er/missing", "e/link", "deep/r deep/er/",
  ]

  @Test(arguments: lists, ["-tm", "-rtm", "-am", "-rtm --no-R", "-dtm", "-ltm --no-d"])
  func listed(names: String, options: String) throws {
    let list = names.split(separator: " ").joined(separator: "\\n")
    let twin = RsyncTwin(script: Self.script + "\nprintf '\(list)\\n' > list", aspects: [.modes])
    try twin.compare("\(options) --files-from=list S D")
  }

  @Test(arguments: [
    "-aRm s/deep/r D", "-tRm s/deep/r D", "-tRm s/e/f D", "-dtm S D", "-dtm s/deep/ D",
    "-dtRm s/deep/ D", "-dtRm s/e/ D", "-tm s/deep D", "-dm s/e D", "-aRm s/e/link s/x/./y D",
  ])
  func operands(line: String) throws {
    try RsyncTwin(script: Self.script, aspects: [.modes]).compare(line)
  }

  /// A directory is looked through also where a link leads to it.
  @Test(arguments: ["-amk", "-amL", "-am --copy-unsafe-links"]) func links(options: String) throws {
    let links = """

      rm s/e/link; mkdir -p o/full; : > o/full/f; ln -s ../o/full s/full
      """
    try RsyncTwin(script: Self.script + links, aspects: [.modes]).compare("\(options) s/ D")
    try RsyncTwin(script: Self.script + links, aspects: [.modes]).compare("\(options) s/./full D")
  }
}
