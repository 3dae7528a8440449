// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import fastsync

/// Sizes as rsync reads them.
@Suite struct RsyncSizeTests {
  static let sizes: [(String, Int)] = [
    ("", 0), ("0", 0), ("1", 1), ("1b", 1), ("1k", 1024), ("1K", 1024), ("1kb", 1000),
    ("1kib", 1024), ("1.5m", 1_572_864), ("1.5mb-1", 1_499_999), ("2g+1", 2_147_483_649),
    (".5k", 512), ("5.", 5), ("1t", 1 << 40), ("1p", 1 << 50), ("8191p", 8191 << 50), ("b", 0),
    ("1m-1", 1_048_575),
  ]

  @Test(arguments: sizes) func isRead(_ text: String, _ bytes: Int) throws {
    #expect(try RsyncSize.parse(Array(text.utf8)) == bytes)
  }

  static let wrong: [(String, RsyncSize.Problem)] = [
    ("x", .invalid), ("+1", .invalid), ("1x", .invalid), ("1k+2", .invalid), ("1e3", .invalid),
    ("1.5.5", .invalid), ("+", .invalid), ("1k+", .invalid), ("-1", .tooLarge(most: nil)),
    ("8192p", .tooLarge(most: nil)), ("0-1", .tooLarge(most: nil)),
  ]

  @Test(arguments: wrong) func isRefused(_ text: String, _ problem: RsyncSize.Problem) {
    #expect(throws: problem) { try RsyncSize.parse(Array(text.utf8)) }
  }

  @Test func limitsAreHeld() throws {
    func parse(_ text: String) throws(RsyncSize.Problem) -> Int {
      try RsyncSize.parse(Array(text.utf8), .kilo, least: 512, most: 1 << 20, mayBeZero: true)
    }
    #expect(try parse("1") == 1024)
    #expect(try parse("0") == 0)
    #expect(throws: RsyncSize.Problem.tooSmall(least: 512)) { try parse("100b") }
    #expect(throws: RsyncSize.Problem.tooLarge(most: 1 << 20)) { try parse("1m+1") }
    #expect(RsyncSize.text(1 << 17) == "128.00K" && RsyncSize.text(512) == "512")
    #expect(RsyncSize.text(1 << 20) == "1.00M")
  }
}
