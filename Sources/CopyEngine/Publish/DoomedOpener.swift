// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Opens doomed directories, one component at a time below held descriptors, and keeps a few open.
///
/// One that was closed is opened again from what lies in it and is done (`..`), and has to be the
/// same inode, so that a level costs the same wherever it lies; or else from above.
final class DoomedOpener: Sendable {
  /// An open directory.
  struct Place {
    /// Its descriptor.
    let number: Int32
    /// The directory, where it is a doomed one.
    let directory: OpenDirectory?
    /// Keeps the descriptor open.
    private let owner: AnyObject

    init(_ directory: OpenDirectory) {
      number = directory.descriptor.rawValue
      self.directory = directory
      owner = directory
    }

    init(targetOf sides: DirectorySides) {
      number = sides.target
      directory = nil
      owner = sides
    }
  }

  /// Opens the directories of the run.
  let opener: DirectoryOpener
  private let budget: Int
  private let keepsBackups: Bool
  private let kept = Lock<[DoomedDirectory]>([])

  /// More than these are not kept open, however many descriptors there are.
  private static var keptMax: Int { 32 }

  /// Starts with nothing open.
  ///
  /// - Parameters:
  ///   - opener: Opens the directories of the run.
  ///   - directoriesMax: How many of those may be kept open.
  ///   - keepsBackups: Whether what is removed is put aside.
  init(_ opener: DirectoryOpener, directoriesMax: Int, keepsBackups: Bool) {
    self.opener = opener
    self.keepsBackups = keepsBackups
    budget = max(2, min(Self.keptMax, directoriesMax / 4))
  }

  /// The descriptor of a doomed directory, opened if necessary (`openat2`).
  ///
  /// - Parameters:
  ///   - directory: The directory.
  ///   - isOpenedUp: Whether it is made readable and writable, where its owner has closed it.
  /// - Returns: The open directory.
  /// - Throws: `Errno.improperLink` where something is mounted on it.
  func open(_ directory: DoomedDirectory, isOpenedUp: Bool) throws(CopyError) -> Place {
    var chain: [DoomedDirectory] = []
    var nearest: DoomedDirectory? = directory
    var open: OpenDirectory?
    while let candidate = nearest, open == nil {
      open = candidate.openDirectory
      if open == nil { chain.append(candidate) }
      nearest = candidate.parent
    }
    var place: Place
    if let open {
      place = Place(open)
    } else {
      place = Place(targetOf: try opener.open(directory.root))
    }
    for directory in chain.reversed() {
      place = try openBelow(place, directory, isOpenedUp: isOpenedUp)
    }
    return place
  }

  /// The directory that a doomed one lies in.
  func openAbove(_ directory: DoomedDirectory, isOpenedUp: Bool) throws(CopyError) -> Place {
    guard let parent = directory.parent else {
      return Place(targetOf: try opener.open(directory.root))
    }
    return try open(parent, isOpenedUp: isOpenedUp)
  }

  /// Notes that a directory is done; the one above will be next.
  func close(_ directory: DoomedDirectory) {
    kept.withLock { $0.removeAll { $0 === directory } }
    guard let open = directory.putAside(), let parent = directory.parent,
      parent.openDirectory == nil,
      let above = try? DirectoryOpener.openAbove(open.descriptor.rawValue),
      above.identity == parent.identity
    else { return }
    keep(parent, above.directory, above.identity)
  }

  private func openBelow(
    _ place: Place,
    _ directory: DoomedDirectory,
    isOpenedUp: Bool
  ) throws(CopyError) -> Place {
    let location = EntryLocation(directory: place.number, name: directory.name)
    do throws(Errno) {
      let opened = OpenDirectory(try Self.open(location, isOpenedUp: isOpenedUp))
      let identity = try EntryLocation(open: opened.descriptor.rawValue).metadata().identity
      // Another directory has taken its place.
      if let known = directory.identity, known != identity { throw .noSuchFileOrDirectory }
      keep(directory, opened, identity)
      if keepsBackups { _ = directory.asCopy(opened) }
      return Place(opened)
    } catch {
      throw .target(.deleteDirectory, directory.targetPath(), error)
    }
  }

  private static func open(
    _ location: EntryLocation,
    isOpenedUp: Bool
  ) throws(Errno) -> Descriptor {
    guard isOpenedUp else { return try location.openDirectoryOnMount() }
    return try location.openedUp { () throws(Errno) in try location.openDirectoryOnMount() }
  }

  private func keep(
    _ directory: DoomedDirectory,
    _ opened: OpenDirectory,
    _ identity: InodeIdentity
  ) {
    directory.keep(opened, identity)
    let oldest = kept.withLock { kept -> DoomedDirectory? in
      kept.append(directory)
      return kept.count > budget ? kept.removeFirst() : nil
    }
    _ = oldest?.putAside()
  }
}

extension EntryLocation {
  /// Does something with a directory, once more where it is closed to its owner and can be opened
  /// up.
  func openedUp<Result: ~Copyable>(
    _ body: () throws(Errno) -> Result
  ) throws(Errno) -> Result {
    do {
      return try body()
    } catch {
      guard error == .permissionDenied, openUp() else { throw error }
      return try body()
    }
  }

  /// Lets the owner of a directory read it and change what is in it (`chmod`).
  ///
  /// - Returns: Whether that was done, and was not so before.
  private func openUp() -> Bool {
    guard let found = try? metadata(), found.kind == .directory,
      found.permissions & 0o700 != 0o700
    else { return false }
    return (try? setPermissions(found.permissions | 0o700)) != nil
  }
}
