// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Synchronization
internal import SystemPackage

/// A directory that is being copied: it lives until everything below it is done, and then gets its
/// own metadata.
final class CopyDirectory: Sendable {
  private struct OpenState {
    var sides: DirectorySides?
    var isDone: Bool
  }

  let parent: CopyDirectory?
  let name: EntryName
  /// The inode at the source, which a directory opened later must still be.
  let identity: InodeIdentity?
  /// What the target gets when everything below is done; `nil` where it is not ours to change.
  let metadata: EntryMetadata?
  /// Whether this run made it at the target, so that nothing can be there yet.
  let isNew: Bool
  /// Whether the target lacks it, since a dry run makes nothing.
  let isMissing: Bool
  /// The paths of a root, for messages; empty below.
  private let sourceRoot: FilePath
  private let targetRoot: FilePath
  private let openState: Mutex<OpenState>
  private let isChanging = Atomic<Bool>(false)
  /// Its own reading, and each entry below that is not done yet.
  private let pending = Atomic<Int>(1)

  /// A directory that a source operand or the target operand named.
  init(
    source: FilePath,
    target: FilePath,
    sides: DirectorySides,
    identity: InodeIdentity?,
    metadata: EntryMetadata?,
    isNew: Bool
  ) {
    parent = nil
    name = .itself
    self.identity = identity
    self.metadata = metadata
    self.isNew = isNew
    isMissing = sides.target < 0
    sourceRoot = source
    targetRoot = target
    openState = Mutex(OpenState(sides: sides, isDone: false))
  }

  /// A directory below another; counts as one of its pending entries.
  init(
    _ name: EntryName,
    in parent: CopyDirectory,
    identity: InodeIdentity,
    metadata: EntryMetadata,
    isNew: Bool,
    isMissing: Bool
  ) {
    self.parent = parent
    self.name = name
    self.identity = identity
    self.metadata = metadata
    self.isNew = isNew
    self.isMissing = isMissing
    sourceRoot = ""
    targetRoot = ""
    openState = Mutex(OpenState(sides: nil, isDone: false))
    parent.retainEntry()
  }

  /// How many directories lie above it, up to the operand.
  var depth: Int {
    var depth = 0
    var directory = self
    while let parent = directory.parent {
      depth += 1
      directory = parent
    }
    return depth
  }

  /// Notes that something is going to be made in it at the target.
  ///
  /// - Returns: Whether it is the first, in a directory that was there before.
  func beginChanging() -> Bool {
    !isNew && !isChanging.load(ordering: .relaxed)
      && !isChanging.exchange(true, ordering: .relaxed)
  }

  /// Notes that an entry below is under way.
  func retainEntry() {
    pending.wrappingAdd(1, ordering: .relaxed)
  }

  /// Notes that an entry below, or the reading, is done.
  ///
  /// - Returns: Whether it was the last.
  func releaseEntry() -> Bool {
    pending.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0
  }

  /// The sides that were kept open.
  var openSides: DirectorySides? { openState.withLock { $0.sides } }

  /// Keeps the sides open until the directory is done.
  ///
  /// - Returns: Whether it does; not when it keeps others already, or is done.
  func keep(_ opened: DirectorySides) -> Bool {
    openState.withLock { state in
      guard state.sides == nil && !state.isDone else { return false }
      state.sides = opened
      return true
    }
  }

  /// Lets go of the sides for good: the directory is done.
  ///
  /// Hard links may still need it, and then it must not hold descriptors for the rest of the run.
  ///
  /// - Returns: Whether there were any.
  func letGo() -> Bool {
    openState.withLock { state in
      defer { state = OpenState(sides: nil, isDone: true) }
      return state.sides != nil
    }
  }
}

// Paths, put together when something has to be said.
extension CopyDirectory {
  /// The path of an entry at the source, as the user would write it.
  func sourcePath(_ entry: EntryName = .itself) -> FilePath {
    path(entry) { $0.sourceRoot }
  }

  /// The path of an entry at the target.
  func targetPath(_ entry: EntryName = .itself) -> FilePath {
    path(entry) { $0.targetRoot }
  }

  /// The path of an entry below the operand; `.` for the operand itself.
  func relativePath(_ entry: EntryName = .itself) -> FilePath {
    let path = path(entry) { _ in FilePath() }
    return path.isEmpty ? "." : path
  }

  private func path(_ entry: EntryName, root: (CopyDirectory) -> FilePath) -> FilePath {
    var names = [entry]
    var directory = self
    while let parent = directory.parent {
      names.append(directory.name)
      directory = parent
    }
    var bytes = root(directory).bytes
    for name in names.reversed() where !name.isEmpty {
      if let last = bytes.last, last != UInt8(ascii: "/") { bytes.append(UInt8(ascii: "/")) }
      bytes.append(contentsOf: name.bytes)
    }
    return FilePath(bytes: bytes)
  }
}
