// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage
internal import Uring

/// The moving of one file's data: allocate, copy, write back.
///
/// A state machine that says which request is next and is told what completed; the event loop does
/// the asking. Opening before, and metadata and publishing after, belong to `FileCopier` and
/// `Publisher`.
struct FileTask: ~Copyable {
  /// Requests beside the data's own; each kind is in flight at most once, and named in the tag by
  /// a block number that no block has.
  enum Auxiliary: Int {
    case allocate = 0xf0
    case adviseSequential
    case startWriteback
    case awaitWriteback
    case dropTarget
    case dropSource
  }

  /// How a file's data was moved.
  enum Outcome: Equatable {
    /// All of it, this many bytes.
    case copied(bytes: UInt64)
    /// All of it was read, and is in the buffer.
    case loaded
    case failed(CopyWindow.Failure)
    /// The space could not be allocated.
    case notAllocated(Errno)
    /// The writeback of what was written failed.
    case notWrittenBack(Errno)

    /// Whether the kernel gave up a request, as it does where it may start no thread for the ring.
    var isCanceled: Bool {
      switch self {
      case .notAllocated(.canceled), .notWrittenBack(.canceled), .failed(.read(.canceled)),
        .failed(.write(.canceled)):
        true
      default: false
      }
    }
  }

  let plan: TransferPlan
  var window: CopyWindow
  /// The last bytes of the file, where direct writes cannot take them.
  var tail: [UInt8] = []
  private var advisor: CacheAdvisor?
  private var awaitsAllocation: Bool
  private var allocateDue: Bool
  private var allocationTries = 0
  private var sequentialDue: Bool
  private var dropTargetDue = false
  /// Whether a window is being sent off: two at a time would come to the disk in turns.
  private var isSending = false
  private var settling: Range<UInt64> = 0..<0
  private var dropping: Range<UInt64> = 0..<0
  private var auxiliaryFailure: Outcome?
  /// Requests whose completion is awaited.
  private(set) var requestsInFlight = 0
  /// How far the file had come when that was told last, in bytes.
  private(set) var bytesTold: UInt64 = 0

  init(_ plan: TransferPlan, blockBytes: Int) {
    self.plan = plan
    window = CopyWindow(
      blockBytes: blockBytes,
      isUnsized: plan.map == .unknownSize,
      loadsOnly: plan.target == nil,
      readAlignment: plan.reading.alignment,
      writeAlignment: plan.writing.alignment
    )
    advisor = plan.advisor
    awaitsAllocation = plan.allocateBytes > 0
    allocateDue = awaitsAllocation
    sequentialDue = plan.advisor != nil && !plan.reading.isDirect && plan.map != .whole(0)
  }

  private var hasFailed: Bool { auxiliaryFailure != nil || window.failure != nil }

  /// How the file ended, once nothing is in flight and nothing is due.
  var outcome: Outcome? {
    if window.isLoaded { return .loaded }
    guard requestsInFlight == 0, window.activeBlocks == 0 else { return nil }
    if let auxiliaryFailure { return auxiliaryFailure }
    if let failure = window.failure { return .failed(failure) }
    guard window.isDone, !awaitsAllocation, advisor?.isSettled ?? true else { return nil }
    return .copied(bytes: window.bytesWritten)
  }

  /// Gives up: what is in flight drains, nothing more is started.
  mutating func stop() {
    window.giveUp(.stopped)
  }

  /// Looks up runs of data until there is one to copy, or no more (`lseek`).
  mutating func findData() {
    while let offset = window.wantsExtent {
      do {
        let found = try plan.extent(from: offset)
        noteHole(from: offset, to: found?.offset)
        window.add(found)
      } catch {
        window.giveUp(.read(error))
      }
    }
  }

  /// Tells the advisor of a hole; one without an end reaches to that of the file.
  private mutating func noteHole(from start: UInt64, to end: UInt64?) {
    guard case .sparse(let size) = plan.map else { return }
    let end = end ?? size
    if start < end { advisor?.noteHole(start..<end) }
  }

  /// Whether the next block of the file could be started, given a buffer.
  var canStart: Bool {
    !awaitsAllocation && auxiliaryFailure == nil
      && window.canStart(limit: advisor?.writeLimit ?? .max)
  }

  /// Whether what it writes goes through the cache, and is advised.
  var isPaced: Bool { advisor?.pacesTarget ?? false }
  /// What of the target may be dirty or on its way to the disk, in bytes.
  var unsettledBytes: UInt64 {
    guard let advisor, advisor.pacesTarget else { return 0 }
    return advisor.unsettledBytes(begun: window.begunUpTo)
  }

  /// Notes how far the file has come: what is on the disk, or where nobody waits for that, what was
  /// written.
  ///
  /// - Returns: How far it had come before, and has now, in bytes.
  mutating func noteProgress() -> (before: UInt64, now: UInt64) {
    let before = bytesTold
    if plan.target != nil {
      bytesTold = isPaced ? window.begunUpTo - unsettledBytes : window.writtenUpTo
    }
    return (before, bytesTold)
  }

  /// Where the caller keeps the lease of a block's buffer.
  ///
  /// Mutating, though nothing is changed: the window is some 1,500 bytes, and to read a part of a
  /// value that is only lent the compiler copies all of it.
  mutating func lease(of block: Int) -> Int { window.lease(of: block) }
  /// What the tag of a block's requests has to carry; mutating for the same reason.
  mutating func attempt(of block: Int) -> UInt8 { window.attempt(of: block) }

  /// Whether not all of a block is written, but not its holes, or zeros; mutating as well.
  mutating func leavesOut(of block: Int) -> Bool {
    plan.skipsZeros || window.spansHoles(block)
  }
  /// What of bytes of a block is written next; mutating as well.
  mutating func part(
    of read: BufferSlice,
    in block: Int,
    at offset: UInt64
  ) -> (leftOut: Int, count: Int) {
    plan.part(of: read, at: offset, spansHoles: window.spansHoles(block))
  }

  /// Notes that a request was handed to the queue.
  mutating func started() { requestsInFlight += 1 }

  /// The next request beside the data's own that is due, if any.
  mutating func nextAuxiliary(tag: (Auxiliary, Submission.Operation) -> Tag) -> Submission? {
    guard !hasFailed else { return nil }
    if sequentialDue {
      sequentialDue = false
      return .advise(
        plan.source,
        offset: 0,
        length: 0,
        advice: FileCalls.Advice.sequential.rawValue,
        tag: tag(.adviseSequential, .advise)
      )
    }
    if allocateDue, let target = plan.target {
      allocateDue = false
      return .allocate(
        target,
        offset: 0,
        length: plan.allocateBytes,
        tag: tag(.allocate, .allocate)
      )
    }
    if dropTargetDue, let target = plan.target {
      dropTargetDue = false
      // With the last window goes what has stayed of the others: while the filesystem is synced for
      // other files, what it has just looked at cannot be dropped.
      let isLast = window.isDone && settling.upperBound >= window.writtenUpTo
      let range = isLast ? 0..<settling.upperBound : settling
      return drop(target, range, tag(.dropTarget, .advise))
    }
    let advice = advisor?.next(
      readUpTo: window.readUpTo,
      writtenUpTo: window.writtenUpTo,
      isComplete: window.isDone,
      maySend: !isSending
    )
    switch advice {
    case nil:
      return nil
    case .startWriteback(let range):
      isSending = true
      return plan.target.map {
        sync($0, range, mode: .write, tag(.startWriteback, .syncRange))
      }
    case .settle(let range):
      settling = range
      return plan.target.map {
        sync($0, range, mode: .writeAndWait, tag(.awaitWriteback, .syncRange))
      }
    case .dropSource(let range):
      dropping = range
      return drop(plan.source, range, tag(.dropSource, .advise))
    }
  }

  private func sync(
    _ target: Int32,
    _ range: Range<UInt64>,
    mode: FileCalls.SyncRange,
    _ tag: Tag
  ) -> Submission {
    .syncRange(
      target,
      offset: range.lowerBound,
      length: range.upperBound - range.lowerBound,
      mode: mode.rawValue,
      tag: tag
    )
  }

  /// Drops a range; one that reaches the end of the data goes on to the end of the file, since a
  /// last page that is only partly covered would stay.
  private func drop(_ descriptor: Int32, _ range: Range<UInt64>, _ tag: Tag) -> Submission {
    let isLast = window.isDone && range.upperBound >= window.writtenUpTo
    let length = isLast ? 0 : range.upperBound - range.lowerBound
    return .advise(
      descriptor,
      offset: range.lowerBound,
      length: length,
      advice: FileCalls.Advice.dontNeed.rawValue,
      tag: tag
    )
  }

  /// Takes the completion of a request beside the data's own.
  mutating func completed(_ auxiliary: Auxiliary, _ error: Errno?) {
    requestsInFlight -= 1
    switch auxiliary {
    case .adviseSequential:
      break  // Advice that is not taken costs speed at most.
    case .allocate:
      completedAllocation(error)
    case .startWriteback:
      isSending = false
      noteWriteback(error)
    case .awaitWriteback:
      noteWriteback(error)
      dropTargetDue = true
    case .dropTarget:
      advisor?.settled(settling)
    case .dropSource:
      advisor?.dropped(dropping)
    }
  }

  private mutating func completedAllocation(_ error: Errno?) {
    switch error {
    case .interrupted where allocationTries < CopyWindow.fruitlessTriesMax,
      .resourceTemporarilyUnavailable where allocationTries < CopyWindow.fruitlessTriesMax:
      allocationTries += 1
      allocateDue = true
    case nil, .notSupported, .noFunction, .invalidArgument,
      .operationNotSupportedByDevice:
      // A filesystem that cannot allocate ahead allocates as it writes.
      awaitsAllocation = false
    case .some(let errno):
      auxiliaryFailure = .notAllocated(errno)
    }
  }

  /// A writeback error is told once for each open file: here, and not again when it is closed.
  private mutating func noteWriteback(_ error: Errno?) {
    guard let error else { return }
    // Nothing was sent off where the kernel had no thread for it.
    if error == .ioError || error == .canceled || error.stopsRun {
      auxiliaryFailure = .notWrittenBack(error)
    }
  }

  /// Takes the last bytes out, before the task is consumed.
  mutating func takeTail() -> [UInt8] {
    let taken = tail
    tail = []
    return taken
  }

  /// Takes the completion of a read or write of a block, if it is awaited.
  ///
  /// - Returns: The lease of the block's buffer, when the block let go of it.
  mutating func completed(
    block: Int,
    attempt: UInt8,
    isRead: Bool,
    result: Int32
  ) -> Int? {
    guard window.awaits(block, attempt: attempt, isRead: isRead) else { return nil }
    let lease = window.lease(of: block)
    let released: Bool
    if isRead {
      let (ended, isReleased) = window.completedRead(block, result)
      if ended { requestsInFlight -= 1 }
      released = isReleased
    } else {
      released = window.completedWrite(block, result)
      requestsInFlight -= 1
    }
    return released ? lease : nil
  }
}
