// SPDX-License-Identifier: Apache-2.0

/// Where files lie: in a target, and at the top of the repository only what belongs there.
enum LayoutRules {
  /// What the top of the repository has, besides names that begin with a dot.
  static let top: Set<String> = [
    "Package.swift", "Sources", "Tests", "CLiburing", "bench", "docs", "cluster", "Makefile",
    "README.md", "LICENSE",
  ]

  /// What git leaves out, and tools put there.
  static let ignored: Set<String> = ["Package.resolved", "__pycache__"]

  static func topLevel(in repository: Repository) -> [Complaint] {
    repository.paths.filter { !$0.contains("/") && !$0.hasPrefix(".") }.sorted()
      .filter { !top.contains($0) && !ignored.contains($0) }
      .map { Complaint($0, 1, "this does not belong to the top of the repository") }
  }

  /// Swift files that no target compiles, and targets without a file.
  static func targets(in repository: Repository) -> [Complaint] {
    guard let manifest = repository.file("Package.swift") else {
      return [Complaint("Package.swift", 1, "there is no manifest")]
    }
    let targets = targets(of: manifest)
    // A package inside of this one has a manifest for its own files.
    let packages = repository.files.filter { $0.path.hasSuffix("/Package.swift") }
    let folders = targets.map(\.folder) + packages.map { String($0.path.dropLast(14)) }
    let orphans = repository.files.filter { file in
      file.isSwift && file.path != manifest.path
        && !folders.contains { file.path.hasPrefix("\($0)/") }
    }
    let empty = targets.filter { target in
      !repository.code.contains { $0.path.hasPrefix("\(target.folder)/") }
    }
    return orphans.map { Complaint($0.path, 1, "no target compiles this file") }
      + empty.map { Complaint(manifest.path, $0.line, "\($0.folder) has no file to compile") }
  }

  private static let kinds: Set<String> = ["target", "executableTarget", "testTarget"]

  /// The folders of the targets, and the lines of the manifest that declare them.
  private static func targets(of manifest: SourceFile) -> [(folder: String, line: Int)] {
    let tokens = manifest.tokens
    return tokens.indices.compactMap { index in
      guard kinds.contains(tokens[index].text), tokens.text(index - 1) == ".",
        tokens.text(index + 1) == "(",
        let name = argument("name", of: manifest, call: index + 1)
      else { return nil }
      let parent = tokens[index].text == "testTarget" ? "Tests" : "Sources"
      let path = argument("path", of: manifest, call: index + 1)
      return (path ?? "\(parent)/\(name)", tokens[index].line)
    }
  }

  /// The text of an argument of the call whose parenthesis is at an index.
  private static func argument(_ label: String, of file: SourceFile, call opening: Int) -> String? {
    let tokens = file.tokens
    var index = opening + 1
    let end = tokens.closing(opening)
    while index < end {
      if tokens.match([label, ":"], at: index) {
        let quote = UInt8(ascii: "\"")
        let literal = file.bytes[tokens[index + 1].offset...].drop { $0 != quote }.dropFirst()
        return String(decoding: literal.prefix { $0 != quote }, as: UTF8.self)
      }
      // What is in brackets is about something else, such as a product of a package.
      let isNested = ["(", "["].contains(tokens[index].text)
      index = isNested ? tokens.closing(index) + 1 : index + 1
    }
    return nil
  }
}
