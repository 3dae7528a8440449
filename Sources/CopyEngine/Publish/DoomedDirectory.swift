// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Synchronization
internal import SystemPackage

/// A directory of the target that is removed with all that is in it.
///
/// It lives until everything below is gone, or has to stay; an atomic count says when. The one who
/// brings that to zero removes the directory itself, and goes on with the one above.
final class DoomedDirectory: Sendable {
  // Only `deinit` changes it.
  private nonisolated(unsafe) var above: DoomedDirectory?
  /// The doomed directory that it lies in; `nil` for the topmost.
  var parent: DoomedDirectory? { unsafe above }
  /// The directory of the run that the topmost lies in.
  let root: CopyDirectory
  let name: EntryName
  /// The rules that keep names in it; `nil` without any.
  let protection: DirectoryFilter?
  /// Whether what is in the topmost directory goes since something else takes its name: then that
  /// itself stays until it is replaced.
  let makesWay: Bool

  private struct OpenState {
    var directory: OpenDirectory?
    /// The inode that was opened first.
    var identity: InodeIdentity?
    /// The same as a directory of the run, where what is in it is put aside.
    var copy: CopyDirectory?
  }
  private let openState = Lock(OpenState())
  /// Its own reading, and each directory in it.
  private let pending = Atomic<Int>(1)
  private let keepsSomething = Atomic<Bool>(false)
  private let hasRemoved = Atomic<Bool>(false)
  private let hasMount = Atomic<Bool>(false)

  /// A name that lies in a directory of the run.
  init(_ name: EntryName, in root: CopyDirectory, makesWay: Bool = false) {
    unsafe above = nil
    self.root = root
    self.name = name
    protection = root.protection.map { DirectoryFilter(name, below: $0) }
    self.makesWay = makesWay
  }

  /// A directory below another; counts in that.
  init(_ name: EntryName, in parent: DoomedDirectory) {
    unsafe above = parent
    root = parent.root
    self.name = name
    protection = parent.protection.map { DirectoryFilter(name, below: $0) }
    makesWay = parent.makesWay
    parent.pending.wrappingAdd(1, ordering: .relaxed)
  }

  deinit {
    // One after the other: a chain of releases would be as deep as the tree.
    var next = unsafe above.take()
    while next != nil, isKnownUniquelyReferenced(&next) { next = unsafe next?.above.take() }
  }

  /// Whether something in it has to stay.
  var staysNonEmpty: Bool { keepsSomething.load(ordering: .relaxed) }

  /// Notes that something in it has to stay.
  func keepSomething() { keepsSomething.store(true, ordering: .relaxed) }

  /// Whether something is mounted on it.
  var isMount: Bool { hasMount.load(ordering: .relaxed) }

  /// Notes that something is mounted on it.
  func noteMount() { hasMount.store(true, ordering: .relaxed) }

  /// Notes that a name in it was removed.
  func noteRemoved() { hasRemoved.store(true, ordering: .relaxed) }

  /// Whether a name was removed since the last time that this was asked.
  func takeRemoved() -> Bool { hasRemoved.exchange(false, ordering: .relaxed) }

  /// Notes that it is to be read once more.
  func retain() { pending.wrappingAdd(1, ordering: .relaxed) }

  /// Notes that a directory in it, or the reading, is done.
  ///
  /// - Returns: Whether it was the last.
  func release() -> Bool {
    pending.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0
  }

  /// The open directory, where it was kept.
  var openDirectory: OpenDirectory? { openState.withLock { $0.directory } }

  /// The inode that was opened first.
  var identity: InodeIdentity? { openState.withLock { $0.identity } }

  /// Keeps the open directory.
  func keep(_ directory: OpenDirectory, _ identity: InodeIdentity) {
    openState.withLock { state in
      state.directory = directory
      state.identity = identity
    }
  }

  /// Lets go of the open directory.
  func putAside() -> OpenDirectory? {
    openState.withLock { state in
      _ = state.copy?.putAside()
      return state.directory.take()
    }
  }

  /// The same as a directory of the run, both sides of which are that of the target: what is in it
  /// is put aside, and its backup is to be like it.
  func asCopy(_ directory: OpenDirectory) -> (directory: CopyDirectory, sides: DirectorySides)? {
    let above = parent == nil ? root : parent?.openState.withLock { $0.copy }
    let sides = DirectorySides(source: directory, target: directory)
    guard let above, let metadata = sides.targetMetadata else { return nil }
    let copy = openState.withLock { state in
      if let known = state.copy { return known }
      let copy = CopyDirectory(
        name,
        in: above,
        identity: metadata.identity,
        metadata: metadata,
        isNew: false,
        isMissing: false
      )
      // Nothing waits for it.
      _ = above.releaseEntry()
      state.copy = copy
      return copy
    }
    _ = copy.keep(sides)
    return (copy, sides)
  }

  /// Its path, or that of a name in it, given those of the directory of the run.
  private func path(_ entry: EntryName, _ rootPath: (EntryName) -> FilePath) -> FilePath {
    var names = [entry]
    var directory = self
    while let parent = directory.parent {
      names.append(directory.name)
      directory = parent
    }
    var bytes = rootPath(directory.name).bytes
    for name in names.reversed() where !name.isEmpty {
      bytes.append(UInt8(ascii: "/"))
      bytes.append(contentsOf: name.bytes)
    }
    return FilePath(bytes: bytes)
  }

  /// The path below the operand.
  func relativePath(_ entry: EntryName = .itself) -> FilePath { path(entry, root.relativePath) }

  /// The path as the user would write it.
  func targetPath(_ entry: EntryName = .itself) -> FilePath { path(entry, root.targetPath) }
}
