// SPDX-License-Identifier: Apache-2.0

/// The arrows between the rooms of CopyEngine, which are its folders.
enum RoomRules {
  static let module = "CopyEngine"

  /// The rooms whose types each room may name, from the top down.
  static let allowed: [String: Set<String>] = [
    "Setup": ["Walk", "Sync", "Transfer", "Publish", "Run", "API"],
    "BlockDevices": ["Setup", "Transfer", "Publish", "Run", "API"],
    "Walk": ["Sync", "Transfer", "Publish", "Run", "API"],
    "Sync": ["Transfer", "Publish", "Run", "API"],
    "Transfer": ["Publish", "Run", "API"],
    "Publish": ["Run", "API"],
    "Run": ["API"],
    "API": [],
  ]

  /// Single files that may name types of more rooms: the entry to the engine starts what is below.
  static let allowedOfFiles: [String: Set<String>] = [
    "API/TreeCopier.swift": ["Setup", "Walk", "Transfer", "Publish", "Run", "BlockDevices"]
  ]

  /// A file of one room that names a type of another one.
  struct Arrow {
    let file: SourceFile
    let line: Int
    let from: String
    let to: String
    let type: String

    /// Whether a single file has this arrow as an exception.
    var isException: Bool {
      allowedOfFiles["\(from)/\(file.name)"]?.contains(to) ?? false
    }
  }

  /// Files outside of every room, or in one that the table does not have.
  static func unknownRooms(in repository: Repository) -> [Complaint] {
    repository.sources.filter { $0.module == module }.compactMap { file in
      guard let room = file.room else { return Complaint(file.path, 1, "the file is in no room") }
      guard allowed[room] == nil else { return nil }
      return Complaint(file.path, 1, "the table of rooms does not have \(room)")
    }
  }

  static func forbiddenArrows(in repository: Repository) -> [Complaint] {
    arrows(in: repository).compactMap { arrow in
      let isAllowed = arrow.isException || allowed[arrow.from]?.contains(arrow.to) ?? false
      guard !isAllowed else { return nil }
      let what = "\(arrow.from) may not name \(arrow.type) of \(arrow.to)"
      return Complaint(arrow.file.path, arrow.line, what)
    }
  }

  static func cycles(in repository: Repository) -> [Complaint] {
    let arrows = arrows(in: repository).filter { !$0.isException }
    let graph = Dictionary(grouping: arrows, by: \.from).mapValues { Set($0.map(\.to)) }
    guard let cycle = Cycle.first(in: graph) else { return [] }
    let what = "rooms name each other in a cycle: \(cycle.joined(separator: " -> "))"
    return zip(cycle, cycle.dropFirst()).compactMap { from, to in
      arrows.first { $0.from == from && $0.to == to }.map { arrow in
        Complaint(arrow.file.path, arrow.line, "\(what); here \(arrow.type) of \(to)")
      }
    }
  }

  /// All arrows; a file has at most one to each type.
  static func arrows(in repository: Repository) -> [Arrow] {
    let files = repository.sources.filter { $0.module == module && $0.room != nil }
    let rooms = roomsOfTypes(in: files)
    return files.flatMap { file -> [Arrow] in
      guard let from = file.room else { return [] }
      var known: Set<String> = []
      return file.tokens.indices.compactMap { index in
        let token = file.tokens[index]
        guard token.isTypeName, let to = rooms[token.text], to != from,
          file.tokens.text(index - 1) != ".", known.insert(token.text).inserted
        else { return nil }
        return Arrow(file: file, line: token.line, from: from, to: to, type: token.text)
      }
    }
  }

  /// The room of each type that a bare name can only mean: not of names that several rooms declare,
  /// also inside of other types, nor of generic parameters.
  private static func roomsOfTypes(in files: [SourceFile]) -> [String: String] {
    var rooms: [String: Set<String>] = [:]
    var outermost: Set<String> = []
    var parameters: Set<String> = []
    for file in files {
      parameters.formUnion(TypeDeclaration.parameters(in: file.tokens))
      for type in TypeDeclaration.all(in: file.tokens) where !type.isExtension {
        let name = String(type.name.split(separator: ".").last ?? "")
        rooms[name, default: []].insert(file.room ?? "")
        if type.isOutermost && !type.isPrivate { outermost.insert(name) }
      }
    }
    return rooms.filter {
      $0.value.count == 1 && outermost.contains($0.key) && !parameters.contains($0.key)
    }.compactMapValues(\.first)
  }
}
