// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite("Lines, functions and files have a size that can be read")
struct SizeTests {
  @Test func linesFitIntoTheWidth() throws {
    expectNone(SizeRules.lineWidths(in: try Repository.here.get()))
  }

  @Test func filesAreShort() throws {
    expectNone(SizeRules.fileLengths(in: try Repository.here.get()))
  }

  @Test func functionsAreShort() throws {
    expectNone(SizeRules.functionLengths(in: try Repository.here.get()))
  }

  @Test func theMedianFileIsShort() throws {
    expectNone(SizeRules.medianLength(in: try Repository.here.get()))
  }

  @Test func aWideLineIsFound() {
    let fits = String(repeating: "ä", count: 100)
    let repository = Repository([
      "Sources/A/A.swift": "//\n// \(fits)\n\(fits)\n", "CLiburing/a.c": fits,
    ])
    expectOnly(SizeRules.lineWidths(in: repository), ["Sources/A/A.swift:2"], saying: "103 columns")
  }

  @Test func aLongFileIsFound() {
    let texts = [
      "Sources/A/Long.swift": String(repeating: "\n", count: 351),
      "Sources/A/Table.swift": String(repeating: "\n", count: 400),
      "Sources/A/Short.swift": String(repeating: "\n", count: 350),
    ]
    let repository = Repository(texts)
    let found = SizeRules.fileLengths(in: repository, longFiles: ["A/Table.swift": "a table"])
    expectOnly(found, ["Sources/A/Long.swift:351"], saying: "351 lines")
    let short = Repository(["Sources/A/Short.swift": "\n"])
    let stale = SizeRules.fileLengths(in: short, longFiles: ["A/Short.swift": "a table"])
    expectOnly(stale, ["Tests/TidyTests/SizeRules.swift:1"], saying: "A/Short.swift is stale")
  }

  @Test func theMedianIsFound() {
    let long = String(repeating: "\n", count: 151)
    let texts = ["Sources/A/A.swift": long, "Sources/A/B.swift": long, "Sources/A/C.swift": "\n"]
    let found = SizeRules.medianLength(in: Repository(texts))
    expectOnly(found, ["Sources:1"], saying: "median file has 151 lines")
    let short = ["Sources/A/A.swift": long, "Sources/A/B.swift": "\n", "Sources/A/C.swift": "\n"]
    #expect(SizeRules.medianLength(in: Repository(short)).isEmpty)
    expectOnly(SizeRules.medianLength(in: Repository([:])), ["Sources:1"], saying: "no Swift file")
  }

  /// A function of some lines: the head, the end, and what is between them.
  private func function(_ head: String, _ lines: Int) -> String {
    "\(head) {\n\(String(repeating: "  run { }\n", count: lines - 2))}\n"
  }

  @Test(arguments: [
    "func f(_ a: [Int] = [], then: () -> Void = { }) -> Int", "init?<T>(from other: T) throws",
    "deinit", "subscript(index: Int) -> Int", "static func == (left: Self, right: Self) -> Bool",
  ])
  func aLongFunctionIsFound(_ head: String) {
    for (lines, places) in [(70, []), (71, ["Sources/A/A.swift:2"])] {
      let body = function(head, lines)
      let text = "protocol P { func f(); func g() }\n\(body)\(function("func g()", 3))"
      let found = SizeRules.functionLengths(in: Repository(["Sources/A/A.swift": text]))
      expectOnly(found, places, saying: "has 71 lines")
    }
  }

  @Test func callsOfInitializersAreNoFunctions() {
    let text = "let a = A.init()\n" + function("let b = { B.init(1) }\nfinal class C", 200)
    #expect(SizeRules.functionLengths(in: Repository(["Sources/A/A.swift": text])).isEmpty)
  }

  @Test func aLongFunctionInCIsFound() {
    for (lines, places) in [(70, []), (71, ["CLiburing/a.c:4"])] {
      let head = "#define X(a) \\\n  do { } while (0)\nstruct a { int b; };\nstatic int f(int a)"
      let repository = Repository(["CLiburing/a.c": function(head, lines)])
      expectOnly(SizeRules.functionLengths(in: repository), places, saying: "f has 71 lines")
    }
  }
}
