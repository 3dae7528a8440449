// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Puts aside what is about to be replaced or deleted at the target (`--backup`).
///
/// What is replaced gets its backup's name as a further one, so that at any moment its own name is
/// old or new, and the backup's too: that is put in place of an older backup in one step. What is
/// deleted is renamed. Only where a filesystem has no hard links is what is replaced renamed as
/// well, and has no name for a moment: nothing is lost then whatever happens.
struct BackupKeeper: ~Copyable {
  /// Why something is put aside.
  enum Reason {
    /// Something new takes its name next.
    case replaced
    /// It is written where it is.
    case overwritten
    /// Its name goes.
    case deleted
  }

  private let run: RunContext
  private let opener: DirectoryOpener
  private let options: BackupOptions
  /// `nil` where backups lie beside what they are of.
  private let root: BackupRoot?
  private var random = SystemRandomNumberGenerator()
  private var metadata: MetadataWriter
  /// The directory that the last backup went to.
  private var last: (of: CopyDirectory, sides: DirectorySides)?

  /// Makes one for a worker.
  init?(_ run: RunContext, _ opener: DirectoryOpener) {
    guard let options = run.options.backup else { return nil }
    self.run = run
    self.opener = opener
    self.options = options
    root = run.backups
    metadata = MetadataWriter(run)
  }

  /// The name of a backup.
  func backupName(of name: EntryName) -> EntryName { EntryName(Array(name.bytes) + options.suffix) }

  /// Whether a name looks like that of a backup beside its file: such a one is not backed up when
  /// it is deleted.
  func isBackup(_ name: EntryName) -> Bool {
    root == nil && name.bytes.count > options.suffix.count
      && name.bytes.suffix(options.suffix.count).elementsEqual(options.suffix)
  }

  /// Puts aside what has a name at the target; a directory is not.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - directory: The directory that it lies in.
  ///   - sides: The same, open.
  ///   - found: What has the name.
  ///   - reason: What happens to the name. What is `deleted` has lost it when this returns.
  /// - Throws: Why there is no backup; then nothing has changed.
  mutating func putAside(
    _ name: EntryName,
    in directory: CopyDirectory,
    _ sides: DirectorySides,
    _ found: EntryMetadata,
    _ reason: Reason
  ) throws(CopyError) {
    let old = EntryLocation(directory: sides.target, name: name)
    do throws(Errno) {
      // What stands in for something is copied as what it is.
      let found = run.options.metadata.isStored ? try old.metadata() : found
      if reason == .deleted && isBackup(name) { return try old.remove() }
      let place = try open(directory, sides)
      defer { withExtendedLifetime(place) {} }
      let backup = EntryLocation(directory: place.target, name: backupName(of: name))
      if try move(old, to: backup, place, found, reason) && reason == .deleted { try old.remove() }
    } catch {
      if error == .noSuchFileOrDirectory, (try? old.metadataIfPresent()) == .some(nil) { return }
      throw .target(.backUp, directory.targetPath(name), error)
    }
    tell(name, in: directory)
  }

  private func tell(_ name: EntryName, in directory: CopyDirectory) {
    guard run.wants(.backups) else { return }
    let below = directory.relativePath(backupName(of: name))
    let path = options.directory.map { $0.appending(below.components) } ?? below
    run.tell(.backedUp(from: directory.relativePath(name), to: path))
  }
}

// One entry.
extension BackupKeeper {
  /// Gives what has a name that of its backup.
  ///
  /// - Returns: Whether it has its old name as well.
  private mutating func move(
    _ old: EntryLocation,
    to backup: EntryLocation,
    _ place: DirectorySides,
    _ found: EntryMetadata,
    _ reason: Reason
  ) throws(Errno) -> Bool {
    if reason == .deleted {
      do {
        try old.rename(to: backup)
        // A name of the same inode is left alone by a rename.
        return found.links > 1 && (try? old.metadataIfPresent()) != .some(nil)
      } catch {
        guard error == .isDirectory || error == .improperLink else { throw error }
        if error == .isDirectory {
          try makeWay(backup)
          try old.rename(to: backup)
          return false
        }
      }
    }
    guard reason == .replaced else {
      try copy(old, to: backup, place, found)
      return true
    }
    do {
      try link(old, to: backup, place)
      return true
    } catch .improperLink {
      try copy(old, to: backup, place, found)
      return true
    } catch .isDirectory {
      try makeWay(backup)
      try link(old, to: backup, place)
      return true
    } catch {
      guard Self.linkErrors.contains(error) else { throw error }
      try old.rename(to: backup)
      return false
    }
  }

  /// What says that something can have no further name, or none by this user.
  private static var linkErrors: [Errno] {
    [.notPermitted, .notSupported, .noFunction, .tooManyLinks, .resourceBusy]
  }

  /// Makes the backup a further name, in place of an older one.
  private mutating func link(
    _ old: EntryLocation,
    to backup: EntryLocation,
    _ place: DirectorySides
  ) throws(Errno) {
    do {
      return try backup.makeHardLink(to: old)
    } catch {
      guard error == .fileExists else { throw error }
    }
    guard try backup.metadata().kind != .directory else { throw .isDirectory }
    try place.protectTemporaries()
    let temporary = try backup.claimTemporary(random: &random) { (free) throws(Errno) in
      try free.makeHardLink(to: old)
    }
    try EntryLocation(directory: backup.directory, name: temporary)
      .renameOrRemove(to: backup.name)
  }

  /// Removes an empty directory that has the name of a backup.
  private func makeWay(_ backup: EntryLocation) throws(Errno) { try backup.removeDirectory() }

  /// Copies what lies on another filesystem, and waits until it is on stable storage: what it is a
  /// copy of goes next.
  private mutating func copy(
    _ old: EntryLocation,
    to backup: EntryLocation,
    _ place: DirectorySides,
    _ found: EntryMetadata
  ) throws(Errno) {
    if let there = try backup.metadataIfPresent(), there.kind == .directory { try makeWay(backup) }
    try place.protectTemporaries()
    let temporary = try backup.claimTemporary(random: &random) { (free) throws(Errno) in
      switch found.kind {
      case .file: try FileCopy.copy(old, to: free)
      case .symbolicLink: try free.makeSymbolicLink(to: try old.symbolicLinkContents())
      default: try free.makeNode(like: found)
      }
    }
    let copied = EntryLocation(directory: backup.directory, name: temporary)
    applyAll(of: found, old, to: copied)
    if found.kind == .file, let file = try? copied.openForReading() {
      try FileCalls.sync(file.rawValue)
      withExtendedLifetime(file) {}
    }
    try copied.renameOrRemove(to: backup.name)
  }

  private mutating func applyAll(
    of found: EntryMetadata,
    _ old: EntryLocation,
    to new: EntryLocation
  ) {
    guard let last else { return }
    let place = MetadataPlace(
      directory: last.of,
      name: old.name,
      targetName: old.name,
      source: old,
      target: new
    )
    let policy = metadata.policy.forBackups
    let found = (try? policy.options.taken(found, at: old)) ?? found
    let inode = InodeDelta(of: found, at: .new(nil, replacing: nil), policy)
    let attributes = metadata.compareAttributes(place, found.kind)
    _ = metadata.apply(MetadataDelta(inode: inode, attributes: attributes), place)
  }
}

// Directories.
extension BackupKeeper {
  /// The directory that backups of another go to, which is made like that where it is missing.
  private mutating func open(
    _ directory: CopyDirectory,
    _ sides: DirectorySides
  ) throws(Errno) -> DirectorySides {
    if let last, last.of === directory { return last.sides }
    guard let root else {
      last = (directory, sides)
      return sides
    }
    var chain: [CopyDirectory] = []
    var next = directory
    while let parent = next.parent {
      chain.append(next)
      next = parent
    }
    var current = try root.open()
    for directory in chain.reversed() {
      current = try open(directory, in: current)
    }
    let opened = DirectorySides(source: current, target: current)
    last = (directory, opened)
    return opened
  }

  private mutating func open(
    _ directory: CopyDirectory,
    in parent: OpenDirectory
  ) throws(Errno) -> OpenDirectory {
    let place = EntryLocation(directory: parent.descriptor.rawValue, name: directory.name)
    for _ in 0..<Self.triesMax {
      do {
        return OpenDirectory(try place.openForReading(directory: true))
      } catch .noSuchFileOrDirectory {
        try make(directory, at: place)
      } catch {
        // As in rsync, a link or file in the way of a directory of backups goes.
        guard error == .notDirectory || error == .tooManySymbolicLinkLevels else { throw error }
        try place.remove()
      }
    }
    return OpenDirectory(try place.openForReading(directory: true))
  }

  /// Another worker may be at the same directory.
  private static var triesMax: Int { 8 }

  /// Makes a directory with the metadata of the target's.
  private mutating func make(
    _ directory: CopyDirectory,
    at place: EntryLocation
  ) throws(Errno) {
    do {
      try place.makeDirectory(mode: 0o700)
    } catch {
      guard error == .fileExists else { throw error }
      return
    }
    guard let sides = try? opener.open(directory), sides.target >= 0,
      var found = sides.targetMetadata
    else { return }
    defer { withExtendedLifetime(sides) {} }
    let original = EntryLocation(open: sides.target)
    found = (try? run.options.metadata.taken(found, at: original)) ?? found
    // What it is to be in the end: while it is filled it may be closed to others.
    if run.preservation.contains(.permissions), let wanted = directory.metadata {
      found.mode = found.typeBits | wanted.permissions
    }
    let metadataPlace = MetadataPlace(
      directory: directory,
      name: .itself,
      targetName: .itself,
      source: original,
      target: place
    )
    let inode = InodeDelta(of: found, at: .new(nil, replacing: nil), metadata.policy.forBackups)
    let attributes = metadata.compareAttributes(metadataPlace, .directory)
    _ = metadata.apply(MetadataDelta(inode: inode, attributes: attributes), metadataPlace)
  }
}

extension MetadataPolicy {
  /// The same for backups, which have the permissions of what they are of in any case.
  fileprivate var forBackups: MetadataPolicy {
    var policy = MetadataPolicy(
      preservation: preservation.union(.permissions),
      isPrivileged: isPrivileged,
      skipsPrivileged: skipsPrivileged,
      creationMask: creationMask
    )
    if options.isStored { policy.options.superUser = .stored }
    return policy
  }
}
