// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Trees that are deeper than recursion or a descriptor per level can go.
@Suite struct DeepTreeTests {
  @Test(arguments: engines) func threeThousandLevels(_ engine: String) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let tree = NastyTree(seed: testSeed)
      try tree.makeDeep(OpenDirectory(source), levels: 3_000, nameBytes: 10)
      let target = sandbox.path("target")
      let arguments = ["--io-engine=\(engine)", "\(source)/", "\(target)/"]
      try expectFastsync(0, arguments)
      expectNone(try TreeComparer.differences(source, target), "--io-engine=\(engine)")
      try expectFastsync(0, arguments)
      expectNone(try TreeComparer.differences(source, target), "second run, --io-engine=\(engine)")
    }
  }
}
