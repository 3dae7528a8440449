// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Synchronization

/// A directory of the target that several sources merge into.
///
/// What the first of them has of a name counts, but that a directory counts before what is none. So
/// the names of all are read before the first is visited, and who visits one asks only those that
/// have it as well; a subdirectory that several have is one of these again.
final class MergedDirectory: Sendable {
  /// One of the sources.
  struct Member: Sendable {
    /// The directory at the source.
    let directory: CopyDirectory
    /// The one name of it that an operand named, or `nil` for all of its contents.
    let onlyName: EntryName?

    /// Whether it is for all that is in the directory.
    var isRead: Bool { onlyName == nil && directory.names.isRead }

    init(_ directory: CopyDirectory, onlyName: EntryName? = nil) {
      self.directory = directory
      self.onlyName = onlyName
    }
  }

  private struct State {
    var names = MergedNames()
    /// Subdirectories that somebody has taken on.
    var entered: Set<EntryName> = []
    /// How many sources are not read to their ends.
    var unread: Int
    /// Those that are, and have to stay open to be asked.
    var read: [CopyDirectory] = []
  }

  /// The sources, in the order of the operands.
  let members: [Member]
  private let state: Lock<State>

  init(_ members: [Member]) {
    self.members = members
    state = Lock(State(unread: members.count { $0.onlyName == nil }))
  }

  /// Sets which of the sources have which names.
  func setNames(_ names: MergedNames) { state.withLock { $0.names = names } }

  /// The sources that may have a name, in their order, where more than one may have it.
  func holders(of name: EntryName) -> [MergedNames.Holder] {
    state.withLock { $0.names.holders(of: name) }
  }

  /// Takes on a subdirectory that several sources have.
  ///
  /// - Returns: Whether nobody else has.
  func enter(_ name: EntryName) -> Bool { state.withLock { $0.entered.insert(name).inserted } }

  /// Notes that one of the sources was read to its end, or cannot be read.
  ///
  /// - Parameter directory: One that is not done before the others are read, if there is one.
  /// - Returns: Those that need not wait any more.
  func endReading(_ directory: CopyDirectory?) -> [CopyDirectory] {
    state.withLock { state in
      state.unread -= 1
      if let directory { state.read.append(directory) }
      guard state.unread == 0 else { return [] }
      defer { state.read = [] }
      return state.read
    }
  }
}

/// Which directories are sources of merged ones.
///
/// The merged one knows its sources, so that these must not keep it.
final class MergedDirectories: Sendable {
  /// A source's place among the others.
  struct Place {
    let merged: MergedDirectory
    let index: Int
  }

  private let places = Lock<[ObjectIdentifier: Place]>([:])

  /// Makes the sources of a merged directory known as such.
  func add(_ merged: MergedDirectory) {
    places.withLock { places in
      for (index, member) in merged.members.enumerated() {
        places[ObjectIdentifier(member.directory)] = Place(merged: merged, index: index)
      }
    }
  }

  /// What a directory merges into; `nil` where it is the only source.
  func place(of directory: CopyDirectory) -> Place? {
    guard directory.isMerged else { return nil }
    return places.withLock { $0[ObjectIdentifier(directory)] }
  }

  /// Forgets a directory that is done.
  func remove(_ directory: CopyDirectory) {
    guard directory.isMerged else { return }
    places.withLock { $0[ObjectIdentifier(directory)] = nil }
  }
}
