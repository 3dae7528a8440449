// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Where the names of a directory come from.
enum EntrySource: Sendable {
  /// The directory itself, and those below it likewise (`-r`).
  case all
  /// The directory itself; what lies below its directories only as far as it was listed (`-d`).
  case level(ListedNames.Level?)
  /// What was listed (`--files-from`, `--relative`, operands).
  case listed(ListedNames.Level)
  /// Nobody: it is only made.
  case nobody

  /// The names that were listed of the directory.
  var listed: ListedNames.Level? {
    switch self {
    case .level(let below): below
    case .listed(let level): level
    case .all, .nobody: nil
    }
  }

  /// Whether the directory itself is read.
  var isRead: Bool {
    switch self {
    case .all, .level: true
    case .listed, .nobody: false
    }
  }

  /// Whether everything below counts.
  var isAll: Bool {
    if case .all = self { true } else { false }
  }

  /// Whether only some of its names count, and there are some.
  var hasListedNames: Bool {
    if case .listed(let names) = self { names.paths.contains { _ in true } } else { false }
  }

  /// Where the names of a directory below come from.
  func below(_ name: EntryName, _ rules: SyncRules) -> EntrySource {
    switch self {
    case .all: return .all
    case .nobody: return .nobody
    case .level(let level):
      return level?.find(name)?.below.map { .listed($0) } ?? .nobody
    case .listed(let level):
      guard let listed = level.find(name) else { return .nobody }
      if listed.isNamed && rules.isRecursive { return .all }
      if listed.hasContents { return .level(listed.below) }
      return listed.below.map { .listed($0) } ?? .nobody
    }
  }
}

/// How a name came to be visited.
enum EntryOrigin: Sendable {
  /// Its directory has it.
  case found
  /// It was found before the run.
  case known
  /// It was listed, with a slash if it is for what is in it.
  case named(hasContents: Bool)
  /// What was listed lies below it: it is a directory, whatever links lead to it.
  case implied(ListedNames.Level)
}

extension EntrySource {
  /// How a name of the directory came to be visited.
  func origin(of name: EntryName, _ rules: SyncRules) -> EntryOrigin {
    guard case .listed(let level) = self else { return .found }
    guard !level.isKnown, let listed = level.find(name) else { return .known }
    // Where directories are skipped, what was listed below one is copied all the same.
    if listed.isNamed && (rules.takesDirectories || listed.below == nil) {
      return .named(hasContents: listed.hasContents)
    }
    return listed.below.map { .implied($0) } ?? .known
  }
}

/// Reads the names of a directory in batches, from wherever they come.
struct NameReader: ~Copyable {
  private var directory = DirectoryReader()
  private var level: ListedNames.Level?
  /// Where the list goes on behind the batch.
  private var place = 0
  /// The batch of a list, the last name first.
  private var batch: [EntryName] = []

  /// A list is read in batches of so many names.
  private static let listedMax = 512

  init() {}

  /// Goes to a position of an open directory, 0 being its start (`lseek`).
  mutating func seek(
    _ directory: CopyDirectory,
    _ sides: DirectorySides,
    to position: Int64
  ) throws(Errno) {
    guard case .listed(let listed) = directory.names else {
      level = nil
      return try DirectoryReader.seek(sides.source, to: position)
    }
    level = listed
    place = max(listed.first, Int(position))
  }

  /// The position behind the batch.
  func position(of sides: DirectorySides) throws(Errno) -> Int64 {
    guard level == nil else { return Int64(place) }
    return try DirectoryReader.position(of: sides.source)
  }

  /// Reads the next batch (`getdents64`).
  ///
  /// - Returns: Whether there was anything left.
  mutating func fill(from sides: DirectorySides) throws(Errno) -> Bool {
    guard let level else { return try directory.fill(from: sides.source) }
    var names: [EntryName] = []
    while names.count < Self.listedMax, let (name, next) = level.name(at: place) {
      names.append(name.name)
      place = next
    }
    batch = names.reversed()
    return !names.isEmpty
  }

  /// Whether the batch is most likely the last.
  var hasRoom: Bool { level == nil ? directory.hasRoom : batch.count < Self.listedMax }

  /// The next entry of the batch, without `.` and `..`.
  mutating func next() -> DirectoryEntry? {
    guard level != nil else { return directory.next() }
    return batch.popLast().map { DirectoryEntry(listed: $0) }
  }
}
