// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree
internal import Glibc
internal import SystemPackage
internal import Uring

/// A file whose data is on its way.
struct OpenFile: ~Copyable {
  let entry: FoundEntry
  /// What the source was when it was opened.
  let opened: EntryMetadata
  let source: Descriptor
  var target: TargetFile
  /// Whether room was made for it once already.
  var hasMadeRoom = false
}

/// A source and a target device.
struct DevicePair: Hashable {
  let source: UInt64
  let target: UInt64
}

// Regular files: opening, and publishing when their data is there.
extension Worker where Queue: ~Copyable {
  mutating func copyFile(_ entry: FoundEntry) {
    report.bytesVisited += entry.metadata.size
    if let existing = entry.existing, existing.kind == .file,
      existing.size == entry.metadata.size,
      existing.modificationTime == entry.metadata.modificationTime,
      !needsOwnInode(entry, existing)
    {
      return settle(entry, repair(entry, .file))
    }
    guard clear(entry) else { return settle(entry, false) }
    guard !run.options.isDryRun else {
      report.filesCopied += 1
      note(.file, entry.directory, entry.targetName, isNew: true)
      return settle(entry, true)
    }
    while mustWaitForSlot() && !run.shouldStop { turn() }
    guard !run.shouldStop else { return complete(entry.directory) }
    do {
      var file = try open(entry)
      if try reflink(file) {
        publish(&file)
      } else {
        try admit(file)
      }
    } catch {
      fail(error)
      settle(entry, false)
    }
  }

  /// Whether the target shares its inode with a name that the source does not share it with, and
  /// the two would not agree on the metadata: then no run could satisfy both.
  private func needsOwnInode(_ entry: FoundEntry, _ existing: EntryMetadata) -> Bool {
    let wanted = entry.metadata
    guard run.preservation.contains(.hardLinks), existing.links > wanted.links else { return false }
    return run.preservation.contains(.permissions) && existing.permissions != wanted.permissions
      || run.preservation.contains(.owner) && existing.owner != wanted.owner
      || run.preservation.contains(.group) && existing.group != wanted.group
  }

  private mutating func open(_ entry: FoundEntry) throws(CopyError) -> OpenFile {
    let source = try openSource(entry)
    let opened: EntryMetadata
    do throws(Errno) {
      opened = try EntryLocation(open: source.rawValue).metadata()
      // Something else has taken the name since it was found.
      guard opened.identity == entry.metadata.identity, opened.kind == .file else {
        throw .noSuchFileOrDirectory
      }
    } catch {
      throw .source("cannot open", entry.sourcePath, error)
    }
    do throws(Errno) {
      let target = try createTarget(entry)
      return OpenFile(entry: entry, opened: opened, source: source, target: target)
    } catch {
      throw .target("cannot create", entry.targetPath, error)
    }
  }

  private mutating func createTarget(_ entry: FoundEntry) throws(Errno) -> TargetFile {
    do {
      return try TargetFile(in: entry.handles, for: entry.targetName, random: &random)
    } catch {
      guard error == .noSpace else { throw error }
      makeRoom(entry)
      return try TargetFile(in: entry.handles, for: entry.targetName, random: &random)
    }
  }

  /// Has a filesystem settle what it has only reserved (`syncfs`), when there seems to be no space.
  ///
  /// For data on its way filesystems reserve more than it will take: on XFS, several blocks for
  /// each small file. `write` and `mkdir` wait for that, `fallocate` and O_TMPFILE fail at once.
  private mutating func makeRoom(_ entry: FoundEntry) {
    let result = cl_sync_filesystem(entry.handles.target)
    guard result < 0 else { return }
    // The descriptor may be the one of the last `syncfs`, which is told of an error only once.
    fail(
      CopyError(
        "cannot bring to stable storage",
        entry.directory.targetPath(),
        Errno(rawValue: -result),
        .stop
      )
    )
  }

  private func openSource(_ entry: FoundEntry) throws(CopyError) -> Descriptor {
    do throws(Errno) {
      return try entry.source.openForReading()
    } catch {
      throw .source("cannot open", entry.sourcePath, error)
    }
  }

  /// Shares the extents of the source where both sides can (`FICLONE`).
  private mutating func reflink(_ file: borrowing OpenFile) throws(CopyError) -> Bool {
    let entry = file.entry
    guard run.options.reflink != .never, file.opened.size > 0,
      let target = entry.handles.targetMetadata
    else { return false }
    let devices = DevicePair(
      source: file.opened.identity.device,
      target: target.identity.device
    )
    let mayFail = run.options.reflink == .auto
    guard !mayFail || !cannotReflink.contains(devices) else { return false }
    let result = cl_clone(file.target.descriptor.rawValue, file.source.rawValue)
    guard result < 0 else { return true }
    let errno = Errno(rawValue: -result)
    guard mayFail && !errno.stopsRun else {
      throw .target("cannot share extents", entry.targetPath, errno)
    }
    // EINVAL is about this file alone, such as one that is not checksummed on btrfs.
    if errno != .invalidArgument { cannotReflink.insert(devices) }
    return false
  }

  /// Hands the file to the event loop.
  private mutating func admit(_ file: consuming OpenFile) throws(CopyError) {
    let opened = file.opened
    let source = file.source.rawValue
    let target = file.target.descriptor.rawValue
    let map = DataMap(of: source, opened, keepsHoles: run.preservation.contains(.holes))
    var plan = FileTask.Plan(source: source, target: target, map: map, allocateBytes: 0)
    switch map {
    case .sparse(let size):
      guard ftruncate(target, Int(size)) == 0 else {
        throw .target("cannot set size", file.entry.targetPath, Errno(rawValue: errno))
      }
    case .whole(let size):
      if size >= AllocationPolicy.fileBytesMin && allocation.allows(target) {
        plan.allocateBytes = size
      }
    case .unknownSize:
      break
    }
    if run.options.cache == .advise && opened.size >= CacheAdvisor.fileBytesMin {
      plan.advisor = CacheAdvisor(
        size: opened.size,
        residency: Residency(of: source, size: opened.size, pageBytes: run.pageBytes)
      )
    }
    if run.options.advisesNoReuse {
      _ = posix_fadvise(source, 0, 0, FileAdvice.noReuse)
      _ = posix_fadvise(target, 0, 0, FileAdvice.noReuse)
    }
    loop.admit(plan, file: file)
  }

  /// Takes a file whose data has been moved, or not.
  mutating func finish(_ file: consuming OpenFile, _ outcome: FileTask.Outcome) {
    let entry = file.entry
    switch outcome {
    case .copied(let bytes):
      report.bytesWritten += bytes
      return publish(&file)
    case .notAllocated(.noSpace) where !file.hasMadeRoom && !run.shouldStop:
      return allocateAgain(file)
    case .failed(.read(let errno)):
      fail(CopyError("cannot read", entry.sourcePath, errno, .entry))
    case .failed(.write(let errno)), .notWrittenBack(let errno):
      fail(.target("cannot write", entry.targetPath, errno))
    case .failed(.wroteNothing):
      fail(.target("cannot write", entry.targetPath, .ioError))
    case .notAllocated(let errno):
      fail(.target("cannot allocate", entry.targetPath, errno))
    case .failed(.sourceEnded(let offset)):
      fail(
        CopyError(
          "shrank from \(file.opened.size) to \(offset) bytes while it was copied; not copied",
          entry.sourcePath,
          nil,
          .entry
        )
      )
    case .failed(.stopped):
      return complete(entry.directory)
    }
    settle(entry, false)
  }

  /// Tries a file again for which there seemed to be no space.
  private mutating func allocateAgain(_ file: consuming OpenFile) {
    let entry = file.entry
    makeRoom(entry)
    file.hasMadeRoom = true
    do {
      try admit(file)
    } catch {
      fail(error)
      settle(entry, false)
    }
  }

  /// Gives a file whose data is there its metadata and its name.
  private mutating func publish(_ file: inout OpenFile) {
    let entry = file.entry
    let changed = describeChange(file)
    let target = EntryLocation(open: file.target.descriptor.rawValue)
    _ = apply(
      MetadataChange(
        directory: entry.directory,
        name: entry.name,
        targetName: entry.targetName,
        source: EntryLocation(open: file.source.rawValue),
        target: target,
        wanted: file.opened,
        current: entry.existing?.kind == .file ? entry.existing : nil,
        isNew: true
      )
    )
    do {
      try file.target.publish(
        as: entry.targetName,
        replaces: entry.existing != nil && entry.existing?.kind != .directory,
        random: &random
      )
    } catch {
      fail(.target("cannot publish", entry.targetPath, error))
      return settle(entry, false)
    }
    report.filesCopied += 1
    if let changed { fail(CopyError(changed, entry.sourcePath, nil, .entry)) }
    note(.file, entry.directory, entry.targetName, isNew: true)
    settle(entry, true)
  }

  /// Says how the source changed since it was opened, if it did.
  ///
  /// The target then has the modification time from before, so that the next run copies it again.
  private func describeChange(_ file: borrowing OpenFile) -> String? {
    guard let now = try? EntryLocation(open: file.source.rawValue).metadata() else { return nil }
    let before = file.opened
    if now.size != before.size {
      return "changed from \(before.size) to \(now.size) bytes while it was copied"
    }
    return now.modificationTime == before.modificationTime ? nil : "changed while it was copied"
  }
}
