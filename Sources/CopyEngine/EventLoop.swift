// SPDX-License-Identifier: Apache-2.0

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
    var place: LoadArena.Place?

    consuming func takeFile() -> File { file }
  }

  /// A linked pair takes two places in the queue.
  private static var requestsPerStep: Int { 2 }
  /// Of so many small reads in flight one has to be done before the loop goes on: to wake for each
  /// costs more than the read, and the disk has enough to do meanwhile.
  private static var loadsPerCompletion: Int { 4 }

  private(set) var queue: Queue
  let pool: BufferPool
  private(set) var leases: SlotTable<BufferLease>
  private var arena: LoadArena
  private var slots: SlotTable<Slot>
  /// Occupied slots, oldest first: the oldest file gets buffers before the others, so that one
  /// large file is written at a time.
  private var order: [Int] = []
  private var requestsInFlight = 0
  private var loadsInFlight = 0
  /// Whether a file could go on if there were a buffer.
  private(set) var isStarving = false
  private let dirtyBytesMax: UInt64
  /// What is dirty or on its way, as far as this turn has come.
  private var dirtyBytes: UInt64 = 0
  /// Whether one disk is read and written, and `direction` is never `both`.
  private let alternates: Bool
  private let writesInOrder: Bool
  private var direction: CopyWindow.Direction
  private var hasRegistered = false
  /// Whether plain calls do everything, since the kernel has no thread for the ring.
  private(set) var usesCalls = false
  private var isStopped = false

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
  init(
    queue: consuming Queue,
    pool: BufferPool,
    filesMax: Int,
    dirtyBytesMax: UInt64 = .max,
    alternates: Bool = false,
    writesInOrder: Bool = false
  ) {
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
  }

  /// Whether no further file can be admitted.
  var isFull: Bool { slots.isFull }
  /// Whether no file is under way.
  var isEmpty: Bool { slots.count == 0 }
  /// How many files are under way whose data is more than one small read.
  private(set) var copiesUnderWay = 0

  /// Takes over a file whose data is to be moved.
  ///
  /// - Precondition: The loop is not full.
  mutating func admit(_ plan: FileTask.Plan, file: consuming File) {
    if isEmpty { pool.join() }
    if plan.target != nil {
      copiesUnderWay += 1
      if !hasRegistered {
        hasRegistered = true
        queue.register(pool)
      }
    }
    var task = FileTask(plan, blockBytes: pool.blockBytes)
    if isStopped { task.stop() }
    let index = slots.insert(Slot(task: task, file: file))
    guard let index else { preconditionFailure("the event loop is full") }
    order.append(index)
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
    prepareAll()
    if alternates && requestsInFlight == 0 && (waits || isStarving || direction == .writing) {
      direction = direction == .reading ? .writing : .reading
      prepareAll()
    }
    let mustWait = waits && !hasFinished
    if mustWait && isStarving && requestsInFlight == 0 && leases.count == 0 {
      return pool.waitForBuffer()
    }
    let enough = min(max(1, loadsInFlight / Self.loadsPerCompletion), requestsInFlight)
    try queue.submit(waitFor: mustWait ? enough : 0)
    while let completion = queue.nextCompletion() { take(completion) }
    for index in order { releaseAbandoned(index) }
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

  private var hasFinished: Bool {
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
      let place = slot.place
      let contents =
        outcome == .loaded ? place.map { slice($0, slot.task.window.bytesLoaded) } : nil
      let failedAt = slot.task.window.failedAt
      let end = slot.task.takeEnd()
      let file = slot.takeFile()
      return Finished(
        outcome: outcome,
        failedAt: failedAt,
        contents: contents,
        place: place,
        end: end,
        file: file
      )
    }
    return nil
  }

  private func slice(_ place: LoadArena.Place, _ byteCount: Int) -> BufferSlice {
    pool.slice(of: leases[place.lease], from: place.start, count: byteCount)
  }

  /// Takes back the place of a file that was loaded, when its contents are not needed any more.
  mutating func release(_ place: LoadArena.Place) {
    if arena.release(place) { pool.giveBack(leases.remove(place.lease)) }
  }

  /// Gives all buffers back after the queue has failed, so that the loop can be let go of.
  ///
  /// What the kernel may still write goes to memory of a process that is about to end.
  mutating func abandon() {
    while let index = leases.firstOccupied(from: 0) { pool.giveBack(leases.remove(index)) }
  }
}

/// A file whose data has been moved, or not.
struct Finished<File: ~Copyable>: ~Copyable {
  let outcome: FileTask.Outcome
  /// Where the request began that failed, in bytes, if one did.
  let failedAt: UInt64?
  /// What was loaded; valid until its place is released.
  let contents: BufferSlice?
  /// The place of a file that was to be loaded, to be released.
  let place: LoadArena.Place?
  /// The last bytes of a file that is written directly, where they are no whole sector: they are
  /// still to be written, through the cache.
  private var end: [UInt8]
  var file: File

  init(
    outcome: FileTask.Outcome,
    failedAt: UInt64?,
    contents: BufferSlice?,
    place: LoadArena.Place?,
    end: [UInt8],
    file: consuming File
  ) {
    self.outcome = outcome
    self.failedAt = failedAt
    self.contents = contents
    self.place = place
    self.end = end
    self.file = file
  }

  /// Takes the end out, rather than copying it: the optimizer of Swift 6.3 would let go of the copy
  /// when the file is taken.
  mutating func takeEnd() -> [UInt8] {
    let taken = end
    end = []
    return taken
  }

  consuming func takeFile() -> File { file }
}

// Preparing requests.
extension EventLoop where Queue: ~Copyable, File: ~Copyable {
  private mutating func prepare(_ index: Int) {
    while queue.space >= Self.requestsPerStep {
      let generation = slots.generation(of: index)
      let due = slots[index].task.nextAuxiliary { auxiliary, operation in
        Tag(
          slot: index,
          generation: generation << 8,
          block: auxiliary.rawValue,
          operation: operation
        )
      }
      if let due {
        queue.prepare(due)
        noteStarted(index)
        continue
      }
      if let request = slots[index].task.window.retry(direction, writesInOrder: writesInOrder) {
        prepare(request, index)
        continue
      }
      slots[index].task.findData()
      guard direction != .writing, slots[index].task.canStart, !isTooDirty(for: index) else {
        return
      }
      guard let lease = lease(index) else {
        isStarving = true
        return
      }
      let linksPairs =
        queue.linksPairs && !alternates && !writesInOrder && !slots[index].task.plan.skipsZeros
      prepare(slots[index].task.window.start(lease: lease, linksPairs: linksPairs), index)
    }
  }

  /// Whether older files have so much on its way that this one has to wait.
  private func isTooDirty(for index: Int) -> Bool {
    dirtyBytes > 0 && slots[index].task.isPaced
      && dirtyBytes + slots[index].task.unsettledBytes + UInt64(pool.blockBytes) > dirtyBytesMax
  }

  /// Finds a buffer for the next block, or a place in one for a file that is only read.
  ///
  /// - Returns: The number of its lease, or `nil` when there is none to be had now.
  private mutating func lease(_ index: Int) -> Int? {
    guard slots[index].task.plan.target == nil else { return lease() }
    let byteCount = slots[index].task.window.bytesToLoad
    if let place = arena.take(byteCount) {
      slots[index].place = place
      return place.lease
    }
    guard let number = lease() else { return nil }
    arena.begin(number)
    slots[index].place = arena.take(byteCount)
    return number
  }

  private mutating func lease() -> Int? {
    guard let lease = pool.lease(holding: leases.count) else { return nil }
    guard let number = leases.insert(lease) else {
      preconditionFailure("more leases than buffers")
    }
    return number
  }

  private mutating func noteStarted(_ index: Int) {
    slots[index].task.started()
    requestsInFlight += 1
    if slots[index].task.plan.target == nil { loadsInFlight += 1 }
  }

  private mutating func prepare(_ request: CopyWindow.Request, _ index: Int) {
    switch request {
    case .pair(let block, let offset, let length):
      prepareRead(index, block, offset, at: 0, length, flags: [.link, .skipSuccess])
      prepareWrite(index, block, offset, at: 0, length)
    case .read(let block, let offset, let position, let length):
      prepareRead(index, block, offset, at: position, length)
    case .write(let block, let offset, let position, let length):
      guard !slots[index].task.plan.skipsZeros else {
        return prepareData(index, block, offset, at: position, length)
      }
      let aligned = length.roundedDown(to: slots[index].task.plan.writing.alignment)
      guard aligned > 0 else { return keepEnd(index, block, at: position, length) }
      prepareWrite(index, block, offset, at: position, aligned)
    }
    noteStarted(index)
  }

  /// Keeps the last bytes of a file, which are no whole sector, for its owner to write.
  private mutating func keepEnd(_ index: Int, _ block: Int, at position: Int, _ length: Int) {
    slots[index].task.end = slice(index, block, at: position, length).bytes
    if let lease = slots[index].task.window.keepEnd(block, length) { giveBack(lease, of: index) }
  }

  /// Writes the first run of a block that is not all zeros; what is behind it is due again then.
  private mutating func prepareData(
    _ index: Int,
    _ block: Int,
    _ offset: UInt64,
    at position: Int,
    _ length: Int
  ) {
    let zeros = slice(index, block, at: position, length).leadingBytes(areZeros: true)
    if zeros > 0, let lease = slots[index].task.window.skip(block, zeros) {
      return giveBack(lease, of: index)
    }
    let start = position + zeros
    let rest = slice(index, block, at: start, length - zeros)
    let dataBytes = rest.leadingBytes(areZeros: false)
    prepareWrite(index, block, offset + UInt64(zeros), at: start, dataBytes)
    noteStarted(index)
  }

  private mutating func prepareRead(
    _ index: Int,
    _ block: Int,
    _ offset: UInt64,
    at position: Int,
    _ length: Int,
    flags: Submission.Flags = []
  ) {
    let plan = slots[index].task.plan
    queue.prepare(
      .read(
        plan.source,
        into: slice(index, block, at: position, length),
        at: offset,
        flags: plan.reading.dontCache ? flags.union(.dontCache) : flags,
        tag: tag(index, block, .read)
      )
    )
  }

  private mutating func prepareWrite(
    _ index: Int,
    _ block: Int,
    _ offset: UInt64,
    at position: Int,
    _ length: Int
  ) {
    let plan = slots[index].task.plan
    guard let target = plan.target else { preconditionFailure("a write of a file only to be read") }
    let slice = slice(index, block, at: position, length)
    queue.prepare(
      .write(
        target,
        from: slice,
        at: offset,
        flags: plan.writing.dontCache ? .dontCache : [],
        tag: tag(index, block, .write)
      )
    )
  }

  private func slice(_ index: Int, _ block: Int, at position: Int, _ length: Int) -> BufferSlice {
    pool.slice(
      of: leases[slots[index].task.window.lease(of: block)],
      from: (slots[index].place?.start ?? 0) + position,
      count: length
    )
  }

  /// The generation of the slot and the block's attempt tell late completions from awaited ones.
  private func tag(_ index: Int, _ block: Int, _ operation: Submission.Operation) -> Tag {
    let attempt = slots[index].task.window.attempt(of: block)
    return Tag(
      slot: index,
      generation: slots.generation(of: index) << 8 | UInt32(attempt),
      block: block,
      operation: operation
    )
  }
}

// Taking completions.
extension EventLoop where Queue: ~Copyable, File: ~Copyable {
  private mutating func take(_ completion: Completion) {
    let tag = completion.tag
    let index = tag.slot
    guard index < slots.capacity, slots.isOccupied(index),
      tag.generation >> 8 == slots.generation(of: index) & 0xff_ffff
    else { return }
    let before = slots[index].task.requestsInFlight
    if let auxiliary = FileTask.Auxiliary(rawValue: tag.block) {
      slots[index].task.completed(auxiliary, completion.error)
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
    if slots[index].task.plan.target == nil { loadsInFlight -= ended }
  }

  private mutating func releaseAbandoned(_ index: Int) {
    while let lease = slots[index].task.window.releaseAbandoned() { giveBack(lease, of: index) }
  }

  private mutating func giveBack(_ lease: Int, of index: Int) {
    guard let place = slots[index].place else { return pool.giveBack(leases.remove(lease)) }
    slots[index].place = nil
    release(place)
  }
}
