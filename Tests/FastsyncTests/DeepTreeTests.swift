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

  private func makeSource(_ sandbox: Sandbox, _ levels: Int) throws -> String {
    let source = try sandbox.makeDirectory("source-\(levels)")
    try NastyTree(seed: testSeed).makeDeep(OpenDirectory(source), levels: levels, nameBytes: 1)
    return source
  }

  /// The command with few descriptors.
  private func limited(_ descriptors: Int, _ arguments: [String]) -> [String] {
    ["-c", "ulimit -n \(descriptors) && exec \"$0\" \"$@\"", fastsyncBinary] + arguments
  }

  @Test(arguments: engines, [32, 100]) func withFewDescriptors(
    _ engine: String,
    _ descriptors: Int
  ) throws {
    try withSandbox { sandbox in
      let source = try makeSource(sandbox, 20_000)
      let target = sandbox.path("target")
      let words = ["--io-engine=\(engine)", "\(source)/", "\(target)/"]
      for round in ["first", "second"] {
        let result = try run("sh", limited(descriptors, words), timeoutSeconds: 300)
        #expect(result.status == 0 && result.standardError == [], "\(result.errorText) \(round)")
      }
      expectNone(try TreeComparer.differences(source, target), "\(words)")
    }
  }

  /// A level costs the same wherever it lies; both runs go beyond what is kept open.
  @Test(
    .enabled(if: has("strace"), "strace is not installed"),
    arguments: [32, 100],
    [[], ["--profile=hdd"], ["-n"]]
  )
  func opensGrowWithTheDepth(_ descriptors: Int, _ options: [String]) throws {
    try withSandbox { sandbox in
      let opens = try [400, 800].map { levels in
        let source = try makeSource(sandbox, levels)
        let log = sandbox.path("log-\(levels)")
        let words = options + ["--io-engine=sync", "\(source)/", "\(source)-copy/"]
        let trace = ["-f", "-e", "trace=openat,openat2", "-o", log, "sh"]
        try succeed("strace", trace + limited(descriptors, words))
        return TracedCall.parse(try succeed("cat", [log]).outputText).count
      }
      #expect(opens[1] < opens[0] * 5 / 2, "\(opens)")
    }
  }
}
