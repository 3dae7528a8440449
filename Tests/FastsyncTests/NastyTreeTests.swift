// SPDX-License-Identifier: Apache-2.0

import Testing

/// The nasty tree must be what it says, or the suites that copy it are about nothing.
@Suite struct NastyTreeTests {
  @Test func oneSeedGivesOneTree() throws {
    try withSandbox { sandbox in
      for name in ["one", "two"] {
        var tree = NastyTree(seed: 5)
        try tree.make(at: sandbox.makeDirectory(name))
        for what in tree.leftOut { print("the nasty tree lacks \(what)") }
      }
      let aspects: TreeComparer.Aspects = [.modes, .owners, .attributes, .hardLinks, .holes]
      try expectSame(sandbox.path("one"), sandbox.path("two"), aspects)
    }
  }

  /// What `cp -a` carries over must satisfy both judges, or they ask for what nobody can give.
  @Test func bothJudgesAcceptAnotherCopier() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      var tree = NastyTree(seed: 6)
      try tree.make(at: source)
      // cp cannot reach the one, and writes zeros into the other.
      try succeed("rm", ["-r", "\(source)/deep", "\(source)/sparse/unwritten"])
      try succeed("cp", ["-a", source, sandbox.path("target")])
      try expectSame(source, sandbox.path("target"), beyondRsync: NastyTree.beyondRsync)
    }
  }
}
