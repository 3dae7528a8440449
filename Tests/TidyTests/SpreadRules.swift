// SPDX-License-Identifier: Apache-2.0

/// A type that lies over many files has no one place where it can be read.
enum SpreadRules {
  static let filesMax = 2

  /// Types of a module with declaration and extensions in too many files.
  static func types(in repository: Repository) -> [Complaint] {
    let modules = Dictionary(grouping: repository.code.filter { $0.module != nil }) {
      $0.module ?? ""
    }
    return modules.keys.sorted().flatMap { types(of: modules[$0] ?? []) }
  }

  private static func types(of files: [SourceFile]) -> [Complaint] {
    var declared: [String: (path: String, line: Int)] = [:]
    var paths: [String: [String]] = [:]
    for file in files {
      let types = TypeDeclaration.all(in: file.tokens)
      // A type that a file has for itself is another one than its namesakes elsewhere.
      let own = Set(types.filter { $0.isPrivate && !$0.isExtension }.map(\.name))
      for type in types where !own.contains(type.name) {
        if !type.isExtension { declared[type.name] = (file.path, type.line) }
        if paths[type.name]?.last != file.path { paths[type.name, default: []].append(file.path) }
      }
    }
    return declared.sorted { $0.key < $1.key }.compactMap { name, place in
      guard let files = paths[name], files.count > filesMax else { return nil }
      let others = files.filter { $0 != place.path }.joined(separator: ", ")
      let what = "\(name) lies over \(files.count) files, \(filesMax) are allowed; also \(others)"
      return Complaint(place.path, place.line, what)
    }
  }
}
