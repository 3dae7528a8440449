// SPDX-License-Identifier: Apache-2.0

/// A text file of the repository, with its code apart from its comments and string literals.
struct SourceFile {
  /// The path below the top of the repository.
  let path: String
  let bytes: [UInt8]
  /// The code, comments and strings being spaces; line breaks stay.
  ///
  /// Empty for files that are neither Swift nor C, as are the comments and tokens.
  let code: [UInt8]
  /// The comments, all else being spaces; line breaks stay.
  let comments: [UInt8]
  let tokens: [Token]

  init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
    guard SourceFile.codeSuffixes.contains(where: path.hasSuffix) else {
      (code, comments, tokens) = ([], [], [])
      return
    }
    let kinds = ByteKinds.of(bytes, isSwift: path.hasSuffix(".swift"))
    var code = bytes
    var comments = bytes
    for index in bytes.indices where bytes[index] != UInt8(ascii: "\n") {
      if kinds[index] != .code { code[index] = UInt8(ascii: " ") }
      if kinds[index] != .comment { comments[index] = UInt8(ascii: " ") }
    }
    if path.hasSuffix(".swift") {
      tokens = Token.all(in: code)
    } else {
      tokens = Token.all(in: SourceFile.withoutDirectives(code))
    }
    self.code = code
    self.comments = comments
  }

  private static let codeSuffixes = [".swift", ".c", ".h"]

  var isSwift: Bool { path.hasSuffix(".swift") }
  var isC: Bool { path.hasSuffix(".c") || path.hasSuffix(".h") }
  var isInSources: Bool { path.hasPrefix("Sources/") }
  var isInTests: Bool { path.hasPrefix("Tests/") }

  /// The file's name without folders.
  var name: String { String(path.split(separator: "/").last ?? "") }

  /// The target's folder in Sources or Tests, and nothing elsewhere.
  var module: String? {
    let parts = path.split(separator: "/")
    return (isInSources || isInTests) && parts.count > 2 ? String(parts[1]) : nil
  }

  /// The module and the name of the file, which stay when the file moves to another room.
  var key: String { "\(module ?? "")/\(name)" }

  /// The folder inside of the module, and nothing for a file that lies in none.
  var room: String? {
    let parts = path.split(separator: "/")
    return module != nil && parts.count > 3 ? String(parts[2]) : nil
  }

  /// The lines of the text or of a part of it that has the same line breaks.
  static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  var lineCount: Int { SourceFile.lines(bytes).count }

  /// The C code without lines of the preprocessor, which are no declarations.
  private static func withoutDirectives(_ code: [UInt8]) -> [UInt8] {
    var blanked: [UInt8] = []
    blanked.reserveCapacity(code.count)
    var isContinued = false
    for line in lines(code) {
      let first = line.first { $0 > UInt8(ascii: " ") }
      if isContinued || first == UInt8(ascii: "#") {
        blanked += repeatElement(UInt8(ascii: " "), count: line.count)
        isContinued = line.last == UInt8(ascii: "\\")
      } else {
        blanked += line
      }
      blanked.append(UInt8(ascii: "\n"))
    }
    return blanked
  }
}
