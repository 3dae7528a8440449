// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite("Targets import only what lies below them")
struct ImportTests {
  @Test func importsGoOneWay() throws {
    expectNone(ImportRules.imports(in: try Repository.here.get()))
  }

  @Test func tableHasNoCycle() {
    let graph = ImportRules.allowed.mapValues { $0.intersection(ImportRules.allowed.keys) }
    #expect(Cycle.first(in: graph) == nil)
  }

  @Test(arguments: [
    ("Sources/Kernel/A.swift", "internal import CLiburing\npublic import Glibc", []),
    ("Sources/FileTree/A.swift", "// import Uring\nlet a = \"import Uring\"", []),
    ("Sources/FileTree/A.swift", "internal import Uring", ["Sources/FileTree/A.swift:1"]),
    ("Sources/CopyEngine/Walk/A.swift", "\nimport Glibc", ["Sources/CopyEngine/Walk/A.swift:2"]),
    ("Sources/Uring/A.swift", "import struct Storage.Disk", ["Sources/Uring/A.swift:1"]),
    ("Tests/UringTests/A.swift", "@testable import CopyEngine", []),
  ])
  func anArrowUpwardsIsFound(_ path: String, _ text: String, _ places: [String]) {
    let found = ImportRules.imports(in: Repository([path: text]))
    expectOnly(found, places, saying: "may not import")
  }

  @Test func foundationIsFound() {
    for module in ["Foundation", "FoundationEssentials"] {
      let repository = Repository(["Sources/fastsync/A.swift": "import \(module)"])
      let found = ImportRules.imports(in: repository)
      expectOnly(found, ["Sources/fastsync/A.swift:1"], saying: "\(module) makes")
    }
  }

  @Test func anUnknownModuleIsFound() {
    let found = ImportRules.imports(in: Repository(["Sources/New/A.swift": ""]))
    expectOnly(found, ["Sources/New/A.swift:1"], saying: "does not have this module")
  }
}
