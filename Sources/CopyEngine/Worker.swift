// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree
internal import SystemPackage
internal import Uring

/// One thread's part of a run: takes directories from the stack, makes what has no data at once by
/// plain calls, and has the event loop move the data of files.
struct Worker<Queue: SubmissionQueue & ~Copyable>: ~Copyable {
  let run: CopyRun
  var loop: EventLoop<Queue, OpenFile>
  var reader = DirectoryReader()
  /// Where a disk seeks, what is to be visited next, and the files that this has found.
  var batch: NameBatch
  var isGathering = false
  var gatheredFiles: [FoundEntry] = []
  /// Small files that were read and are not written, and in which order they are to be.
  var held: SlotTable<HeldFile>
  var heldPlaces: [HeldPlace] = []
  var writes = WriteBatch()
  /// Files that were not what the scan had found when they were read, to be copied block by block.
  var changedFiles: [FoundEntry] = []
  var attributes = AttributeCopier()
  var random = SystemRandomNumberGenerator()
  var report = CopyReport()
  /// Names whose inode somebody else failed to copy, to be tried from here.
  var retries: [LinkName] = []
  /// The directory that the last hard link was made to.
  var linkedDirectory: (CopyDirectory, DirectoryHandles)?
  /// Pairs of devices between which extents cannot be shared.
  var cannotReflink: Set<DevicePair> = []
  var allocation: AllocationPolicy
  /// What the run has chosen, by device.
  var knownReading: [UInt64: Access] = [:]
  var knownWriting: [UInt64: Access] = [:]
  private(set) var queueFailed = false

  init(run: CopyRun, queue: consuming Queue, filesMax: Int) {
    self.run = run
    held = SlotTable(capacity: run.heldMax)
    allocation = AllocationPolicy(mounts: run.mounts)
    batch = NameBatch(directoriesMax: run.batchDirectoriesMax)
    loop = EventLoop<Queue, OpenFile>(
      queue: queue,
      pool: run.pool,
      filesMax: filesMax,
      dirtyBytesMax: run.dirtyBytesMax,
      alternates: run.disks.sharesDisk,
      writesInOrder: run.disks.targetSeeks
    )
  }

  /// Works until nothing is left anywhere, or the run stops.
  mutating func work() -> CopyReport {
    while !run.shouldStop {
      if let retry = retries.popLast() {
        copyAgain(retry)
      } else if let entry = changedFiles.popLast() {
        copyChanged(entry)
      } else if let item = run.stack.tryPop() {
        process(item)
      } else if !batch.isEmpty {
        // What was waiting when the last names were gathered has gone to another worker.
        visitBatch()
      } else if !loop.isEmpty {
        turn()
      } else if let item = run.stack.pop() {
        process(item)
      } else {
        break
      }
    }
    drain()
    return report
  }

  private mutating func process(_ item: WorkItem) {
    switch item {
    case .directory(let directory, let position):
      if run.options.isRecursive {
        read(directory, from: position)
      } else {
        run.observer.skipped(directory.relativePath(), isDirectory: true)
      }
    case .file(let entry):
      copyFile(entry)
    case .entry(let directory, let name, let targetName):
      if let handles = directory.openHandles {
        prepareTarget(directory, handles)
        run.stack.push(visit(name, as: targetName, in: directory, handles))
      }
    }
    if !batch.isEmpty && run.stack.isEmpty { visitBatch() }
    run.stack.finishItem()
    // Files that were just opened get on their way while the walk goes on.
    if !loop.isEmpty { turn(waits: false) }
  }

  /// Goes round the event loop once, and finishes the files that are done.
  mutating func turn(waits: Bool = true) {
    guard !queueFailed else { return }
    do throws(Errno) {
      try loop.turn(waits: waits)
    } catch {
      queueFailed = true
      loop.abandon()
      fail(CopyError("the queue failed", "io_uring", error, .stop))
      return
    }
    finishFiles()
    if loop.isStarving || loop.isEmpty { writeHeld() }
  }

  /// Gives up the ring, whose requests have been canceled for want of a kernel thread: under a limit on
  /// the user's processes, or on those of a container, there may be none.
  mutating func useCalls() {
    loop.useCalls()
    let reason = "the kernel may start no thread for io_uring"
    if run.noteOnce("\(reason); copying with plain system calls") {
      run.explainOnce("engine: plain system calls (\(reason))")
    }
  }

  func mustWaitForSlot() -> Bool { loop.isFull && !queueFailed }

  mutating func finishFiles() {
    while let finished = loop.nextFinished() { finish(finished) }
  }

  /// Lets what is in flight come to its end.
  private mutating func drain() {
    loop.stop()
    while !loop.isEmpty && !queueFailed { turn() }
    writeHeld()
  }

  /// Reports a failure, and stops the run if it must.
  mutating func fail(_ error: CopyError) {
    switch error.severity {
    case .vanished:
      report.vanished += 1
    case .stop:
      report.failures += 1
      // The files in flight all meet a full disk; once is enough to say so.
      guard run.stop(.failure) else { return }
    case .entry, .selection, .unsupported, .memory:
      report.failures += 1
    }
    run.observer.failed(error)
  }

  /// Reports that an entry was made, copied or repaired.
  mutating func note(
    _ kind: EntryUpdate.Kind,
    _ directory: CopyDirectory,
    _ name: EntryName,
    isNew: Bool
  ) {
    run.observer.updated(
      EntryUpdate(path: directory.relativePath(name), kind: kind, isNew: isNew)
    )
  }
}
