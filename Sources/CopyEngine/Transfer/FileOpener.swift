// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Opens the two sides of a file.
struct FileOpener {
  let run: RunContext

  /// Opens a source for reading, with O_DIRECT if that is how it will be read.
  func openSource(_ entry: FoundEntry, isDirect: Bool) throws(CopyError) -> Descriptor {
    do throws(Errno) {
      do {
        return try entry.contents.openForReading(direct: isDirect)
      } catch {
        // Read through the cache it is the same, though not as fast.
        guard isDirect && error == .invalidArgument else { throw error }
        return try entry.contents.openForReading()
      }
    } catch {
      throw .source(.open, entry.contentsPath(run.options.basis), error)
    }
  }

  /// Opens a source that is copied block by block, and creates its target.
  func open(_ entry: FoundEntry, _ publisher: inout Publisher) throws(CopyError) -> OpenFile {
    let source = try openSource(entry, isDirect: false)
    let opened: EntryMetadata
    do throws(Errno) {
      opened = try EntryMetadata(ofOpen: source.rawValue, foundAs: entry.contentsMetadata)
      // Something else has taken the name since it was found.
      guard opened.identity == entry.contentsMetadata.identity, opened.kind == .file else {
        throw .noSuchFileOrDirectory
      }
    } catch {
      throw .source(.open, entry.contentsPath(run.options.basis), error)
    }
    var file = OpenFile(entry: entry, opened: opened, source: source)
    file.attach(try createTarget(entry, opened, source: file.source.rawValue, &publisher))
    return file
  }

  /// Creates what will be the target, with its final mode where that is how it is created, and with
  /// what counts for the data that is written to it.
  func createTarget(
    _ entry: FoundEntry,
    _ opened: EntryMetadata,
    source: Int32,
    _ publisher: inout Publisher
  ) throws(CopyError) -> TargetFile {
    let mode =
      run.preservation.contains(.permissions)
      ? entry.wanted(opened, run.wanted).permissions & 0o777 : 0o600
    do throws(Errno) {
      do {
        return try publisher.createTarget(for: entry, opened, source: source, mode: mode)
      } catch {
        guard error == .noSpace else { throw error }
        makeRoom(entry)
        return try publisher.createTarget(for: entry, opened, source: source, mode: mode)
      }
    } catch {
      throw .target(.create, entry.targetPath, error)
    }
  }

  /// Allocates the space of a file of one block by a plain call (`fallocate`): the ring would hand
  /// it to a kernel thread, which takes longer than the write that waits for it.
  func allocateNow(_ byteCount: UInt64, _ file: borrowing OpenFile) throws(CopyError) {
    do throws(Errno) {
      do {
        try FileCalls.allocate(file.targetNumber, offset: 0, length: byteCount)
      } catch {
        guard error == .noSpace else { throw error }
        makeRoom(file.entry)
        try FileCalls.allocate(file.targetNumber, offset: 0, length: byteCount)
      }
    } catch {
      guard error.stopsRun || error == .ioError else { return }
      throw .target(.allocate, file.entry.targetPath, error)
    }
  }

  /// Refuses a file that cannot fit: to try would take the room of all others for a while.
  func checkRoom(for file: borrowing OpenFile) throws(CopyError) {
    if fits(file) { return }
    makeRoom(file.entry)
    guard fits(file) else { throw .target(.allocate, file.entry.targetPath, .noSpace) }
  }

  private func fits(_ file: borrowing OpenFile) -> Bool {
    guard let room = FilesystemCalls.room(of: file.targetNumber) else { return true }
    let free = room.bytes(isPrivileged: run.isPrivileged)
    if file.opened.size <= free { return true }
    // One that is tried again has its space already.
    let allocated = try? EntryLocation(open: file.targetNumber).metadata().blocks
    return file.opened.size - free <= (allocated ?? 0) * 512
  }

  /// Has a filesystem settle what it has only reserved (`syncfs`), when there seems to be no space.
  ///
  /// For data on its way filesystems reserve more than it will take: on XFS, several blocks for
  /// each small file. `write` and `mkdir` wait for that, `fallocate` and O_TMPFILE fail at once.
  func makeRoom(_ entry: FoundEntry) {
    do {
      try FilesystemCalls.sync(entry.sides.target)
    } catch {
      // The descriptor may be the one of the last `syncfs`, which is told of an error only once.
      let failure = CopyError(.sync, entry.directory.targetPath(), error, .stop)
      run.fail(failure, at: FailedPlace(entry))
    }
  }

  /// Notes that a file found no room.
  ///
  /// - Parameters:
  ///   - entry: The file.
  ///   - error: What says so.
  /// - Returns: Whether smaller ones may find some.
  func mayFitSmaller(_ entry: FoundEntry, _ error: CopyError) -> Bool {
    let place = FailedPlace(entry)
    guard !run.givenUp.isKnown(error, at: place),
      let limit = run.givenUp.limit(of: error, at: place)
    else { return false }
    let room = FilesystemCalls.room(of: entry.sides.target)
    return run.space.refused(
      entry.metadata.size,
      by: limit,
      free: room?.bytes(isPrivileged: run.isPrivileged) ?? 0,
      path: run.givenUp.top(of: limit, place)
    )
  }

  /// Whether a file is not tried: a smaller one found no room, or it belongs to what was given up.
  func leavesOut(_ entry: FoundEntry) -> Bool {
    guard !run.givenUp.isEmpty || run.space.isShort else { return false }
    let place = FailedPlace(entry)
    if run.givenUp.includes(place) {
      run.countLost()
      return true
    }
    return run.space.leavesOut(entry.metadata.size) { run.givenUp.limits(of: place) }
  }
}
