// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Gives complete files and other entries their metadata and their names.
///
/// A file is taken by `add`, and given back by `nextPublished` when it has its name: hard links,
/// counts and events follow what was published. Until its data is on the disk it waits without a
/// name, with others: no power cut and no failure to write back leaves a name without its contents.
/// Where each file has to last before it is reported, it waits once more for its name to be on
/// stable storage; where nothing has to last, it gets its name at once.
struct Publisher: ~Copyable {
  /// A file that has its name, which is not on stable storage yet.
  private struct NamedFile {
    let entry: FoundEntry
    let change: CopyError.Operation?
    /// The batch that brings its name to stable storage.
    let batch: UInt64
    /// Its directory in the batch, where that is asked by itself.
    let place: WritebackQueue.Place?

    init(
      _ entry: FoundEntry,
      _ change: CopyError.Operation?,
      batch: UInt64,
      _ place: WritebackQueue.Place? = nil
    ) {
      self.entry = entry
      self.change = change
      self.batch = batch
      self.place = place
    }
  }

  /// A file waits no longer than this for others to make a batch with, in seconds.
  static let batchSecondsMax = 1

  let shared: PublishedState
  var metadata: MetadataWriter
  let run: RunContext
  let opener: DirectoryOpener
  /// Puts aside what is replaced, where that is wanted.
  var backups: BackupKeeper?
  /// Directories for what is partial, where there are such.
  var partials: PartialDirectories?
  /// Removes what has the name of something else.
  let remover: TreeRemover
  private var sources: SourceRemover
  private var policy: WritebackPolicy
  var random = SystemRandomNumberGenerator()
  private var waiting: WaitingFiles
  private var named: [NamedFile] = []
  private var published: [EntryDone] = []
  /// Since when the batch that is awaited was found to be so, in nanoseconds; 0 where none is.
  private var lateSince: UInt64 = 0
  private var lateBatch: UInt64?
  private(set) var counts = CopyReport()

  init(
    _ run: RunContext,
    _ opener: DirectoryOpener,
    _ remover: TreeRemover,
    _ shared: PublishedState
  ) {
    self.run = run
    self.opener = opener
    self.remover = remover
    self.shared = shared
    metadata = MetadataWriter(run)
    backups = BackupKeeper(run, opener)
    partials = PartialDirectories(run.options)
    sources = SourceRemover(run, opener, shared.targets)
    policy = WritebackPolicy(run)
    waiting = WaitingFiles(descriptorsMax: run.limits.writebackFilesMax / run.limits.workers)
  }

  private var durability: PublishOptions.Durability { run.options.publish.durability }

  /// The batch that the next of the files that wait is in, if any waits.
  var awaitedBatch: UInt64? {
    guard let first = waiting.firstBatch else { return named.first?.batch }
    return min(first, named.first?.batch ?? first)
  }

  /// A file that was given its name, or could not be.
  mutating func nextPublished() -> EntryDone? {
    if published.isEmpty && awaitedBatch != nil { advance() }
    return published.popLast()
  }

  /// Takes a complete file.
  mutating func add(_ complete: consuming CompleteFile) {
    var file = complete
    let entry = file.entry
    applyMetadata(file)
    let isDevice = file.target.inPlace?.isDevice == true
    if isDevice { return addDevice(file) }
    let way = policy.way(entry, file.data)
    guard let way, durability != .none else {
      // A server may refuse what it has only taken so far.
      do throws(Errno) {
        if way == .server { try FileCalls.flush(file.target.rawValue) }
      } catch {
        let severity = error.stopsRun ? CopyError.Severity.stop : .entry
        run.fail(CopyError(.write, entry.targetPath, error, severity), at: FailedPlace(entry))
        return end(entry)
      }
      let isThere = publish(entry, &file.target, file.change)
      if isThere, let way, file.isDropped, let descriptor = file.target.takeDescriptor() {
        let load = WritebackQueue.Load(byteCount: file.data.byteCount, way: way.ofData)
        shared.writeback.add(descriptor.release(), load, isOwned: true)
      }
      return
    }
    makeRoom(for: entry)
    var load = WritebackQueue.Load(byteCount: file.data.byteCount, way: way)
    load.isDropped = file.isDropped
    let place = shared.writeback.add(file.target.rawValue, load)
    waiting.append(
      WaitingFile(
        entry: entry,
        target: file.target,
        change: file.change,
        place: place,
        isAtServer: way == .server
      )
    )
  }

  /// Ends a device that was written: its data is no filesystem's (`fsync`).
  private mutating func addDevice(_ complete: consuming CompleteFile) {
    let entry = complete.entry
    do throws(Errno) {
      let target = complete.target.rawValue
      if durability != .none {
        try run.meter.measuredTarget.timeFlush { () throws(Errno) in try FileCalls.sync(target) }
      }
    } catch {
      // Character devices have no cache.
      guard error == .invalidArgument else {
        run.fail(.target(.write, entry.targetPath, error), at: FailedPlace(entry))
        return end(entry)
      }
    }
    tell(entry, complete.change)
  }

  /// Waits until all files have their names, or cannot have them.
  mutating func settle() {
    while let batch = lastBatch {
      shared.writeback.wait(for: batch)
      advance()
    }
  }

  /// Begins to settle what there is, where a file has waited for long already.
  mutating func hurryIfLate() {
    guard awaitedBatch != nil else { return lateSince = 0 }
    let now = Clock.monotonicNanoseconds
    if lateSince == 0 || awaitedBatch != lateBatch {
      (lateSince, lateBatch) = (now, awaitedBatch)
    } else if now - lateSince > UInt64(Self.batchSecondsMax) * 1_000_000_000 {
      lateSince = 0
      shared.writeback.hurry()
    }
  }
}

// Waiting, and giving names.
extension Publisher {
  private var lastBatch: UInt64? {
    [waiting.lastBatch, named.last?.batch].compactMap { $0 }.max()
  }

  /// Sees to it that one more file may wait, and that none waits for longer than it has to.
  private mutating func makeRoom(for entry: FoundEntry) {
    if shared.isSettled(waiting.firstBatch) { advance() }
    if waiting.isHalfFull { shared.writeback.hurry() }
    while !waiting.hasRoom(for: entry), let batch = waiting.firstBatch {
      shared.writeback.wait(for: batch)
      advance()
    }
  }

  /// Goes on with what has settled.
  private mutating func advance() {
    for failure in shared.writeback.takeFailures() { run.fail(failure.error, at: failure.place) }
    let settled = shared.writeback.settled
    while let batch = waiting.firstBatch, batch <= settled {
      var file = waiting.removeFirst()
      if let errno = shared.writeback.failure(of: file.place) {
        fail(file, errno)
      } else {
        _ = publish(file.entry, &file.target, file.change)
      }
    }
    var done = 0
    while done < named.count, named[done].batch <= settled {
      let errno = named[done].place.flatMap { shared.writeback.failure(of: $0) }
      finish(named[done], errno)
      done += 1
    }
    named.removeFirst(done)
  }

  /// Ends a file whose name was to last, which a failure of its whole filesystem may have kept from
  /// it: that has stopped the run, or was given up.
  private mutating func finish(_ file: NamedFile, _ errno: Errno?) {
    let place = FailedPlace(file.entry)
    if run.givenUp.includes(place) {
      run.countLost()
      return published.append(EntryDone(entry: file.entry, isThere: true))
    }
    if let errno, errno != .canceled {
      run.fail(.target(.sync, file.entry.targetPath, errno), at: place)
    }
    tell(file.entry, file.change)
  }

  private mutating func fail(_ file: borrowing WaitingFile, _ errno: Errno) {
    published.append(EntryDone(entry: file.entry, isThere: false))
    // The failure of the filesystem that it was in doubt for was told.
    guard errno != .canceled else { return run.shouldStop ? () : run.countLost() }
    let path = file.entry.targetPath
    // A server may refuse one file for reasons of its own; a disk that cannot write will not again.
    let severity = file.isAtServer && !errno.stopsRun ? CopyError.Severity.entry : .stop
    run.fail(CopyError(.write, path, errno, severity), at: FailedPlace(file.entry))
  }

  /// Gives a file its name, and tells of it when that lasts as long as it has to.
  ///
  /// - Returns: Whether it has its name.
  private mutating func publish(
    _ entry: FoundEntry,
    _ target: inout TargetFile,
    _ change: CopyError.Operation?
  ) -> Bool {
    if let staging = shared.staging, staging.options.delaysNames, target.inPlace == nil {
      let isDelayed = delay(entry, &target, change, staging)
      if !isDelayed { end(entry) }
      return isDelayed
    }
    guard target.inPlace != nil || remover.makeWay(for: entry) && putsAside(entry) else {
      end(entry)
      return false
    }
    do {
      try target.publish(as: entry.targetName, replacing: entry.existing?.kind, random: &random)
    } catch {
      let isInUse = error == .directoryNotEmpty
      let operation: CopyError.Operation = isInUse ? .replaceDirectory : .publish
      run.fail(.target(operation, entry.targetPath, error), at: FailedPlace(entry))
      end(entry)
      return false
    }
    partials?.remove(entry.targetName, of: entry.directory, entry.sides)
    finishNamed(entry, change, isFromBasis: entry.takesBasis)
    return true
  }

  /// Notes that a file will not have its name.
  mutating func end(_ entry: FoundEntry) {
    published.append(EntryDone(entry: entry, isThere: false))
  }

  /// Tells of a file that has its name, when that lasts as long as it has to.
  mutating func finishNamed(
    _ entry: FoundEntry,
    _ change: CopyError.Operation?,
    isFromBasis: Bool
  ) {
    // Also where it is never told of, since its filesystem fails before the name has lasted.
    if !isFromBasis { shared.recent.note(entry) }
    guard durability == .file else {
      return tell(entry, change)
    }
    let directory = entry.sides.target
    switch policy.order(directory, entry.sides.targetMetadata) {
    case .none: tell(entry, change)
    case .journal, .anyOrder:
      named.append(NamedFile(entry, change, batch: shared.writeback.addSync()))
    case .server:
      let load = WritebackQueue.Load(byteCount: 0, way: .server, isDropped: false)
      let place = shared.writeback.add(directory, load)
      named.append(NamedFile(entry, change, batch: place.batch, place))
    }
  }

  private mutating func tell(_ entry: FoundEntry, _ change: CopyError.Operation?) {
    counts.noteCopied(entry.metadata, entry.change)
    if run.options.publish.inPlace?.appends == true, let existing = entry.existing,
      existing.kind == .file
    {
      counts.bytesKept += existing.size
    }
    if let change { run.fail(CopyError(change, entry.sourcePath, nil, .entry)) }
    run.tell(.file, entry, entry.change)
    published.append(EntryDone(entry: entry, isThere: true))
  }

  /// Brings a directory whose entries are all done to stable storage, where nothing else does
  /// (`fsync`).
  mutating func sync(_ directory: Int32, _ metadata: EntryMetadata?) throws(Errno) {
    guard durability != .none, policy.order(directory, metadata) == .server else { return }
    try FileCalls.sync(directory)
  }
}

// Sources that are removed when they are at the target.
extension Publisher {
  /// Notes an entry that is at the target.
  mutating func removeSource(of entry: FoundEntry) {
    if sources.add(entry) { removeSources() }
  }

  /// Removes the sources of what was noted.
  mutating func removeSources() {
    sources.removeAll { sides in policy.order(sides.target, sides.targetMetadata) == .server }
  }
}

// Files that are partial.
extension Publisher {
  /// Keeps what there is of a file whose copy was interrupted; its time is that of the copy, so
  /// that the next run copies it again.
  ///
  /// - Parameter complete: The file; its size is what there is of it.
  mutating func keepPartial(_ complete: consuming CompleteFile) {
    var file = complete
    let entry = file.entry
    applyMetadata(file, without: [.times, .accessTimes])
    do throws(Errno) {
      if let place = try partials?.open(for: entry.directory, entry.sides, isMade: true) {
        let partial = EntryLocation(directory: place.target, name: entry.targetName)
        let there = try partial.metadataIfPresent()
        try file.target.publish(at: partial, replacing: there?.kind, random: &random)
      } else if putsAside(entry) {
        try file.target.publish(
          at: entry.target,
          replacing: entry.existing?.kind,
          random: &random
        )
      }
    } catch {
      run.fail(.target(.keepPartial, entry.targetPath, error), at: FailedPlace(entry))
    }
  }
}
