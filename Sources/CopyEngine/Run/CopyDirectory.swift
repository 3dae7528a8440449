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
    /// What was kept open last, by which it is known again.
    var lastKept: Kept?
    /// What the target was before names were removed from it.
    var beforeSweep: EntryMetadata?
  }

  /// What is known of sides that were kept open once.
  struct Kept {
    /// The inode at the target, where there was one.
    let target: InodeIdentity?
  }

  /// Whether something was made in a directory of the target that several sources lead to.
  final class Change: Sendable {
    /// Whether this run made the directory itself.
    let isMade: Bool
    fileprivate let hasBegun = Atomic<Bool>(false)
    fileprivate let isTold = Atomic<Bool>(false)

    init(isMade: Bool = false) { self.isMade = isMade }
  }

  /// Where a root is opened, by its path.
  struct Root: Sendable {
    /// The directory that was found there.
    let identity: InodeIdentity
    /// Whether it is only there to name entries in, and need not be readable.
    let isPathOnly: Bool
    /// The directory of the target, where there is one.
    let target: OpenDirectory?
    /// The trees that the target is compared with.
    var basis: [BasisDirectory] = []
  }

  /// The sides on which something is a symbolic link to what counts.
  struct FollowedSides: OptionSet, Sendable {
    let rawValue: UInt8
    static let source = FollowedSides(rawValue: 1)
    static let target = FollowedSides(rawValue: 2)
  }

  // Only `deinit` changes it.
  private nonisolated(unsafe) var above: CopyDirectory?
  /// The directory that it lies in; `nil` for a root.
  var parent: CopyDirectory? { unsafe above }
  /// How many directories lie above it, up to the operand.
  let depth: Int
  let name: EntryName
  /// The inode at the source, which a directory opened later must still be.
  let identity: InodeIdentity?
  /// What the target gets when everything below is done; `nil` where it is not ours to change.
  let metadata: EntryMetadata?
  /// Whether this run made it at the target, so that nothing can be there yet.
  let isNew: Bool
  /// Whether this run made it at the target, where other sources may have put something by now.
  var isMade: Bool { isNew || sharedChange?.isMade == true }
  /// Whether the target lacks it, since a dry run makes nothing.
  let isMissing: Bool
  /// Whether other sources merge into the same directory of the target.
  let isMerged: Bool
  /// The modification time that the target had before anything was put into it; `nil` where it is
  /// new, or not known.
  let timeBefore: Timestamp?
  /// Where its names come from.
  let names: EntrySource
  /// On which sides its name may be a symbolic link that leads to it.
  let followsLinks: FollowedSides
  /// The rules that leave names out; `nil` without any.
  let filter: DirectoryFilter?
  /// The rules that keep names of the target from being removed; `nil` without any.
  let protection: DirectoryFilter?
  /// The directories in it that lead to something that is none, where that was found out.
  let wayToContents: ArraySlice<EntryName>
  /// Where it is opened; `nil` below a root.
  let root: Root?
  /// The paths of a root, for messages; empty below.
  private let sourceRoot: FilePath
  private let targetRoot: FilePath
  private let openState: Lock<OpenState>
  private let isChanging = Atomic<Bool>(false)
  private let isSwept = Atomic<Bool>(false)
  private let sharedChange: Change?
  /// Another one of the same directory of the target, which is done only when this one is.
  let following: CopyDirectory?
  /// Its own reading, and each entry below that is not done yet.
  private let pending = Atomic<Int>(1)

  /// A directory that a source operand or the target operand named.
  init(
    source: FilePath,
    target: FilePath,
    root: Root,
    identity: InodeIdentity?,
    metadata: EntryMetadata?,
    isNew: Bool,
    isMerged: Bool = false,
    names: EntrySource = .all,
    sharing change: Change? = nil,
    before following: CopyDirectory? = nil,
    filter: DirectoryFilter? = nil,
    protection: DirectoryFilter? = nil
  ) {
    unsafe above = nil
    self.following = following
    self.filter = filter
    self.protection = protection
    wayToContents = []
    depth = 0
    name = .itself
    self.identity = identity
    self.metadata = metadata
    self.isNew = isNew
    isMissing = root.target == nil
    self.names = names
    followsLinks = []
    self.isMerged = isMerged
    timeBefore = nil
    sharedChange = change
    self.root = root
    sourceRoot = source
    targetRoot = target
    openState = Lock(OpenState(sides: nil, isDone: false))
    following?.retainEntry()
  }

  /// A directory below another; counts as one of its pending entries.
  init(
    _ name: EntryName,
    in parent: CopyDirectory,
    identity: InodeIdentity,
    metadata: EntryMetadata?,
    isNew: Bool,
    isMissing: Bool,
    isMerged: Bool = false,
    timeBefore: Timestamp? = nil,
    names: EntrySource = .all,
    followsLinks: FollowedSides = [],
    sharing change: Change? = nil,
    wayToContents: ArraySlice<EntryName> = []
  ) {
    unsafe above = parent
    following = nil
    self.wayToContents = wayToContents
    filter = parent.filter.map { DirectoryFilter(name, below: $0) }
    protection = parent.protection.map { DirectoryFilter(name, below: $0) }
    depth = parent.depth + 1
    self.name = name
    self.identity = identity
    self.metadata = metadata
    self.isNew = isNew
    self.isMissing = isMissing
    self.isMerged = isMerged
    self.timeBefore = timeBefore
    self.names = names
    self.followsLinks = followsLinks
    sharedChange = change
    root = nil
    sourceRoot = ""
    targetRoot = ""
    openState = Lock(OpenState(sides: nil, isDone: false))
    parent.retainEntry()
  }

  deinit {
    // One after the other: a chain of releases would be as deep as the tree.
    var next = unsafe above.take()
    while next != nil, isKnownUniquelyReferenced(&next) { next = unsafe next?.above.take() }
  }

  /// Notes that something is going to be made in it at the target.
  ///
  /// - Returns: Whether it is the first, from all sources, in a directory that was there before.
  func beginChanging() -> Bool {
    !isNew && !isChanging.load(ordering: .relaxed)
      && !isChanging.exchange(true, ordering: .relaxed)
      && sharedChange?.hasBegun.exchange(true, ordering: .relaxed) != true
  }

  /// Notes that names are going to be removed from it at the target.
  func noteSweep(of target: EntryMetadata) {
    openState.withLock { state in
      if state.beforeSweep == nil { state.beforeSweep = target }
    }
  }

  /// What the target was before names were removed from it; `nil` where none were.
  var beforeSweep: EntryMetadata? { openState.withLock { $0.beforeSweep } }

  /// Notes that the target is searched for names that the source lacks.
  ///
  /// - Returns: Whether that was not done yet.
  func beginSweep() -> Bool {
    !isNew && !isMissing && !isSwept.exchange(true, ordering: .relaxed)
  }

  /// Notes that it is told what became of it.
  ///
  /// - Returns: Whether none of the sources that lead to it has told before.
  func beginTelling() -> Bool {
    // What was made was told then.
    !isMade && sharedChange?.isTold.exchange(true, ordering: .relaxed) != true
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
      state.lastKept = Kept(target: opened.targetMetadata?.identity)
      return true
    }
  }

  /// What was kept open last.
  var lastKept: Kept? { openState.withLock { $0.lastKept } }

  /// Lets go of the sides for now: others are needed more.
  ///
  /// - Returns: Whether there were any.
  func putAside() -> Bool { openState.withLock { $0.sides.take() } != nil }

  /// Lets go of the sides for good: the directory is done.
  ///
  /// Hard links may still need it, and then it must not hold descriptors for the rest of the run.
  ///
  /// - Returns: Those that were kept open.
  func letGo() -> DirectorySides? {
    openState.withLock { state in
      state.isDone = true
      return state.sides.take()
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
