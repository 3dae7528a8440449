// SPDX-License-Identifier: Apache-2.0

/// The arrows between targets, by their imports.
enum ImportRules {
  /// The modules that each module of Sources may import: `CLiburing <- Kernel <- { Uring, Storage,
  /// FileTree } <- CopyEngine <- fastsync`.
  static let allowed: [String: Set<String>] = [
    "Kernel": ["CLiburing", "Glibc", "SystemPackage", "Synchronization"],
    "Uring": ["Kernel", "CLiburing", "SystemPackage"],
    "Storage": ["Kernel", "SystemPackage", "Synchronization"],
    "FileTree": ["Kernel", "SystemPackage", "Synchronization"],
    "CopyEngine": ["Kernel", "Uring", "Storage", "FileTree", "SystemPackage", "Synchronization"],
    "fastsync": [
      "CopyEngine", "FileTree", "Kernel", "Storage", "CLiburing", "Glibc", "SystemPackage",
      "Synchronization",
    ],
  ]

  /// What can stand between `import` and a module, when only one declaration is imported.
  private static let kinds: Set<String> = [
    "struct", "class", "enum", "protocol", "typealias", "func", "var", "let",
  ]

  static func imports(
    in repository: Repository,
    allowed: [String: Set<String>] = allowed
  ) -> [Complaint] {
    repository.sources.flatMap { file -> [Complaint] in
      guard let module = file.module, let mayImport = allowed[module] else {
        return [Complaint(file.path, 1, "the table of imports does not have this module")]
      }
      return modules(of: file).compactMap { imported, line in
        guard !mayImport.contains(imported) else { return nil }
        if imported.hasPrefix("Foundation") {
          return Complaint(file.path, line, "\(imported) makes the command start slowly")
        }
        return Complaint(file.path, line, "\(module) may not import \(imported)")
      }
    }
  }

  /// The modules that a file imports, and the lines that say so.
  private static func modules(of file: SourceFile) -> [(name: String, line: Int)] {
    let tokens = file.tokens
    return tokens.indices.compactMap { index in
      guard tokens.isKeyword(index, ["import"]) else { return nil }
      let next = kinds.contains(tokens.text(index + 1)) ? index + 2 : index + 1
      return (tokens.text(next), tokens[index].line)
    }
  }
}
