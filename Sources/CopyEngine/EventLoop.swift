// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage
internal import Uring

/// Moves the data of several files through one queue and one pool of buffers.
///
/// `turn` is the one place that branches on completions. Each file carries along what its owner
/// needs when it is done (`File`).
struct EventLoop<Queue: SubmissionQueue & ~Copyable, File: ~Copyable>: ~Copyable {
  // Not private: the compiler (6.3) emits a private type of a generic one with local linkage, and
  // then refers to it from other files.
  struct Slot: ~Copyable {
    var task: FileTask
    var file: File

    consuming func takeFile() -> File { file }
  }

  /// A linked pair takes two places in the queue.
  private static var requestsPerStep: Int { 2 }

  private(set) var queue: Queue
  private(set) var pool: BufferPool
  private(set) var leases: SlotTable<BufferLease>
  private var slots: SlotTable<Slot>
  /// Occupied slots, oldest first: the oldest file gets buffers before the others, so that one
  /// large file is written at a time.
  private var order: [Int] = []
  private var requestsInFlight = 0
  private var isStopped = false

  /// Takes over a queue and its buffers.
  ///
  /// - Parameters:
  ///   - queue: Where requests go.
  ///   - pool: The buffers, of which none is lent.
  ///   - filesMax: How many files can be under way at once.
  init(queue: consuming Queue, pool: consuming BufferPool, filesMax: Int) {
    leases = SlotTable(capacity: pool.count)
    slots = SlotTable(capacity: filesMax)
    order.reserveCapacity(filesMax)
    self.queue = queue
    self.pool = pool
  }

  /// Whether no further file can be admitted.
  var isFull: Bool { slots.isFull }
  /// Whether no file is under way.
  var isEmpty: Bool { slots.count == 0 }

  /// Takes over a file whose data is to be moved.
  ///
  /// - Precondition: The loop is not full.
  mutating func admit(_ plan: FileTask.Plan, file: consuming File) {
    var task = FileTask(plan, blockBytes: pool.blockBytes)
    if isStopped { task.stop() }
    let index = slots.insert(Slot(task: task, file: file))
    guard let index else { preconditionFailure("the event loop is full") }
    order.append(index)
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
    for index in order {
      guard queue.space >= Self.requestsPerStep else { break }
      prepare(index)
    }
    let mustWait = waits && requestsInFlight > 0 && !hasFinished
    try queue.submit(waitFor: mustWait ? 1 : 0)
    while let completion = queue.nextCompletion() { take(completion) }
    for index in order { releaseAbandoned(index) }
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
      let slot = slots.remove(index)
      return Finished(outcome: outcome, file: slot.takeFile())
    }
    return nil
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
  var file: File

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
      if let request = slots[index].task.window.retry() {
        prepare(request, index)
        continue
      }
      slots[index].task.findData()
      guard slots[index].task.canStart, let lease = pool.lease() else { return }
      guard let number = leases.insert(lease) else {
        preconditionFailure("more leases than buffers")
      }
      let linksPairs = queue.linksPairs
      prepare(slots[index].task.window.start(lease: number, linksPairs: linksPairs), index)
    }
  }

  private mutating func noteStarted(_ index: Int) {
    slots[index].task.started()
    requestsInFlight += 1
  }

  private mutating func prepare(_ request: CopyWindow.Request, _ index: Int) {
    let plan = slots[index].task.plan
    switch request {
    case .pair(let block, let offset, let length):
      let slice = slice(index, block, at: 0, length)
      queue.prepare(
        .read(
          plan.source,
          into: slice,
          at: offset,
          flags: [.link, .skipSuccess],
          tag: tag(index, block, .read)
        )
      )
      queue.prepare(
        .write(plan.target, from: slice, at: offset, tag: tag(index, block, .write))
      )
    case .read(let block, let offset, let position, let length):
      queue.prepare(
        .read(
          plan.source,
          into: slice(index, block, at: position, length),
          at: offset,
          tag: tag(index, block, .read)
        )
      )
    case .write(let block, let offset, let position, let length):
      queue.prepare(
        .write(
          plan.target,
          from: slice(index, block, at: position, length),
          at: offset,
          tag: tag(index, block, .write)
        )
      )
    }
    noteStarted(index)
  }

  private func slice(_ index: Int, _ block: Int, at position: Int, _ length: Int) -> BufferSlice {
    pool.slice(
      of: leases[slots[index].task.window.lease(of: block)],
      from: position,
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
      if let lease { pool.giveBack(leases.remove(lease)) }
    }
    requestsInFlight -= before - slots[index].task.requestsInFlight
  }

  private mutating func releaseAbandoned(_ index: Int) {
    while let lease = slots[index].task.window.releaseAbandoned() {
      pool.giveBack(leases.remove(lease))
    }
  }
}
