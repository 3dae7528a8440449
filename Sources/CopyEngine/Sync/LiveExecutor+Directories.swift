// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage
internal import Uring

// Directories.
extension LiveExecutor where Queue: ~Copyable {
  mutating func prepare(_ directory: CopyDirectory, _ sides: DirectorySides) {
    let target = EntryLocation(open: sides.target)
    let metadata: EntryMetadata
    do throws(Errno) {
      metadata = if let known = sides.targetMetadata { known } else { try target.metadata() }
    } catch {
      // What is put into it would not be synced at the end.
      return run.fail(.target(.stat, directory.targetPath(), error), in: directory, sides)
    }
    let shared = publisher.shared
    shared.targets.note(directory, sides, device: metadata.identity.device)
    // One that is new to a source may be filled by others as well.
    guard !directory.isNew || directory.isMerged else { return }
    // Another source may have changed a root since it was opened.
    let found = directory.parent == nil ? (try? target.metadata()) ?? metadata : metadata
    guard !run.options.metadata.isStored else {
      // It is the owner's to fill, whatever is stored of it.
      if !run.isPrivileged && found.permissions & 0o700 != 0o700 {
        try? target.setPermissions(found.permissions | 0o700)
      }
      return
    }
    let interim = interim(directory, sides, target, found)
    shared.temporarilyWritable.prepare(directory, target, found, interim)
  }

  /// What a directory is to be while it is filled: what is put into it must be open to nobody who
  /// will not get at it when all is done.
  private mutating func interim(
    _ directory: CopyDirectory,
    _ sides: DirectorySides,
    _ target: EntryLocation,
    _ found: EntryMetadata
  ) -> TemporarilyWritable.Interim {
    guard let wanted = directory.metadata else {
      return TemporarilyWritable.Interim(permissions: found.permissions)
    }
    let inode = InodeDelta(of: wanted, at: .entry(found), publisher.metadata.policy)
    // What cannot be opened is told when the directory is done; its lists may be any until then.
    let first = try? opener.openFirst(of: directory, sides)
    defer { withExtendedLifetime(first) {} }
    let place = MetadataPlace(directory, source: first?.source, target: target)
    let listsDiffer =
      target.hasAttributes && (first == nil || publisher.metadata.accessListsDiffer(place))
    return TemporarilyWritable.Interim(
      permissions: inode.interimPermissions(listsDiffer: listsDiffer) ?? found.permissions,
      owner: inode.owner,
      group: inode.group
    )
  }

  mutating func makeDirectory(_ entry: FoundEntry) -> DirectoryOutcome {
    guard run.canReplace(entry), publisher.putsAside(entry, .deleted) else { return .failed }
    var obstacle: Errno?
    do throws(Errno) {
      if entry.existing != nil { obstacle = try entry.target.removeFile() }
      let policy = publisher.metadata.policy
      // Nothing more is done to a directory whose metadata does not count.
      let mode =
        run.isUntold(entry)
        ? 0o777 & ~policy.creationMask
        : policy.preservation.newDirectoryPermissions(like: entry.metadata, policy.creationMask)
      do {
        try entry.target.makeDirectory(mode: mode)
      } catch {
        guard error == .noSpace else { throw error }
        // What is reserved for data on its way may be more than that takes.
        try FilesystemCalls.sync(entry.sides.target)
        try entry.target.makeDirectory(mode: mode)
      }
    } catch {
      // Another worker has made it for an earlier source that merges into this one, or somebody
      // else, with other permissions.
      let isThere = error == .fileExists && (try? entry.target.metadata().kind) == .directory
      if isThere { return .isThere }
      let reason = error == .fileExists ? obstacle ?? error : error
      run.fail(.target(.makeDirectory, entry.targetPath, reason), at: FailedPlace(entry))
      return .failed
    }
    own.directoriesCreated += 1
    if entry.change.contains(.isNew) { own.created.directories += 1 }
    if !run.isUntold(entry) { run.tell(.directory, entry, entry.change) }
    return .made
  }

  mutating func finish(_ directory: CopyDirectory, isReadable: Bool) {
    let finisher = DirectoryFinisher(run: run, opener: opener)
    do throws(CopyError) {
      guard let found = try finisher.find(directory, isReadable: isReadable) else { return }
      try applyMetadata(found, directory)
      try sync(found, directory)
      withExtendedLifetime(found) {}
    } catch {
      run.fail(error, at: FailedPlace(nearest: directory))
    }
  }

  private mutating func sync(
    _ found: FinishedDirectory,
    _ directory: CopyDirectory
  ) throws(CopyError) {
    do {
      try publisher.sync(found.sides.target, found.sides.targetMetadata)
    } catch {
      throw .target(.sync, directory.targetPath(), error)
    }
  }

  private mutating func applyMetadata(
    _ found: FinishedDirectory,
    _ directory: CopyDirectory
  ) throws(CopyError) {
    guard let wanted = directory.metadata else { return }
    var current = found.current
    let policy = publisher.metadata.policy
    let opened = publisher.shared.temporarilyWritable.release(
      directory,
      current.identity,
      wanted: policy.preservation.contains(.permissions) ? wanted.permissions : nil
    )
    if let opened {
      guard !opened.isShared else {
        // Who is done last tells what changed.
        return own.entriesUnchanged += 1
      }
      (current.owner, current.group) = (opened.found.owner, opened.found.group)
      current.mode = opened.found.mode
    }
    let attributes = publisher.metadata.compareAttributes(found.place, .directory)
    var inode = InodeDelta(
      of: wanted,
      at: directory.isMade ? .new(.ofDirectory(current), replacing: nil) : .entry(current),
      policy,
      // A new directory has the default ACL of the one that it lies in.
      allowed: publisher.metadata.allowedPermissions(in: found.sides)
    )
    if opened?.staysOpen == true { inode.leavePermissions() }
    let delta = MetadataDelta(inode: inode, attributes: attributes)
    let change = publisher.metadata.apply(delta, found.place, isForced: opened?.isChanged == true)
    // One that is new to a source may be filled by others as well.
    guard !directory.isNew || directory.isMerged else { return }
    let told = withoutOwnTime(change, directory, wanted, current)
    if told.isEmpty { own.entriesUnchanged += 1 }
    run.tell(directory, told)
  }

  /// What changed of a directory, less its time where only this run had changed that, by what it
  /// put into it.
  private func withoutOwnTime(
    _ change: EntryChange,
    _ directory: CopyDirectory,
    _ wanted: EntryMetadata,
    _ current: EntryMetadata
  ) -> EntryChange {
    // What was removed before the copy counts, as in rsync.
    let isRoot =
      directory.parent == nil
      && !(run.options.deletion.sweep == .before && run.deletions.changedRoot)
    let root = isRoot ? run.nearestTarget?.modificationTime : nil
    guard change.contains(.time), let time = directory.timeBefore ?? root else { return change }
    var before = current
    before.modificationTime = time
    let isTold = InodeDelta(of: wanted, at: .entry(before), publisher.metadata.policy).isTimeTold
    return isTold ? change : change.subtracting(.time)
  }
}

// Trees beside the target.
extension LiveExecutor where Queue: ~Copyable {
  mutating func linkToBasis(_ entry: FoundEntry) -> Bool? {
    guard let basis = entry.basis else { return false }
    guard makesWay(for: entry) else { return nil }
    do {
      try publisher.makeLink(entry, to: entry.location(in: basis))
    } catch {
      // Whatever it is, a copy meets it as well, or does not.
      tellNotLinked(entry, basis, error)
      return false
    }
    own.hardLinksMade += 1
    run.tell(EntryEvent.Kind(entry), entry, entry.change)
    return true
  }

  /// Tells that the trees share no inodes, once for each of them.
  private func tellNotLinked(_ entry: FoundEntry, _ basis: BasisEntry, _ errno: Errno) {
    guard publisher.shared.unlinkedTrees.isFirst(basis.sides.tree) else { return }
    run.tell(.note(.basisNotLinked(entry.targetPath, errno)))
  }

  mutating func leaveToBasis(_ entry: FoundEntry) {
    own.entriesUnchanged += 1
    run.tellUnchanged(entry)
    // What is there is of another kind, and goes as a deletion would have it.
    guard entry.existing != nil, run.canReplace(entry), remover.makeWay(for: entry),
      publisher.putsAside(entry, .deleted)
    else { return }
    do {
      if entry.existing?.kind == .directory {
        try entry.target.removeDirectory()
      } else {
        try entry.target.remove()
      }
    } catch {
      guard error != .noSuchFileOrDirectory else { return }
      run.fail(.target(.remove, entry.targetPath, error), at: FailedPlace(entry))
    }
  }
}
