// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FileTree

/// Patterns and texts; what is expected follows from rsync's manual.
@Suite struct WildcardPatternTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let pattern: String
    let text: String
    let matches: Bool

    init(_ pattern: String, _ text: String, _ matches: Bool) {
      self.pattern = pattern
      self.text = text
      self.matches = matches
    }

    var testDescription: String { "\(pattern) on \(text)" }
  }

  static let rows: [Row] = [
    Row("foo", "foo", true), Row("foo", "foo2", false), Row("", "", true), Row("", "a", false),
    // A '?' is any byte but a slash.
    Row("???", "foo", true), Row("??", "foo", false), Row("a?c", "a/c", false),
    // A '*' is any number of bytes that are no slashes.
    Row("*", "", true), Row("*", "foo", true), Row("*", "a/b", false), Row("f*", "foo", true),
    Row("*ob*a*r*", "foobar", true), Row("*/b", "a/b", true), Row("*.o", "x.o.c", false),
    Row("a*b", "a/b", false), Row("*a/*b", "xa/yb", true), Row("foo/*/bar", "foo/x/bar", true),
    Row("foo/*/bar", "foo/bar", false), Row("foo/*/bar", "foo/x/y/bar", false),
    // A '**' is any number of bytes.
    Row("**", "a/b/c", true), Row("foo/**/bar", "foo/x/y/bar", true),
    Row("foo/**/bar", "foo/bar", false), Row("foo**bar", "foo/x/bar", true),
    Row("**/b", "/b", true),
    Row("**/b", "b", false), Row("a**b*c", "a/x/b/bxc", true), Row("a**b*c", "a/bx/c", false),
    Row("dir/***", "dir/", true), Row("dir/***", "dir/x/y", true), Row("dir/***", "dir", false),
    // Sets.
    Row("[a-c]x", "bx", true), Row("[a-c]x", "dx", false), Row("[!a-c]x", "dx", true),
    Row("[^a-c]x", "bx", false), Row("[]-]", "]", true), Row("[]-]", "-", true),
    Row("[!]a]", "b", true),
    Row("[!]a]", "]", false), Row("[a-]", "-", true), Row("a[!b]c", "a/c", false),
    Row("[\\]]", "]", true), Row("[\\a-\\c]", "b", true), Row("[,-.]", "-", true),
    Row("[[:alpha:]]", "q", true), Row("[[:alpha:]]", "1", false), Row("[[:digit:]a]", "a", true),
    Row("[[:upper:][:digit:]]", "7", true), Row("[[:upper:][:digit:]]", "x", false),
    Row("[[:space:]]", " ", true), Row("[[:punct:]]", "_", true), Row("[[:xdigit:]]", "F", true),
    Row("[[:nothing:]]", "n", false), Row("[[:alpha]", ":", true), Row("[[:alpha]", "a", true),
    Row("[[:alpha]", "b", false), Row("[[:]", "[", true), Row("[[:]", ":", true),
    Row("[a", "a", false),
    Row("[", "[", false), Row("[!", "a", false), Row("x[", "x", false), Row("[c-a]", "b", false),
    // A backslash takes the meaning from what follows.
    Row("\\*", "*", true), Row("\\*", "a", false), Row("\\?*", "?x", true),
    Row("\\\\*", "\\x", true),
    Row("a\\b*", "ab", true), Row("a*\\", "a\\", false),
    Row("\u{e9}?", "\u{e9}x", true),
  ]

  @Test(arguments: rows)
  func matches(_ row: Row) {
    #expect(
      WildcardPattern(Array(row.pattern.utf8)).matches(Array(row.text.utf8)[...]) == row.matches
    )
  }

  /// What takes other matchers time that doubles with each star.
  @Test func manyStarsEnd() {
    let pattern = String(repeating: "a*", count: 40) + "b"
    let text = String(repeating: "a", count: 4_000)
    #expect(!WildcardPattern(Array(pattern.utf8)).matches(Array(text.utf8)[...]))
  }
}
