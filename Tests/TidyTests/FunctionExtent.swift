// SPDX-License-Identifier: Apache-2.0

/// The lines of a function with a body; closures in it belong to it.
struct FunctionExtent: Equatable {
  let name: String
  /// The line of `func`, `init`, `deinit` or `subscript`, or the first one of a C function.
  let line: Int
  /// The line of the brace that closes the body.
  let endLine: Int

  var lineCount: Int { endLine - line + 1 }

  /// The functions of a file, in their order.
  static func all(in file: SourceFile) -> [FunctionExtent] {
    file.isSwift ? swift(file.tokens) : c(file.tokens)
  }

  private static let keywords: Set<String> = ["func", "init", "deinit", "subscript"]

  /// What begins the next declaration: the one before is a requirement of a protocol, without body.
  private static let nextKeywords: Set<String> = keywords.union([
    "var", "let", "case", "associatedtype", "typealias", "static", "mutating", "nonmutating",
    "public", "internal", "private", "fileprivate", "package", "struct", "class", "enum",
    "extension", "protocol", "actor", "import",
  ])

  private static func swift(_ tokens: [Token]) -> [FunctionExtent] {
    tokens.indices.compactMap { index in
      guard tokens.isKeyword(index, keywords), let opening = body(in: tokens, after: index) else {
        return nil
      }
      let keyword = tokens[index].text
      return FunctionExtent(
        name: keyword == "func" ? tokens.text(index + 1) : keyword,
        line: tokens[index].line,
        endLine: tokens[tokens.closing(opening)].line
      )
    }
  }

  /// The brace that opens the body of the function whose keyword is at an index.
  private static func body(in tokens: [Token], after keyword: Int) -> Int? {
    // The name can be one that is a keyword elsewhere.
    var index = tokens[keyword].text == "func" ? keyword + 2 : keyword + 1
    while index < tokens.count {
      switch tokens[index].text {
      case "{": return index
      case "}": return nil
      case "(", "[": index = tokens.closing(index) + 1
      default:
        if tokens.isKeyword(index, nextKeywords) { return nil }
        index += 1
      }
    }
    return nil
  }

  /// A C function's body is the outermost brace that follows a parenthesis.
  private static func c(_ tokens: [Token]) -> [FunctionExtent] {
    var found: [FunctionExtent] = []
    var start = 0
    var index = 0
    while index < tokens.count {
      switch tokens[index].text {
      case ";": start = index + 1
      case "{":
        let end = tokens.closing(index)
        if tokens.text(index - 1) == ")" {
          let name = tokens[start..<index].firstIndex { $0.text == "(" }
          found.append(
            FunctionExtent(
              name: tokens.text((name ?? 0) - 1),
              line: tokens[start].line,
              endLine: tokens[end].line
            )
          )
          start = end + 1
        }
        index = end
      default: break
      }
      index += 1
    }
    return found
  }
}
