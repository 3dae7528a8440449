// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// How much of an entry a tree beside the target has.
enum BasisLevel: Int, Comparable {
  /// Something of its kind.
  case kind
  /// The same contents, as far as a quick check tells.
  case contents
  /// The same contents and all of the metadata that is carried over.
  case exact

  static func < (one: BasisLevel, other: BasisLevel) -> Bool { one.rawValue < other.rawValue }
}

/// What the trees beside the target have of one name, at best.
///
/// It lies apart, since few runs have such trees, and entries are copied on their way.
final class BasisFacts: Sendable {
  /// How much; `nil` where none has anything of its kind.
  let level: BasisLevel?
  /// What the source has otherwise.
  let change: EntryChange
  /// What has it.
  let entry: BasisEntry?

  init(level: BasisLevel?, change: EntryChange = [], entry: BasisEntry? = nil) {
    self.level = level
    self.change = change
    self.entry = entry
  }
}

/// What a tree beside the target has of an entry.
struct BasisEntry: Sendable {
  let sides: BasisSides
  let metadata: EntryMetadata
}

/// The trees of which something was told once.
final class BasisTreesTold: Sendable {
  private let numbers = Lock<Set<Int>>([])

  /// Whether it is told of a tree for the first time.
  func isFirst(_ tree: Int) -> Bool { numbers.withLock { $0.insert(tree).inserted } }
}

extension FoundEntry {
  /// What a tree beside the target has of it, where that is used.
  var basis: BasisEntry? { takesBasis ? facts.basis?.entry : nil }

  /// Where it is in a tree beside the target.
  func location(in basis: BasisEntry) -> EntryLocation {
    EntryLocation(directory: basis.sides.sides.target, name: targetName)
  }

  /// The file that its contents are read from: its own, or one beside the target.
  var contents: EntryLocation { basis.map { location(in: $0) } ?? source }

  /// What that file is.
  var contentsMetadata: EntryMetadata { basis?.metadata ?? metadata }

  /// What its metadata is to be, where a file was opened for its contents.
  func wanted(_ opened: EntryMetadata, _ mapped: WantedMetadata) -> EntryMetadata {
    guard !takesBasis else { return metadata }
    guard mapped.takesStored else { return mapped.metadata(opened) }
    var wanted = opened
    (wanted.mode, wanted.owner, wanted.group) = (metadata.mode, metadata.owner, metadata.group)
    return wanted
  }

  /// The path of the file that its contents are read from.
  func contentsPath(_ options: BasisOptions?) -> FilePath {
    guard let basis, let options else { return sourcePath }
    let below = directory.relativePath(targetName)
    return options.directories[basis.sides.tree].appending(below.components)
  }
}
