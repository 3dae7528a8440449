// SPDX-License-Identifier: Apache-2.0

/// A declaration of a Swift type, or an extension of one.
struct TypeDeclaration: Equatable {
  /// The name with those of the types around it, as in `CacheAdvisor.Advice`.
  let name: String
  let line: Int
  let isExtension: Bool
  /// Whether only the file itself can name the type.
  let isPrivate: Bool
  /// Whether no braces are around the declaration.
  let isOutermost: Bool

  private static let keywords: Set<String> = [
    "struct", "class", "enum", "protocol", "actor", "typealias", "extension",
  ]

  /// The declarations of a file, in their order.
  static func all(in tokens: [Token]) -> [TypeDeclaration] {
    var found: [TypeDeclaration] = []
    var outer: [(name: String, depth: Int)] = []
    var pending: String?
    var depth = 0
    for index in tokens.indices {
      switch tokens[index].text {
      case "{":
        depth += 1
        if let name = pending { outer.append((name, depth)) }
        pending = nil
      case "}":
        if outer.last?.depth == depth { outer.removeLast() }
        depth -= 1
      default:
        // `class func` and `class var` declare no type.
        guard tokens.isKeyword(index, keywords), index + 1 < tokens.count,
          tokens[index + 1].isTypeName
        else { continue }
        let keyword = tokens[index].text
        let name = (outer.last.map { "\($0.name)." } ?? "") + path(in: tokens, from: index + 1)
        found.append(
          TypeDeclaration(
            name: name,
            line: tokens[index].line,
            isExtension: keyword == "extension",
            isPrivate: isPrivate(tokens, index),
            isOutermost: depth == 0
          )
        )
        if keyword != "typealias" { pending = name }
      }
    }
    return found
  }

  /// A name with its dots, as extensions have it.
  private static func path(in tokens: [Token], from start: Int) -> String {
    var name = tokens[start].text
    var index = start + 1
    while tokens.text(index) == ".", index + 1 < tokens.count, tokens[index + 1].isTypeName {
      name += ".\(tokens[index + 1].text)"
      index += 2
    }
    return name
  }

  /// Whether a word of the line before the keyword hides the type.
  private static func isPrivate(_ tokens: [Token], _ keyword: Int) -> Bool {
    let line = tokens[keyword].line
    return tokens[..<keyword].reversed().prefix { $0.line == line && $0.text != "{" }
      .contains { $0.text == "private" || $0.text == "fileprivate" }
  }

  /// The names of generic parameters and associated types, which stand for types and are none.
  static func parameters(in tokens: [Token]) -> Set<String> {
    var names: Set<String> = []
    for index in tokens.indices {
      if tokens.isKeyword(index, ["associatedtype"]) { names.insert(tokens.text(index + 1)) }
      let isNamed = tokens.isKeyword(index, keywords.union(["func"]))
      guard isNamed || tokens.isKeyword(index, ["init", "subscript"]) else { continue }
      let opening = isNamed ? index + 2 : index + 1
      if tokens.text(opening) == "<" { names.formUnion(clause(in: tokens, from: opening)) }
    }
    return names
  }

  /// The names that come first in the parts of `<A, B: C, let count: Int>`.
  private static func clause(in tokens: [Token], from opening: Int) -> Set<String> {
    var names: Set<String> = []
    var depth = 0
    var isName = true
    for index in opening..<tokens.count {
      switch tokens[index].text {
      case "<": depth += 1
      case ">":
        depth -= 1
        if depth == 0 { return names }
      case ",": isName = depth == 1
      case ":": isName = false
      default:
        if isName && tokens[index].isTypeName { names.insert(tokens[index].text) }
      }
    }
    return names
  }
}
