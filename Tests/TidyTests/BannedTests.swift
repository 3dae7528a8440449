// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite("Banned calls and words are not used")
struct BannedTests {
  @Test func codeHasNoBannedCall() throws {
    expectNone(BannedRules.code(in: try Repository.here.get()))
  }

  @Test func textHasNoBannedWord() throws {
    expectNone(BannedRules.words(in: try Repository.here.get()))
  }

  @Test func fewFilesKnowOfDryRuns() throws {
    expectNone(BannedRules.dryRuns(in: try Repository.here.get()))
  }

  @Test func testsDoNotWaitByTime() throws {
    expectNone(SleepRules.sleeps(in: try Repository.here.get()))
  }

  @Test(arguments: [
    "let a = try! f()", "let a = b as! C", "fatalError(\"a\")", "print(a)", "Swift.print(a)",
    "DispatchQueue.main", "Task { }", "Task.detached { }", "func f() async", "await f()",
    "let a = \"\\(try! f())\"", "dump(a)", "debugPrint(a)",
  ])
  func aBannedCallIsFound(_ text: String) {
    let found = BannedRules.code(in: Repository(["Sources/A/A.swift": "\n\(text)"]))
    expectOnly(found, ["Sources/A/A.swift:2"], saying: "is banned")
  }

  @Test(arguments: [
    "let a = try? f()", "let a = b as? C", "output.print(a)", "func print(_ a: Int)",
    "blueprint(a)",
    "// print(a)", "let a = \"await\"", "let awaited = 1", "if Task != nil { }",
  ])
  func whatIsNotBannedIsLeft(_ text: String) {
    #expect(BannedRules.code(in: Repository(["Sources/A/A.swift": text])).isEmpty)
    #expect(BannedRules.code(in: Repository(["Tests/ATests/A.swift": "print(a)"])).isEmpty)
  }

  @Test(arguments: BannedRules.words.sorted())
  func aBannedWordIsFound(_ word: String) {
    for path in ["Sources/A/A.swift", "CLiburing/a.c"] {
      let text = "// \(word)S and \(word.lowercased())\n// \(word): later\n"
      expectOnly(BannedRules.words(in: Repository([path: text])), ["\(path):2"], saying: word)
    }
  }

  @Test func aDryRunIsFound() {
    let texts = ["Sources/A/A.swift": "// isDryRun\na.isDryRun", "Sources/A/B.swift": "isDryRun"]
    let found = BannedRules.dryRuns(in: Repository(texts), allowed: ["A/B.swift"])
    expectOnly(found, ["Sources/A/A.swift:2"], saying: "isDryRun is asked")
    let stale = BannedRules.dryRuns(in: Repository([:]), allowed: ["A/B.swift"])
    expectOnly(stale, ["Tests/TidyTests/BannedRules.swift:1"], saying: "A/B.swift is stale")
  }

  @Test(arguments: ["usleep(1)", "sleep(1)", "Thread.sleep(1)", "try await Task.sleep(for: a)"])
  func aSleepIsFound(_ text: String) {
    let path = "Tests/ATests/A.swift"
    let repository = Repository([path: "// sleep(1)\n\(text)"])
    let found = SleepRules.sleeps(in: repository, allowed: [:])
    expectOnly(found, ["\(path):2"], saying: "waits by time")
    let one = [path: SleepRules.Allowed(count: 1, reason: "it polls")]
    #expect(SleepRules.sleeps(in: repository, allowed: one).isEmpty)
    let two = [path: SleepRules.Allowed(count: 2, reason: "it polls")]
    let stale = SleepRules.sleeps(in: repository, allowed: two)
    expectOnly(stale, ["Tests/TidyTests/SleepRules.swift:1"], saying: "it sleeps 1 times")
  }
}
