// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite("A type lies in at most two files")
struct SpreadTests {
  @Test func typesLieTogether() throws {
    expectNone(SpreadRules.types(in: try Repository.here.get()))
  }

  @Test func aTypeInThreeFilesIsFound() {
    let texts = [
      "Sources/A/A.swift": "extension B { }",
      "Sources/A/B.swift": "\nstruct B { }\nextension B { }",
      "Sources/A/C.swift": "extension B: Equatable { }",
    ]
    let found = SpreadRules.types(in: Repository(texts))
    expectOnly(found, ["Sources/A/B.swift:2"], saying: "B lies over 3 files")
  }

  @Test func anInnerTypeInThreeFilesIsFound() {
    let texts = [
      "Sources/A/A.swift": "struct B { enum C { } }", "Sources/A/B.swift": "extension B.C { }",
      "Sources/A/C.swift": "extension B.C { }",
    ]
    let found = SpreadRules.types(in: Repository(texts))
    expectOnly(found, ["Sources/A/A.swift:1"], saying: "B.C lies over 3 files")
  }

  @Test func whatDoesNotLieTogetherIsLeft() {
    let texts = [
      // Two files.
      "Sources/A/A.swift": "struct A { }\nprivate struct Own { }\nextension String { }",
      "Sources/A/B.swift": "extension A { }\nprivate struct Own { }\nextension String { }",
      // Other types of the name, a type of another module, and a member.
      "Sources/A/C.swift":
        "struct C { struct A { } }\nprivate struct Own { }\nextension String { }",
      "Sources/B/A.swift": "extension A { }",
      "Sources/A/D.swift": "class D { class func f() { } class var a: A { } }",
    ]
    #expect(SpreadRules.types(in: Repository(texts)).isEmpty)
  }
}
