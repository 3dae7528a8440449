// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Synchronization
internal import SystemPackage
internal import Uring

/// An open directory, which several places may hold on to.
final class OpenDirectory: Sendable {
  let descriptor: Descriptor

  init(_ descriptor: consuming Descriptor) {
    self.descriptor = descriptor
  }
}

/// One directory, open on both sides.
final class DirectoryHandles: Sendable {
  /// An earlier source that is copied to the same place: what it has is not copied again.
  struct Shadow: Sendable {
    let directory: OpenDirectory
    /// The one name that counts, or `nil` for all.
    let onlyName: EntryName?

    func covers(_ name: EntryName) -> Bool { onlyName == nil || onlyName == name }
  }

  /// The directory at the source.
  private let sourceDirectory: OpenDirectory
  /// The directory at the target; `nil` in a dry run that would have made it.
  private let targetDirectory: OpenDirectory?
  /// What the target was when it was opened.
  let targetMetadata: EntryMetadata?
  /// Earlier sources that merge into this directory.
  let shadows: [Shadow]
  /// Whether new files here may have attributes from the start.
  let givesAttributes: Bool
  /// What the first file that was made here turned out to have.
  private let newFiles = Mutex<NewFiles?>(nil)

  /// What a file has that was just made in a directory.
  struct NewFiles {
    let owner: UInt32
    let group: UInt32
    /// Whether it had the mode that it was made with.
    let keepsMode: Bool
  }

  init(source: OpenDirectory, target: OpenDirectory?, shadows: [Shadow] = []) {
    sourceDirectory = source
    targetDirectory = target
    self.shadows = shadows
    targetMetadata = target.flatMap {
      try? EntryLocation(open: $0.descriptor.rawValue).metadata()
    }
    givesAttributes =
      target.map { EntryLocation(open: $0.descriptor.rawValue).givesAttributes } ?? true
  }

  /// What a file has that was just made here; asked of the first one (`fstat`), since setgid bits,
  /// mount options and mapped owners may all have a say.
  func newFiles(like first: Int32, mode: UInt32) -> NewFiles? {
    newFiles.withLock { known in
      if known == nil, let metadata = try? EntryLocation(open: first).metadata() {
        known = NewFiles(
          owner: metadata.owner,
          group: metadata.group,
          keepsMode: metadata.permissions == mode
        )
      }
      return known
    }
  }

  /// The number of the source's descriptor.
  var source: Int32 { sourceDirectory.descriptor.rawValue }
  /// The number of the target's descriptor, -1 without one.
  var target: Int32 { targetDirectory?.descriptor.rawValue ?? -1 }

  /// The directory whose attributes the target gets: that of the first source, where several merge.
  var metadataSource: Int32 {
    let first = shadows.first { $0.onlyName == nil }
    return first?.directory.descriptor.rawValue ?? source
  }
}

/// A directory that is being copied: it lives until everything below it is done, and then gets its
/// own metadata.
final class CopyDirectory: Sendable {
  private struct OpenState {
    var handles: DirectoryHandles?
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
  /// The paths of a root, for messages; empty below.
  private let sourceRoot: FilePath
  private let targetRoot: FilePath
  private let openState: Mutex<OpenState>
  /// Its own reading, and each entry below that is not done yet.
  private let pending = Atomic<Int>(1)

  /// A directory that a source operand or the target operand named.
  init(
    source: FilePath,
    target: FilePath,
    handles: DirectoryHandles,
    identity: InodeIdentity?,
    metadata: EntryMetadata?,
    isNew: Bool
  ) {
    parent = nil
    name = .itself
    self.identity = identity
    self.metadata = metadata
    self.isNew = isNew
    sourceRoot = source
    targetRoot = target
    openState = Mutex(OpenState(handles: handles, isDone: false))
  }

  /// A directory below another; counts as one of its pending entries.
  init(
    _ name: EntryName,
    in parent: CopyDirectory,
    identity: InodeIdentity,
    metadata: EntryMetadata,
    isNew: Bool
  ) {
    self.parent = parent
    self.name = name
    self.identity = identity
    self.metadata = metadata
    self.isNew = isNew
    sourceRoot = ""
    targetRoot = ""
    openState = Mutex(OpenState(handles: nil, isDone: false))
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

  /// The handles that were kept open.
  var openHandles: DirectoryHandles? { openState.withLock { $0.handles } }

  /// Keeps handles open until the directory is done.
  ///
  /// - Returns: Whether it does; not when it keeps others already, or is done.
  func keep(_ opened: DirectoryHandles) -> Bool {
    openState.withLock { state in
      guard state.handles == nil && !state.isDone else { return false }
      state.handles = opened
      return true
    }
  }

  /// Lets go of the handles for good: the directory is done.
  ///
  /// Hard links may still need it, and then it must not hold descriptors for the rest of the run.
  ///
  /// - Returns: Whether there were any.
  func letGo() -> Bool {
    openState.withLock { state in
      defer { state = OpenState(handles: nil, isDone: true) }
      return state.handles != nil
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
    let base = root(directory)
    var bytes: [CChar] = unsafe base.withPlatformString {
      unsafe Array(UnsafeBufferPointer(start: $0, count: base.length))
    }
    for name in names.reversed() where !name.isEmpty {
      if let last = bytes.last, last != CChar(bitPattern: UInt8(ascii: "/")) {
        bytes.append(CChar(bitPattern: UInt8(ascii: "/")))
      }
      bytes.append(contentsOf: name.bytes.map { CChar(bitPattern: $0) })
    }
    bytes.append(0)
    return FilePath(platformString: bytes)
  }
}
