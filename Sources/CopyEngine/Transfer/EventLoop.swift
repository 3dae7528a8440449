// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage
internal import Uring

/// Moves the data of several files through one queue and a pool of buffers.
///
/// `turn` is the one place that branches on completions. Each file carries along what its owner
/// needs when it is done (`File`).
struct EventLoop<Queue: SubmissionQueue & ~Copyable, File: ~Copyable>: ~Copyable {
  // Not private: the compiler (6.3) emits a private type of a generic one with local linkage, and
  // then refers to it from other files.
  struct Slot: ~Copyable {
    var task: FileTask
    var file: File
    /// Where a file that is only read has its bytes.
    var slot: LoadSlot?

    consuming func takeFile() -> File { file }
  }

  /// A linked pair takes two places in the queue.
  static var requestsPerStep: Int { 2 }
  /// Of so many small reads in flight one has to be done before the loop goes on: to wake for each
  /// costs more than the read, and the disk has enough to do meanwhile.
  static var loadsPerCompletion: Int { 4 }

  var queue: Queue
  let pool: BufferPool
  var leases: SlotTable<BufferLease>
  var arena: LoadArena
  var slots: SlotTable<Slot>
  /// Occupied slots, oldest first: the oldest file gets buffers before the others, so that one
  /// large file is written at a time.
  var order: [Int] = []
  var requestsInFlight = 0
  var loadsInFlight = 0
  /// Whether a file could go on if there were a buffer.
  var isStarving = false
  /// Who is told that the run goes on, if anybody wants to know.
  let heartbeat: Heartbeat?
  /// Where is counted how far files under way have come, if anybody wants to know.
  let meter: CopyMeter?
  /// What measures the requests, if anybody wants to know.
  let gauge: TransferGauge?
  /// How often the meter had been looked at when it was told last.
  var lookCount: UInt32 = 0
  /// Who is asked before a block is read; `nil` where nothing limits the rate.
  let pacer: Pacer?
  /// Whether a file could go on if the rate allowed it, as far as this turn has come.
  var isHeldBack = false
  let dirtyBytesMax: UInt64
  /// What is dirty or on its way, as far as this turn has come.
  var dirtyBytes: UInt64 = 0
  /// Whether one disk is read and written, and `direction` is never `both`.
  let alternates: Bool
  let writesInOrder: Bool
  var direction: CopyWindow.Direction
  /// How much is to be admitted before the buffers are registered, in bytes; `nil` once they are.
  var bytesUntilRegistered: UInt64?
  /// Whether plain calls do everything, since the kernel has no thread for the ring.
  var usesCalls = false
  var isStopped = false
  /// Whether the queue has failed, and all buffers are gone.
  var hasFailed = false

  /// Takes over a queue.
  ///
  /// - Parameters:
  ///   - queue: Where requests go.
  ///   - pool: The buffers, which other loops may use as well.
  ///   - filesMax: How many files can be under way at once.
  ///   - dirtyBytesMax: How much files beside the oldest may add to what is dirty, in bytes.
  ///   - alternates: Whether to fill all buffers first and write them all then, as a disk wants it
  ///     that seeks between the two.
  ///   - writesInOrder: Whether each file is written strictly from its beginning to its end.
  ///   - pacer: What limits the rate, if anything does.
  ///   - heartbeat: Who is told that the run goes on, if anybody wants to know.
  ///   - meter: Where is counted how far files have come, if anybody wants to know.
  init(
    queue: consuming Queue,
    pool: BufferPool,
    filesMax: Int,
    dirtyBytesMax: UInt64 = .max,
    alternates: Bool = false,
    writesInOrder: Bool = false,
    pacer: Pacer? = nil,
    heartbeat: Heartbeat? = nil,
    meter: CopyMeter? = nil
  ) {
    self.heartbeat = heartbeat
    self.meter = meter
    gauge = meter?.transfers.map { TransferGauge($0, slots: filesMax) }
    self.pacer = pacer
    self.dirtyBytesMax = dirtyBytesMax
    self.alternates = alternates
    self.writesInOrder = writesInOrder
    direction = alternates ? .reading : .both
    leases = SlotTable(capacity: pool.count)
    arena = LoadArena(blockBytes: pool.blockBytes, leasesMax: pool.count)
    slots = SlotTable(capacity: filesMax)
    order.reserveCapacity(filesMax)
    self.queue = queue
    self.pool = pool
    bytesUntilRegistered = UInt64(pool.count * pool.blockBytes)
    if gauge != nil { self.queue.timeCalls() }
  }

  /// Whether no further file can be admitted.
  var isFull: Bool { slots.isFull }
  /// Whether no file is under way.
  var isEmpty: Bool { slots.count == 0 }
  /// How many files are under way whose data is more than one small read.
  var copiesUnderWay = 0

  /// Takes over a file whose data is to be moved.
  ///
  /// - Precondition: The loop is not full.
  mutating func admit(_ plan: TransferPlan, file: consuming File) {
    if isEmpty { pool.join() }
    if plan.target != nil {
      copiesUnderWay += 1
      registerBuffers(forBytes: plan.map.size)
    }
    var task = FileTask(plan, blockBytes: pool.blockBytes)
    if isStopped { task.stop() }
    let index = slots.insert(Slot(task: task, file: file))
    guard let index else { preconditionFailure("the event loop is full") }
    order.append(index)
  }

  /// Registers the buffers as soon as there is enough to copy to use them all.
  ///
  /// That pins their pages, and has the kernel make them all: it takes milliseconds, and memory
  /// that a few small files do not need.
  private mutating func registerBuffers(forBytes bytes: UInt64) {
    guard let bytesLeft = bytesUntilRegistered else { return }
    guard bytes >= bytesLeft else { return bytesUntilRegistered = bytesLeft - bytes }
    bytesUntilRegistered = nil
    queue.register(pool)
  }

  /// Has plain calls do what the kernel has no thread for.
  mutating func useCalls() {
    queue.useCalls()
    usesCalls = true
  }

  /// Stops all files; they end as failed once what is in flight has drained.
  mutating func stop() {
    isStopped = true
    for index in order { slots[index].task.stop() }
  }

  /// Goes round once: prepares what is due, submits, waits for a completion unless a file is done,
  /// and takes what completed.
  ///
  /// - Parameter waits: Whether to wait at all.
  /// - Throws: The failure of the queue itself; the loop cannot be used after it.
  mutating func turn(waits: Bool = true) throws(Errno) {
    isHeldBack = false
    gauge?.look()
    prepareAll()
    if alternates && requestsInFlight == 0 && (waits || isStarving || direction == .writing) {
      direction = direction == .reading ? .writing : .reading
      prepareAll()
    }
    let mustWait = waits && !hasFinished
    if mustWait && isStarving && requestsInFlight == 0 && leases.count == 0 {
      return pool.waitForBuffer()
    }
    if mustWait && isHeldBack && requestsInFlight == 0, let pacer {
      heartbeat?.rest()
      defer { heartbeat?.endRest() }
      return pacer.pause()
    }
    let enough = min(max(1, loadsInFlight / Self.loadsPerCompletion), requestsInFlight)
    try queue.submit(waitFor: mustWait ? enough : 0)
    gauge?.look()
    takeAll()
    heartbeat?.beat()
    if let meter { tell(meter) }
    for index in order { releaseAbandoned(index) }
  }

  /// Says how far the files have come, where somebody has asked since it was said last.
  private mutating func tell(_ meter: CopyMeter) {
    let asked = meter.lookCount
    guard asked != lookCount else { return }
    lookCount = asked
    for index in order {
      let change = slots[index].task.noteProgress()
      meter.noteUnderWay(from: change.before, to: change.now)
    }
  }

  private mutating func prepareAll() {
    isStarving = false
    dirtyBytes = 0
    for index in order {
      guard queue.space >= Self.requestsPerStep else { break }
      prepare(index)
      dirtyBytes += slots[index].task.unsettledBytes
    }
  }

  var hasFinished: Bool {
    order.contains { slots[$0].task.outcome != nil }
  }

  /// Hands out a file that is done, with how it went.
  mutating func nextFinished() -> Finished<File>? {
    for position in order.indices {
      let index = order[position]
      guard let outcome = slots[index].task.outcome else { continue }
      order.remove(at: position)
      var slot = slots.remove(index)
      if slot.task.plan.target != nil { copiesUnderWay -= 1 }
      if isEmpty { pool.leave() }
      let loadSlot = slot.slot
      let contents =
        outcome == .loaded ? loadSlot.map { slice($0, slot.task.window.bytesLoaded) } : nil
      let failure = slot.task.window.failed
      let tail = slot.task.takeTail()
      let told = slot.task.bytesTold
      var written: UInt64 = 0
      // To look at every block costs more than a small file.
      if case .failed = outcome { written = slot.task.window.writtenUpTo }
      let file = slot.takeFile()
      return Finished(
        outcome: outcome,
        failedRange: failure,
        writtenUpTo: written,
        bytesTold: told,
        contents: contents,
        slot: loadSlot,
        tail: tail,
        file: file
      )
    }
    return nil
  }

  private func slice(_ slot: LoadSlot, _ byteCount: Int) -> BufferSlice {
    pool.slice(of: leases[slot.lease], from: slot.start, count: byteCount)
  }

  /// Takes back the place of a file that was loaded, when its contents are not needed any more;
  /// after a failure there is nothing to be taken back.
  mutating func release(_ slot: LoadSlot) {
    guard !hasFailed else { return }
    if arena.release(slot) { pool.giveBack(leases.remove(slot.lease)) }
  }

  /// Gives up after the queue has failed, so that the loop can be let go of.
  ///
  /// Buffers go back to the pool, from which other loops lease them, only when the kernel is done
  /// with all requests, which their completions tell; else nobody may have them any more.
  mutating func abandon() {
    while requestsInFlight > 0, queue.cancelAll() { takeAll() }
    let isQuiet = requestsInFlight == 0
    while let index = leases.firstOccupied(from: 0) {
      let lease = leases.remove(index)
      if isQuiet { pool.giveBack(lease) } else { pool.retire(lease) }
    }
    hasFailed = true
  }
}

// Taking completions.
extension EventLoop where Queue: ~Copyable, File: ~Copyable {
  private mutating func takeAll() {
    while let completion = queue.nextCompletion() { take(completion) }
  }

  private mutating func take(_ completion: Completion) {
    let tag = completion.tag
    let index = tag.slot
    guard index < slots.capacity, slots.isOccupied(index),
      tag.generation >> 8 == slots.generation(of: index) & 0xff_ffff
    else { return }
    let before = slots[index].task.requestsInFlight
    if let auxiliary = FileTask.Auxiliary(rawValue: tag.block) {
      slots[index].task.completed(auxiliary, completion.error)
      if auxiliary == .awaitWriteback { gauge?.endFlush(completion, index) }
    } else {
      let lease = slots[index].task.completed(
        block: tag.block,
        attempt: UInt8(truncatingIfNeeded: tag.generation),
        isRead: tag.operation == .read,
        result: completion.result
      )
      if let lease { giveBack(lease, of: index) }
    }
    let ended = before - slots[index].task.requestsInFlight
    requestsInFlight -= ended
    if let gauge { note(completion, index, gauge, isEnd: ended > 0) }
    if slots[index].task.plan.target == nil { loadsInFlight -= ended }
  }

  /// Measures a request that was completed; when the read of a pair is, its write begins.
  private mutating func note(
    _ completion: Completion,
    _ index: Int,
    _ gauge: TransferGauge,
    isEnd: Bool
  ) {
    switch completion.tag.operation {
    case .read:
      let hadBegun = gauge.endRead(completion, index, of: slots[index].task.plan.device)
      if hadBegun && !isEnd { gauge.beginWrite(index, completion.tag.block) }
    case .write: gauge.endWrite(completion, index)
    default: break
    }
  }

  private mutating func releaseAbandoned(_ index: Int) {
    while let lease = slots[index].task.window.releaseAbandoned() { giveBack(lease, of: index) }
  }

  mutating func giveBack(_ lease: Int, of index: Int) {
    guard let slot = slots[index].slot else { return pool.giveBack(leases.remove(lease)) }
    slots[index].slot = nil
    release(slot)
  }
}
