// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage
internal import SystemPackage
internal import Uring

/// The moving of the data of one device or image, and what came of it: one file driven through an
/// event loop.
struct BlockDeviceTransfer {
  /// What is read.
  private struct Source {
    let path: FilePath
    let number: Int32
    let size: UInt64
    let isDevice: Bool
    let metadata: EntryMetadata
    /// The number of its filesystem, or its own.
    let device: UInt64
  }

  let run: RunContext
  /// What runs of zeros of an image are measured in, in bytes: with holes of single pages it would
  /// be in pieces on the disk.
  private static let zeroGranuleBytes = 64 << 10

  private let source: Source
  private let target: FilePath
  private let locations: [StorageLocation]
  private let reading: BlockDeviceAccess
  private var counted = CopyReport()
  /// Whether all data arrived.
  private(set) var isComplete = false
  /// Whether a target device does not have any more what it had.
  private var hasBegun = false
  /// What could not be read, and why, where the rest is copied all the same.
  private var unreadable = UnreadableRanges()
  private var readErrno: Errno?
  private var hasReadThroughCache = false

  /// Prepares the copy of an open source.
  init(
    _ setup: RunSetup,
    source: borrowing BlockDeviceEnd,
    target: FilePath,
    _ metadata: EntryMetadata
  ) {
    self.source = Source(
      path: source.path,
      number: source.descriptor.rawValue,
      size: source.size,
      isDevice: source.isDevice,
      metadata: source.metadata,
      device: source.metadataOnDisk.identity.device
    )
    self.target = target
    locations = setup.locations(
      sources: [(source.path, source.metadataOnDisk)],
      target: metadata
    )
    run = setup.context(
      DiskTraits(locations),
      jobs: 1,
      target: RunTarget(
        probe: LivenessProbe(
          locations.map {
            LivenessProbe.Side(
              path: $0.path,
              directory: nil,
              disks: $0.topology.disks,
              isTarget: $0.role == .target
            )
          }
        )
      )
    )
    let (options, blockBytes) = (run.options.transfer, run.limits.blockBytes)
    reading =
      source.isDevice
      ? BlockDeviceAccess(to: source, options.reading, blockBytes: blockBytes)
      : BlockDeviceAccess(
        toRead: source,
        AccessPolicies(options, blockBytes: blockBytes, disks: run.disks)
      )
    counted.entriesVisited = 1
    counted.bytesVisited = source.size
    counted.listed.files = 1
  }

  /// What was done until now.
  var report: CopyReport {
    var report = counted
    report.add(run.failureCounts)
    report.leavesTargetHalfWritten = hasBegun && !isComplete
    return report
  }

  /// How a target device is written.
  func writing(ofDevice target: borrowing BlockDeviceEnd) -> BlockDeviceAccess {
    BlockDeviceAccess(
      to: target,
      run.options.transfer.writing,
      blockBytes: run.limits.blockBytes
    )
  }

  /// Says what is copied where, and how, if that is wanted.
  ///
  /// - Parameters:
  ///   - writing: How the target is written.
  ///   - targetBytes: The size of a target device, or `nil` for an image.
  func explain(_ writing: BlockDeviceAccess, targetBytes: UInt64?) {
    run.tell(.started(RunStart(locations: locations, workers: 1)))
    let sizes = [source.isDevice ? source.size : nil, targetBytes]
    RunExplanation(run: run, locations: locations).tellDevice(sizes: sizes)
    run.explain(.deviceAccess(.reading, source.path, reading.mode, reading.reason))
    run.explain(.deviceAccess(.writing, target, writing.mode, writing.reason))
  }

  /// What a dry run says.
  func dryReport() throws(CopyError) -> CopyReport {
    if run.wants(.explanations) { try EngineChoice(run: run).check() }
    var report = counted
    report.filesCopied = 1
    report.bytesCopied = counted.bytesVisited
    return report
  }

  /// Notes that the target device is being changed from now on.
  mutating func begin() { hasBegun = true }

  /// Tells a failure; what was written is not complete.
  mutating func fail(_ error: CopyError) {
    isComplete = false
    counted.filesCopied = 0
    run.fail(error)
  }
}

// Moving.
extension BlockDeviceTransfer {
  /// Moves the data.
  ///
  /// - Parameters:
  ///   - number: The target's descriptor.
  ///   - writing: How it is written.
  ///   - sectorBytes: What runs of data are widened to, in bytes.
  ///   - queue: Who carries it out.
  ///   - pool: The buffers.
  mutating func move(
    to number: Int32,
    _ writing: BlockDeviceAccess,
    sectorBytes: Int,
    _ queue: consuming Ring,
    _ pool: BufferPool
  ) {
    var task = task(number, writing, sectorBytes)
    if run.options.transfer.advisesNoReuse {
      FileCalls.advise(source.number, .noReuse)
      FileCalls.advise(number, .noReuse)
    }
    var loop = EventLoop<Ring, Void>(
      queue: queue,
      pool: pool,
      filesMax: 1,
      alternates: run.disks.sharesDisk,
      writesInOrder: run.disks.targetSeeks,
      pacer: Pacer.make(for: run),
      heartbeat: run.heartbeat,
      meter: run.meter
    )
    let watch = StallWatch(locations, for: run)
    let watching = watch.start()
    defer { watch.stop(watching) }
    run.meter?.noteAhead(files: 1, bytes: source.size)
    run.meter?.noteComplete()
    run.meter?.noteCurrent(source.path)
    loop.admit(task, file: ())
    while true {
      guard var finished = loop.nextFinished() else {
        if run.shouldStop { loop.stop() }
        do throws(Errno) {
          try loop.turn()
        } catch {
          loop.abandon()
          return fail(CopyError(.useRing, FilePath(), error, .stop))
        }
        continue
      }
      let (outcome, failed) = (finished.outcome, finished.failedRange)
      run.meter?.noteWaiting(source.metadata.identity, finished.bytesTold)
      if outcome.isCanceled && !loop.usesCalls && !run.shouldStop {
        // The kernel may start no thread for the ring.
        run.noteMissingRingThreads()
        loop.useCalls()
      } else if !goesAround(outcome, failed, &task) {
        return take(outcome, failed, tail: finished.takeTail(), number, writing)
      }
      loop.admit(task, file: ())
    }
  }

  /// Finds out what could not be read, where the rest is to be copied.
  ///
  /// - Returns: Whether the task is to go on.
  private mutating func goesAround(
    _ outcome: FileTask.Outcome,
    _ failed: FailedRange?,
    _ task: inout TransferPlan
  ) -> Bool {
    guard case .failed(.read(let errno)) = outcome, let failed, !run.shouldStop,
      run.options.transfer.onReadError != .fail, UnreadableRanges.isMeant(by: errno),
      run.goneFilesystem(after: errno) == nil
    else { return false }
    if unreadable.scan(failed, size: source.size, of: source.number) {
      if task.reading.isDirect { try? FileCalls.setDirect(source.number, true) }
    } else {
      // What a direct read could not read, one through the cache can.
      guard !hasReadThroughCache else { return false }
      hasReadThroughCache = true
      task.reading.alignment = 1
    }
    readErrno = errno
    task.leftOut = unreadable.leftOut(below: failed.resumesAt)
    return true
  }

  private func task(
    _ target: Int32,
    _ writing: BlockDeviceAccess,
    _ sectorBytes: Int
  ) -> TransferPlan {
    var task = TransferPlan(source: source.number, target: target, map: map)
    task.device = source.device
    task.sectorBytes = UInt64(max(sectorBytes, reading.transfer.alignment))
    task.reading = reading.transfer
    task.writing = writing.transfer
    if writing.skipsZeros { task.zeroGranuleBytes = Self.zeroGranuleBytes }
    let pageBytes = UInt64(ProcessFacts.pageBytes)
    let residency =
      reading.isDropped
      ? Residency(of: source.number, size: source.size, pageBytes: pageBytes) : .unknown
    if writing.isDropped || residency != .unknown {
      task.advisor = CacheAdvisor(
        size: source.size,
        residency: residency,
        pacesTarget: writing.isDropped
      )
    }
    return task
  }

  private var map: DataMap {
    guard !source.isDevice else { return .whole(source.size) }
    return DataMap(of: source.number, source.metadata, keepsHoles: true)
  }

  private mutating func take(
    _ outcome: FileTask.Outcome,
    _ failed: FailedRange?,
    tail: [UInt8],
    _ number: Int32,
    _ writing: BlockDeviceAccess
  ) {
    switch outcome {
    case .copied(let bytes):
      counted.bytesWritten += bytes
      guard isStillThere() else { return }
      if !unreadable.isEmpty && !completeAround(number, writing) { return }
      writeTail(tail, number)
    case .failed(.stopped):
      break
    case .failed(.read(let errno)):
      let first = failed.map {
        UnreadableRanges.first(in: $0, size: source.size, of: source.number) ?? $0
      }
      fail(CopyError(.read, source.path, errno, .entry, first))
    case .failed(.sourceEnded(let offset)):
      fail(CopyError(.sourceEnded(at: offset, size: source.size), source.path, nil, .entry))
    case .failed(.write(let errno)), .notWrittenBack(let errno), .notAllocated(let errno):
      fail(.target(.write, target, errno, failed))
    case .failed(.wroteNothing), .loaded:
      fail(.target(.write, target, .ioError, failed))
    }
  }

  /// Whether the source still has all of its bytes, which is told if not: what is cut off of an
  /// image looks like a hole, and a device that is gone has no bytes (BLKGETSIZE64, `statx`).
  private mutating func isStillThere() -> Bool {
    let size: UInt64
    do throws(Errno) {
      size =
        source.isDevice
        ? try BlockDeviceCalls.size(of: source.number)
        : try EntryLocation(open: source.number).metadata().size
    } catch {
      fail(CopyError(.read, source.path, error, .entry))
      return false
    }
    guard size < source.size else { return true }
    fail(CopyError(.sourceEnded(at: size, size: source.size), source.path, nil, .entry))
    return false
  }

  /// Fills what could not be read with zeros, if that is wanted, and tells what it is.
  ///
  /// - Returns: Whether the copy is complete but for that.
  private mutating func completeAround(_ number: Int32, _ writing: BlockDeviceAccess) -> Bool {
    let isFilled = run.options.transfer.onReadError == .zeroFill
    // An image has holes in their place already, which read as zeros.
    if isFilled, !writing.skipsZeros, let (offset, errno) = unreadable.fill(number) {
      fail(.target(.write, target, errno, offset: offset))
      return false
    }
    run.fail(unreadable.error(source.path, readErrno, areFilled: isFilled))
    guard let path = run.options.transfer.mapfile else { return true }
    do {
      try path.write(unreadable.mapfile(size: source.size))
    } catch {
      run.fail(CopyError(.writeMapfile, path, error, .entry))
    }
    return true
  }

  /// Writes the last bytes, which are no whole sector, through the cache (`pwrite`): what is behind
  /// them in their sector stays.
  private mutating func writeTail(_ tail: [UInt8], _ number: Int32) {
    let measured = run.meter.measuredTarget
    if let (offset, errno) = UnalignedTail.write(tail, upTo: source.size, of: number, measured) {
      return fail(.target(.write, target, errno, offset: offset))
    }
    // A stop that is asked for from now on comes too late.
    guard run.complete() else { return }
    counted.filesCopied = 1
    counted.bytesCopied = counted.bytesVisited
    isComplete = true
  }
}
