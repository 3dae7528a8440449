// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite("Documents lead somewhere, and files have a license")
struct DocumentTests {
  @Test func linksLeadSomewhere() throws {
    expectNone(LinkRules.documents(in: try Repository.here.get()))
  }

  @Test func pathsInCommentsExist() throws {
    expectNone(LinkRules.comments(in: try Repository.here.get()))
  }

  @Test func filesHaveALicense() throws {
    expectNone(HeaderRules.licenses(in: try Repository.here.get()))
  }

  private func pages(_ text: String) -> Repository {
    Repository(["docs/a.md": text, "README.md": "# One: the `first`, 2\n## One\n## One\n"])
  }

  @Test(arguments: [
    "[a](../README.md)", "[a](../README.md#one-the-first-2)", "[a](../README.md#one-1)",
    "[a](#b)\n# b", "[a](https://example.org/b)", "[a](..)", "![a](<a.md> \"title\")", "[a]: a.md",
    "`[a](b.md)`", "```\n[a](b.md)\n```", "[a](mailto:a@b)",
  ])
  func aLivingLinkIsLeft(_ text: String) {
    expectOnly(LinkRules.documents(in: pages(text)), [], saying: "")
  }

  @Test(arguments: [
    "[a](README.md)", "[a](../README.md#two)", "[a](../README.md#one-3)", "[a](#b)", "![a](b.png)",
    "[a]: b.md", "[a](../../README.md)", "`c` [a](a.md) [b](b.md)", "```\n```  [a](b.md)",
    "[a](../docs#b)",
  ])
  func aDeadLinkIsFound(_ text: String) {
    let text = text.replacing("```  ", with: "```\n")
    let repository = pages(text)
    let line = text.split(separator: "\n").count
    let found = LinkRules.documents(in: repository)
    #expect(found.map { "\($0.path):\($0.line)" } == ["docs/a.md:\(line)"])
  }

  @Test func aDeadPathInACommentIsFound() {
    let text = """
      /// See docs/a.md, bench/results/x/b.json and bench/results/...; not somewhere/docs/c.md.
      let a = "docs/c.md" // docs/d.md.
      """
    let texts = ["Sources/A/A.swift": text, "docs/a.md": ""]
    let repository = Repository(texts, present: ["bench/results/x/b.json"])
    let found = LinkRules.comments(in: repository)
    expectOnly(found, ["Sources/A/A.swift:2"], saying: "docs/d.md,")
  }

  @Test func aMissingLicenseIsFound() {
    let license = HeaderRules.license
    let good = [
      "Sources/A/A.swift": "// \(license)\n", "Package.swift": "// tools\n// \(license)\n",
      "bench/run": "#!/bin/sh\n# \(license)\n", "LICENSE": "Apache\n", "README.md": "# a\n",
    ]
    #expect(HeaderRules.licenses(in: Repository(good)).isEmpty)
    let bad = [
      "Makefile": "all:\n", "bench/a.py": "", "bench/run": "#!/bin/sh\necho\n# \(license)\n",
      "CLiburing/a.h": "// Apache\n",
    ]
    let found = HeaderRules.licenses(in: Repository(bad))
    expectOnly(found, bad.keys.sorted().map { "\($0):1" }, saying: license)
  }
}
