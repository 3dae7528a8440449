// SPDX-License-Identifier: Apache-2.0

/// The links and headings of a Markdown text.
struct Markdown {
  private(set) var links: [(target: String, line: Int)] = []
  /// The anchors that GitHub gives to the headings.
  private(set) var anchors: Set<String> = []

  init(_ bytes: [UInt8]) {
    var isFenced = false
    for (index, line) in SourceFile.lines(bytes).enumerated() {
      let text = String(decoding: line, as: UTF8.self)
      if text.drop(while: { $0 == " " }).hasPrefix("```") {
        isFenced.toggle()
      } else if !isFenced {
        if text.hasPrefix("#") { addAnchor(text) }
        addLinks(Markdown.withoutCode(text), index + 1)
      }
    }
  }

  /// A line without what is between backquotes.
  private static func withoutCode(_ text: String) -> String {
    let parts = text.split(separator: "`", omittingEmptySubsequences: false)
    return parts.enumerated().map { $0.offset.isMultiple(of: 2) ? String($0.element) : "code" }
      .joined()
  }

  /// Lower case, words joined by hyphens, other punctuation left out; namesakes are numbered.
  private mutating func addAnchor(_ heading: String) {
    let words = heading.drop { $0 == "#" }.drop { $0 == " " }
    let name = String(
      words.lowercased().compactMap { character -> Character? in
        if character == " " { return "-" }
        let isKept = character.isLetter || character.isNumber || "-_".contains(character)
        return isKept ? character : nil
      }
    )
    var anchor = name
    var number = 0
    while !anchors.insert(anchor).inserted {
      number += 1
      anchor = "\(name)-\(number)"
    }
  }

  /// Links as in `[words](target)`, `[words](target "title")`, and `[words]: target`.
  private mutating func addLinks(_ text: String, _ line: Int) {
    var rest = text[...]
    if rest.hasPrefix("["), let colon = rest.firstRange(of: "]: ") {
      add(rest[colon.upperBound...], line)
    }
    while let opening = rest.firstRange(of: "](") {
      rest = rest[opening.upperBound...]
      add(rest.prefix { $0 != ")" }, line)
    }
  }

  private mutating func add(_ target: Substring, _ line: Int) {
    let bare = target.drop { $0 == " " || $0 == "<" }.prefix { $0 != " " && $0 != ">" }
    if !bare.isEmpty { links.append((String(bare), line)) }
  }
}
