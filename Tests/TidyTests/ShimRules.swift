// SPDX-License-Identifier: Apache-2.0

/// What the C shim declares is defined there, and used by the Swift above it.
enum ShimRules {
  static let headers = "CLiburing/include/"

  /// A name that a header of the shim declares.
  private struct Declaration {
    enum Kind: String {
      case function, variable, constant, macro
    }

    let kind: Kind
    let name: String
    let path: String
    let line: Int
  }

  static func undefined(in repository: Repository) -> [Complaint] {
    let shim = repository.files.filter { $0.path.hasPrefix("CLiburing/") }
    let defined = shim.reduce(into: Set<String>()) { $0.formUnion(definitions(in: $1)) }
    return declarations(in: repository)
      .filter { $0.kind == .function || $0.kind == .variable }
      .filter { !defined.contains($0.name) }
      .map { Complaint($0.path, $0.line, "the \($0.kind.rawValue) \($0.name) is not defined") }
  }

  static func unused(in repository: Repository) -> [Complaint] {
    let swift = repository.files.filter { $0.isSwift && ($0.isInSources || $0.isInTests) }
    let used = swift.reduce(into: Set<String>()) { used, file in
      for token in file.tokens where isOfShim(token.text) { used.insert(token.text) }
    }
    return declarations(in: repository).filter { !used.contains($0.name) }.map {
      Complaint($0.path, $0.line, "no Swift uses the \($0.kind.rawValue) \($0.name)")
    }
  }

  private static func isOfShim(_ name: String) -> Bool {
    name.hasPrefix("cl_") || name.hasPrefix("CL_")
  }

  private static func declarations(in repository: Repository) -> [Declaration] {
    repository.files.filter { $0.isC && $0.path.hasPrefix(headers) }.flatMap { file in
      constants(of: file) + outermost(of: file) + macros(of: file)
    }
  }

  /// Functions, and variables as in `extern const int32_t cl_name;`.
  private static func outermost(of file: SourceFile) -> [Declaration] {
    let tokens = file.tokens
    return atTop(tokens).compactMap { index in
      guard isOfShim(tokens[index].text), !isTag(index, tokens) else { return nil }
      let kinds = ["(": Declaration.Kind.function, ";": .variable]
      guard let kind = kinds[tokens.text(index + 1)] else { return nil }
      return Declaration(
        kind: kind,
        name: tokens[index].text,
        path: file.path,
        line: tokens[index].line
      )
    }
  }

  /// The names in the braces of enums.
  private static func constants(of file: SourceFile) -> [Declaration] {
    let tokens = file.tokens
    var found: [Declaration] = []
    for index in tokens.indices where tokens[index].text == "enum" {
      let opening = tokens.text(index + 1) == "{" ? index + 1 : index + 2
      guard tokens.text(opening) == "{" else { continue }
      for inner in opening..<tokens.closing(opening) where ["{", ","].contains(tokens[inner].text) {
        let name = tokens.text(inner + 1)
        guard isOfShim(name) else { continue }
        let line = tokens[inner + 1].line
        found.append(Declaration(kind: .constant, name: name, path: file.path, line: line))
      }
    }
    return found
  }

  private static func macros(of file: SourceFile) -> [Declaration] {
    let tokens = Token.all(in: file.code)
    return tokens.indices.compactMap { index in
      guard tokens.match(["#", "define"], at: index), isOfShim(tokens.text(index + 2)) else {
        return nil
      }
      let name = tokens.text(index + 2)
      return Declaration(kind: .macro, name: name, path: file.path, line: tokens[index].line)
    }
  }

  /// Functions with a body, and variables with a value.
  private static func definitions(in file: SourceFile) -> Set<String> {
    let tokens = file.tokens
    let names = atTop(tokens).filter { index in
      guard isOfShim(tokens[index].text), !isTag(index, tokens) else { return false }
      switch tokens.text(index + 1) {
      case "(": return tokens.text(tokens.closing(index + 1) + 1) == "{"
      case "=": return true
      default: return false
      }
    }
    return Set(names.map { tokens[$0].text })
  }

  /// The tokens outside of all brackets.
  private static func atTop(_ tokens: [Token]) -> [Int] {
    var found: [Int] = []
    var index = 0
    while index < tokens.count {
      found.append(index)
      let isOpening = ["{", "(", "["].contains(tokens[index].text)
      index = isOpening ? tokens.closing(index) + 1 : index + 1
    }
    return found
  }

  /// Whether a name is one of a type, as in `struct cl_ring`.
  private static func isTag(_ index: Int, _ tokens: [Token]) -> Bool {
    ["struct", "enum", "union"].contains(tokens.text(index - 1))
  }
}
