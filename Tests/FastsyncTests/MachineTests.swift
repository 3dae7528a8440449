// SPDX-License-Identifier: Apache-2.0

import Testing

/// What tests do with less of on some machines.
///
/// Each case that is skipped here says what they leave out.
@Suite struct MachineTests {
  @Test(
    .enabled(if: ringIsAllowed, "io_uring cannot be had: copies are tested by plain calls alone")
  )
  func copiesAreTestedWithBothEngines() {
    #expect(engines == ["uring", "sync"])
  }

  @Test(.enabled(if: RsyncJudge.obstacle == nil, "rsync is not there to judge copies as well"))
  func rsyncJudgesCopies() throws {
    try withSandbox { sandbox in
      let (source, target) = try (sandbox.makeDirectory("source"), sandbox.makeDirectory("target"))
      #expect(try RsyncJudge.complaints(source, target).filter { !$0.contains(" ./") } == [])
      try OpenDirectory(source).makeFile(Bytes(text: "file"), [1])
      #expect(try RsyncJudge.complaints(source, target).contains { $0.hasSuffix(" file") })
    }
  }

  @Test(
    .enabled(
      if: isRoot,
      "trees are without devices, owners, trusted and security attributes, and setgid is not tried"
    )
  )
  func treesHaveWhatOnlyRootCanMake() throws {
    try withSandbox { sandbox in
      var tree = NastyTree(seed: testSeed)
      try tree.make(at: sandbox.makeDirectory("tree"))
      guard tree.leftOut.isEmpty else { try Test.cancel("\(tree.leftOut)") }
    }
  }
}
