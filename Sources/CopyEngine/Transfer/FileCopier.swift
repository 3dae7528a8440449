// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage
internal import SystemPackage
internal import Uring

/// Copies the contents of regular files: opens both sides, has the event loop move the data, and
/// hands complete files to the publisher.
///
/// Large files go block by block. Of small ones many are read at once through the queue, which is
/// where a disk can be slow, and each is then written by plain calls, since creating and writing a
/// small file only moves memory. bench/results has what the ways cost that were compared.
///
/// `finish` never turns the loop: what is to be tried again waits in a queue that `beginAgain`
/// empties, so that neither the stack nor a failure of the ring depends on the files under way.
struct FileCopier<Queue: SubmissionQueue & ~Copyable>: ~Copyable {
  /// Files up to this size are written through the page cache even where direct writes are
  /// possible: for them to wait for the disk costs more than to copy them once more, in bytes.
  private static var bufferedBytesMax: UInt64 { 128 << 10 }

  let run: RunContext
  let opener: FileOpener
  private let readErrors: ReadErrorHandler
  private let changes: SourceChangePolicy
  var planner: FilePlanner
  var loop: EventLoop<Queue, OpenFile>
  /// Small files that were read, and are to be written together.
  var loaded: LoadedFiles
  /// Open files whose data is to be moved again, another way.
  private var again: SlotTable<OpenFile>
  /// Files that were not what the scan had found when they were read, to be copied block by block.
  var changed: [FoundEntry] = []
  /// Files that came to an end without being published.
  private var done: [EntryDone] = []
  private(set) var counts = CopyReport()

  init(_ run: RunContext, _ shared: TransferState, queue: consuming Queue) {
    self.run = run
    opener = FileOpener(run: run)
    readErrors = ReadErrorHandler(run: run)
    changes = SourceChangePolicy(run: run)
    planner = FilePlanner(run, shared.policies)
    loaded = LoadedFiles(capacity: run.limits.loadedFilesMax)
    again = SlotTable(capacity: run.limits.filesMax)
    loop = EventLoop<Queue, OpenFile>(
      queue: queue,
      pool: shared.pool,
      filesMax: run.limits.filesMax,
      dirtyBytesMax: run.limits.dirtyBytesMax,
      alternates: run.disks.sharesDisk,
      writesInOrder: run.disks.targetSeeks,
      pacer: shared.pacer,
      heartbeat: run.heartbeat,
      meter: run.meter
    )
  }

  /// Whether nothing is on its way and nothing waits to be begun again.
  var isIdle: Bool { loop.isEmpty && again.count == 0 && changed.isEmpty }
  /// How many large files are on their way.
  var copiesUnderWay: Int { loop.copiesUnderWay }

  /// A file that came to an end without being published.
  mutating func nextDone() -> EntryDone? { done.popLast() }

  /// Notes that a file came to an end without being published.
  mutating func end(_ entry: FoundEntry) {
    done.append(EntryDone(entry: entry, isThere: false))
  }

  /// Counts bytes that were written.
  mutating func countWritten(_ bytes: UInt64) { counts.bytesWritten += bytes }

  /// Tells that a file cannot be copied.
  mutating func fail(_ entry: FoundEntry, _ error: CopyError) {
    let findsNoRoom = error.errno == .noSpace || error.errno == .diskQuotaExceeded
    if findsNoRoom && error.severity == .stop && !run.shouldStop
      && opener.mayFitSmaller(entry, error)
    {
      run.failForSpace(error, at: FailedPlace(entry))
    } else {
      run.fail(error, at: FailedPlace(entry))
    }
    end(entry)
  }

  /// Begins a file; what is in its way at the target was removed.
  mutating func copy(_ entry: FoundEntry, _ publisher: inout Publisher) {
    while (loop.isFull || again.count > 0 || !changed.isEmpty) && canGoOn {
      beginAgain(&publisher)
      if loop.isFull { turn(&publisher) }
    }
    guard canGoOn, !opener.leavesOut(entry) else { return end(entry) }
    do {
      if isSmall(entry) {
        try load(entry, &publisher)
      } else {
        try copyInBlocks(entry, &publisher)
        // On its way while the next one is looked for.
        turn(waits: false, &publisher)
      }
    } catch {
      fail(entry, error)
    }
  }

  private var canGoOn: Bool { !run.shouldStop && !loop.hasFailed }

  /// Goes round the event loop once, and finishes the files that are done.
  mutating func turn(waits: Bool = true, _ publisher: inout Publisher) {
    guard !loop.hasFailed else { return }
    do throws(Errno) {
      try loop.turn(waits: waits)
    } catch {
      // Before the buffers change hands: no other worker may publish anything after this.
      run.fail(CopyError(.useRing, FilePath(), error, .stop))
      loop.abandon()
      return
    }
    while let finished = loop.nextFinished() { finish(finished, &publisher) }
    if loop.isStarving || loop.isEmpty { writeLoaded(&publisher) }
  }

  /// Begins again what could not be done as it was tried, as far as there is room.
  mutating func beginAgain(_ publisher: inout Publisher) {
    while canGoOn && !loop.isFull {
      if let index = again.firstOccupied(from: 0) {
        let file = again.remove(index)
        let entry = file.entry
        do {
          try admit(file)
        } catch {
          fail(entry, error)
        }
      } else if let entry = changed.popLast() {
        do {
          try copyInBlocks(entry, &publisher)
        } catch {
          fail(entry, error)
        }
      } else {
        return
      }
    }
  }

  /// Writes what was read, and waits until all files are done.
  mutating func flush(_ publisher: inout Publisher) {
    while !isIdle && canGoOn {
      beginAgain(&publisher)
      turn(&publisher)
    }
    writeLoaded(&publisher)
  }

  /// Lets what is in flight come to its end, and gives up the rest.
  mutating func drain(_ publisher: inout Publisher) {
    // What has its space already is finished, where others found none.
    if !run.isFull { loop.stop() }
    while !loop.isEmpty && !loop.hasFailed { turn(&publisher) }
    writeLoaded(&publisher)
  }
}

// Beginning.
extension FileCopier where Queue: ~Copyable {
  /// Whether a file is read into one buffer first; on a disk that seeks, whatever fits, since
  /// direct writes would come between the batches of the others.
  mutating func isSmall(_ entry: FoundEntry) -> Bool {
    let size = entry.metadata.size
    let fits =
      size <= UInt64(loop.pool.blockBytes) && !isAppended(entry)
      && !entry.metadata.isContentsOfDevice
    guard fits, !planner.mayReflink(entry) else { return false }
    return size <= Self.bufferedBytesMax || run.disks.targetSeeks
      || planner.writing(entry)?.mode != .direct
  }

  mutating func copyInBlocks(
    _ entry: FoundEntry,
    _ publisher: inout Publisher
  ) throws(CopyError) {
    let file = try opener.open(entry, &publisher)
    if file.keptBytes == 0, !file.isDevice, try planner.reflink(file) {
      publisher.add(file.completed(.onDisk, change: nil))
    } else {
      try admit(file)
    }
  }

  private mutating func admit(_ open: consuming OpenFile) throws(CopyError) {
    var file = open
    if !file.isDevice, planner.needsRoom(file) { try opener.checkRoom(for: file) }
    var plan = try planner.plan(file)
    if planner.exceedsEnd(plan, file) { file.exceedsEnd = true }
    if plan.writing.isDirect && file.opened.size <= UInt64(loop.pool.blockBytes) {
      try opener.allocateNow(plan.allocateBytes, file)
      plan.allocateBytes = 0
    }
    if let spared = file.spared { plan.leftOut = spared.ranges.leftOut(below: spared.resumesAt) }
    file.triesDontCache = (plan.reading.dontCache, plan.writing.dontCache || plan.sendsPieces)
    file.isSettled = plan.writing.isDirect || plan.advisor?.pacesTarget == true
    if run.options.transfer.advisesNoReuse {
      FileCalls.advise(plan.source, .noReuse)
      FileCalls.advise(file.targetNumber, .noReuse)
    }
    loop.admit(plan, file: file)
  }
}

// Ending.
extension FileCopier where Queue: ~Copyable {
  /// Takes a file whose data has been moved, or not.
  private mutating func finish(
    _ finished: consuming Finished<OpenFile>,
    _ publisher: inout Publisher
  ) {
    var finished = finished
    let (outcome, failed) = (finished.outcome, finished.failedRange)
    let (slot, contents, written) = (finished.slot, finished.contents, finished.writtenUpTo)
    let (tail, told) = (finished.takeTail(), finished.bytesTold)
    var file = finished.takeFile()
    if told > 0 { run.meter?.noteWaiting(file.entry.metadata.identity, told) }
    switch outcome {
    case .loaded:
      if holdsLoaded { return hold(file, contents, slot, &publisher) }
      writeAlone(file, contents, &publisher)
      if let slot { loop.release(slot) }
    case .copied(let bytes):
      counts.bytesWritten += bytes
      if tail.isEmpty {
        complete(file, bytes, &publisher)
      } else {
        writeTail(tail, file)
      }
    case .failed(.sourceEnded) where !file.isLoading && copiesAgain(file.entry):
      break
    case .failed(.read(let errno)) where readErrors.spares(errno):
      goAround(failed, errno, of: file)
    case _ where file.canTryAgain(after: outcome, failed):
      // In a run that ends this is no failure: the file only was not copied.
      if run.shouldStop { end(file.entry) } else { tryAgain(file, outcome) }
    case .failed(.stopped):
      end(file.entry)
      keepPartial(file, written, &publisher)
    case .notAllocated:
      // ext4 keeps what it has allocated until there was no more, and others need it.
      if file.keptBytes == 0 { try? FileCalls.setSize(file.targetNumber, 0) }
      fail(file.entry, file.error(outcome, failed))
    default:
      fail(file.entry, file.error(outcome, failed))
      keepPartial(file, written, &publisher)
    }
  }

  /// Has a file whose source changed copied again, if that is wanted and was not done before.
  private mutating func copiesAgain(_ entry: FoundEntry) -> Bool {
    guard changes.retries, !entry.isCopiedAgain, !run.shouldStop else { return false }
    var again = entry
    again.isCopiedAgain = true
    changed.append(again)
    return true
  }

  /// Hands a file to the publisher when all of its data is written.
  private mutating func complete(
    _ moved: consuming OpenFile,
    _ bytes: UInt64,
    _ publisher: inout Publisher
  ) {
    var file = moved
    var change = file.sourceChange
    if change != nil && copiesAgain(file.entry) { return }
    let isSettled = file.spared == nil && (file.isSettled || bytes == 0)
    let data = isSettled ? DataPlace.onDisk : .inCache(byteCount: Int(bytes), isSentOff: false)
    do {
      if let told = change, try changes.isOnlyTold(told, file.entry) { change = nil }
      if let spared = file.spared { try readErrors.complete(&file, spared) }
      if file.exceedsEnd { try file.cutBehindEnd() }
      publisher.add(file.completed(data, change: change))
    } catch {
      fail(file.entry, error)
    }
  }

  /// Writes the last bytes of a file, which were kept back since they are no whole sector
  /// (`pwrite`).
  ///
  /// Their space is allocated and not written yet, so that nothing has to be read for it. To write
  /// a whole sector and to cut the file would have the filesystem read it again, and wait.
  private mutating func writeTail(_ tail: [UInt8], _ file: consuming OpenFile) {
    let target = file.targetNumber
    let size = file.opened.size
    let measured = run.meter.measuredTarget
    if let (offset, errno) = UnalignedTail.write(tail, upTo: size, of: target, measured) {
      return fail(file.entry, .target(.write, file.entry.targetPath, errno, offset: offset))
    }
    // Until it is on the disk it reads as zeros there, in a file that looks complete to the next
    // run.
    var plan = TransferPlan(source: file.source.rawValue, target: target, map: .whole(0))
    plan.advisor = CacheAdvisor(settling: size - UInt64(tail.count)..<size)
    loop.admit(plan, file: file)
  }

  /// Has a file begun again, another way.
  private mutating func tryAgain(_ failed: consuming OpenFile, _ outcome: FileTask.Outcome) {
    var file = failed
    switch outcome {
    case .notAllocated(.noSpace):
      opener.makeRoom(file.entry)
      file.hasMadeRoom = true
    case .failed(.read(.notSupported)): planner.refuseReading(.dontcache, file.entry)
    case .failed(.write(.notSupported)): planner.refuseWriting(.dontcache, file.entry)
    case .failed(.read), .failed(.write(.invalidArgument)): file.avoidsDirect = true
    case _ where outcome.isCanceled:
      // The kernel may start no thread for the ring.
      file.wasCanceled = true
      loop.useCalls()
      run.noteMissingRingThreads()
    default: break
    }
    // A file that was only read is opened anew, with all that belongs to a file that changes.
    if file.isLoading { return changed.append(file.entry) }
    beginAgain(file)
  }

  /// Has an open file begun again, as soon as there is room.
  private mutating func beginAgain(_ file: consuming OpenFile) {
    guard again.insert(file) != nil else { preconditionFailure("more files than can be under way") }
  }

  /// Has what can be read of a file moved.
  private mutating func goAround(
    _ failed: FailedRange?,
    _ errno: Errno,
    of opened: consuming OpenFile
  ) {
    var file = opened
    guard !run.shouldStop else { return end(file.entry) }
    do {
      try readErrors.goAround(failed, errno, of: &file)
    } catch {
      return fail(file.entry, error)
    }
    if file.isLoading { changed.append(file.entry) } else { beginAgain(file) }
  }
}
