// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite("Sources are taken apart as the compiler does it")
struct ScanTests {
  private func code(_ text: String, _ path: String = "a.swift") -> String {
    let file = SourceFile(path: path, bytes: Array(text.utf8))
    #expect(file.code.count == text.utf8.count)
    return file.tokens.map(\.text).joined(separator: " ")
  }

  @Test(arguments: [
    ("a // b\nc", "a c"), ("a /* b /* c */ d */ e", "a e"), ("a /** \" */ b", "a b"),
    ("a \"b\" c", "a c"), ("a \"\\\"b\" c", "a c"), ("a \"\" b", "a b"), ("a \"// b\" c", "a c"),
    ("a #\"b\"c\"# d", "a d"), ("a ##\"\"#b\"## c", "a c"), ("a #\"\\(b)\"# c", "a c"),
    ("a \"b\\(c)d\" e", "a c e"), ("a \"\\(b(\"c)\") + d)\" e", "a b ( ) + d e"),
    ("a #\"\\#(b)\"# c", "a b c"), ("a \"\"\"\n\\(b // \"\n) c\n\"\"\" d", "a b d"),
    ("a \"\"\"\nb \"c\" // d\n\\(e)\n\"\"\" f", "a e f"),
    ("a #\"\"\"\n\\(b) \"\"\" c\n\"\"\"# d", "a d"), ("a #\"\"\"# b", "a b"),
    ("#if a\nb", "# if a b"), ("a \"b\nc", "a c"), ("a / b", "a / b"),
  ])
  func swiftCode(_ text: String, _ tokens: String) {
    #expect(code(text) == tokens)
  }

  @Test(arguments: [
    ("a /* b /* c */ d", "a d"), ("a '\"' b", "a b"), ("a '\\'' b", "a b"), ("a \"'\" b", "a b"),
    ("#define a \\\n b\nc", "c"), ("  #include <a>\nb // c", "b"),
  ])
  func cCode(_ text: String, _ tokens: String) {
    #expect(code(text, "a.c") == tokens)
  }

  @Test func linesAreKept() {
    let text = "/*\n*/ a\n\"\"\"\n\n\"\"\"\nb // c"
    let file = SourceFile(path: "a.swift", bytes: Array(text.utf8))
    #expect(file.tokens.map(\.line) == [2, 6])
    #expect(file.lineCount == 6)
  }

  @Test func commentsAreApart() {
    let file = SourceFile(path: "a.swift", bytes: Array("a \"b\" // c".utf8))
    #expect(String(decoding: file.comments, as: UTF8.self) == "      // c")
  }

  @Test func typesHaveTheNamesOfThoseAround() {
    let text = """
      public struct A: B { enum C { case d } }
      extension A.C { private final class E { } }
      typealias F = A
      func f() { a.class; struct G { } }
      """
    let types = TypeDeclaration.all(in: Token.all(in: Array(text.utf8)))
    #expect(types.map(\.name) == ["A", "A.C", "A.C", "A.C.E", "F", "G"])
    #expect(types.map(\.isOutermost) == [true, false, true, false, true, false])
    #expect(types.filter(\.isExtension).map(\.line) == [2])
    #expect(types.filter(\.isPrivate).map(\.name) == ["A.C.E"])
  }

  @Test func parametersStandForTypes() {
    let text = """
      struct A<B: Q & ~Copyable, let count: Int> { init<C>(_ c: C) where C: D { } }
      protocol E<F> { associatedtype F; func f<each G>(_ a: repeat each G) -> H<I, J> }
      """
    let names = TypeDeclaration.parameters(in: Token.all(in: Array(text.utf8)))
    #expect(names == ["B", "C", "F", "G"])
  }

  @Test func placesOfFiles() {
    let file = SourceFile(path: "Sources/CopyEngine/Walk/Inner/A.swift", bytes: [])
    #expect(file.module == "CopyEngine" && file.room == "Walk" && file.key == "CopyEngine/A.swift")
    let flat = SourceFile(path: "Sources/CopyEngine/A.swift", bytes: [])
    #expect(flat.module == "CopyEngine" && flat.room == nil)
    #expect(SourceFile(path: "CLiburing/a.c", bytes: []).module == nil)
  }
}
