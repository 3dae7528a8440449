// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel

/// Names that were read from directories and are not visited yet.
///
/// A disk that seeks is read in its own order: names are gathered over many directories, visited in
/// the order of their inodes, and files are read in the order of their data. The larger the
/// batch the shorter the ways; its bounds hold whatever the size of the tree.
struct NameBatch {
  /// A name in an open directory.
  struct Name {
    let directory: CopyDirectory
    let sides: DirectorySides
    let entry: DirectoryEntry
    /// Its place in the order in which directories list their names.
    var number = 0
  }

  /// Some 100 bytes each, and some 300 for each file among them that is to be copied.
  static let namesMax = 16_384
  /// What the names themselves may take, in bytes.
  static let nameBytesMax = 1 << 20

  /// How many directories may be held open.
  private let directoriesMax: Int
  /// How many names it may have, where there is little memory.
  private let namesMax: Int
  private var names: [Name] = []
  private var nameBytes = 0
  private var directories = 0

  /// Makes an empty batch.
  ///
  /// - Parameters:
  ///   - directoriesMax: How many directories the names may be of.
  ///   - namesMax: How many names it may have, if not as many as usual.
  init(directoriesMax: Int, namesMax: Int = NameBatch.namesMax) {
    self.directoriesMax = directoriesMax
    self.namesMax = min(namesMax, Self.namesMax)
  }

  var isEmpty: Bool { names.isEmpty }

  /// Whether what it has should be visited before more is read.
  var isFull: Bool {
    names.count >= namesMax || nameBytes >= Self.nameBytesMax || directories >= directoriesMax
  }

  /// Adds a name; a batch of one directory's names may go beyond the bounds.
  mutating func add(_ name: Name) {
    if names.last?.directory !== name.directory { directories += 1 }
    nameBytes += name.entry.name.count
    names.append(name)
    names[names.count - 1].number = names.count
  }

  /// Takes out all names, in the order of their inodes.
  mutating func takeInOrder() -> [Name] {
    let taken = names.sorted { $0.entry.inode < $1.entry.inode }
    self = NameBatch(directoriesMax: directoriesMax, namesMax: namesMax)
    return taken
  }
}
