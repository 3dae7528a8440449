// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite("Files lie where they belong")
struct LayoutTests {
  /// Rules would find nothing in a repository that is not there.
  @Test(arguments: [
    "Package.swift", "README.md", "Tests/TidyTests/LayoutTests.swift", "CLiburing/ring.c",
    "CLiburing/include/ring.h", "docs/architecture.md", "bench/README.md", "bench/run", ".ci/run",
  ])
  func repositoryIsRead(_ path: String) throws {
    #expect(try Repository.here.get().file(path) != nil)
  }

  @Test func topLevelHasOnlyWhatBelongsThere() throws {
    expectNone(LayoutRules.topLevel(in: try Repository.here.get()))
  }

  @Test func swiftFilesAreInTargets() throws {
    expectNone(LayoutRules.targets(in: try Repository.here.get()))
  }

  @Test func aStrayEntryIsFound() {
    let repository = Repository(
      ["Package.swift": "", "PLAN.md": "", "Sources/A/A.swift": ""],
      present: [".build-1", ".ci/run", "Package.resolved", "notes/a"]
    )
    let found = LayoutRules.topLevel(in: repository)
    expectOnly(found, ["PLAN.md:1", "notes:1"], saying: "does not belong")
  }

  private let manifest = """
    let package = Package(
      name: "Sources",
      targets: [
        // .target(name: "Comment")
        .target(name: "A", dependencies: [.product(name: "B", package: "b", path: "c")]),
        .testTarget(name: "ATests", dependencies: [.target(name: "A")]),
        .target(name: "Helper", path: "Tests/Help"),
      ]
    )
    """

  @Test func filesOfTargetsAreLeft() {
    let texts = [
      "Package.swift": manifest, "Sources/A/Room/A.swift": "", "Tests/ATests/A.swift": "",
      "Tests/Help/A.swift": "", "bench/Package.swift": "", "bench/Sources/B/B.swift": "",
    ]
    #expect(LayoutRules.targets(in: Repository(texts)).isEmpty)
  }

  @Test func anOrphanIsFound() {
    let orphans = ["Sources/A.swift", "Sources/AB/A.swift", "Sources/Comment/A.swift"]
    let texts = [
      "Package.swift": manifest, "Sources/A/A.swift": "", "Tests/ATests/A.swift": "",
      "Tests/Help/A.swift": "",
    ].merging(orphans.map { ($0, "") }) { $1 }
    let found = LayoutRules.targets(in: Repository(texts))
    expectOnly(found, orphans.map { "\($0):1" }, saying: "no target compiles")
  }

  @Test func anEmptyTargetIsFound() {
    let texts = ["Package.swift": manifest, "Sources/A/A.swift": "", "Tests/ATests/A.swift": ""]
    let found = LayoutRules.targets(in: Repository(texts))
    expectOnly(found, ["Package.swift:7"], saying: "Tests/Help has no file")
    expectOnly(LayoutRules.targets(in: Repository([:])), ["Package.swift:1"], saying: "no manifest")
  }
}
