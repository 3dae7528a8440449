// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import SystemPackage
internal import Uring

// Preparing requests.
extension EventLoop where Queue: ~Copyable, File: ~Copyable {
  mutating func prepare(_ index: Int) {
    while queue.space >= Self.requestsPerStep {
      let generation = slots.generation(of: index)
      let due = slots[index].task.nextAuxiliary { auxiliary, operation in
        if auxiliary == .awaitWriteback { gauge?.beginFlush(index) }
        return Tag(
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
      if let pacer, !pacer.mayStart() {
        isHeldBack = true
        return
      }
      guard let lease = lease(index) else {
        isStarving = true
        return
      }
      let linksPairs =
        queue.linksPairs && !alternates && !writesInOrder && !slots[index].task.plan.skipsZeros
      let begun = pacer == nil ? 0 : slots[index].task.window.begunUpTo
      prepare(slots[index].task.window.start(lease: lease, linksPairs: linksPairs), index)
      if let pacer { pacer.charge(slots[index].task.window.begunUpTo - begun) }
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
    if let slot = arena.take(byteCount) {
      slots[index].slot = slot
      return slot.lease
    }
    guard let number = lease() else { return nil }
    arena.begin(number)
    slots[index].slot = arena.take(byteCount)
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
      // Whoever measures wants to know when the read is done.
      let flags: Submission.Flags = gauge == nil ? [.link, .skipSuccess] : .link
      prepareRead(index, block, offset, at: 0, length, flags: flags)
      prepareWrite(index, block, offset, at: 0, length, isLinked: true)
    case .read(let block, let offset, let position, let length):
      prepareRead(index, block, offset, at: position, length)
    case .write(let block, let offset, let position, let length):
      guard !slots[index].task.leavesOut(of: block) else {
        return preparePart(index, block, offset, at: position, length)
      }
      let aligned = length.roundedDown(to: slots[index].task.plan.writing.alignment)
      guard aligned > 0 else { return keepEnd(index, block, at: position, length) }
      prepareWrite(index, block, offset, at: position, aligned)
    }
    noteStarted(index)
  }

  /// Keeps the last bytes of a file, which are no whole sector, for its owner to write.
  private mutating func keepEnd(_ index: Int, _ block: Int, at position: Int, _ length: Int) {
    slots[index].task.tail = slice(index, block, at: position, length).bytes
    if let lease = slots[index].task.window.keepEnd(block, length) { giveBack(lease, of: index) }
  }

  /// Writes the first part of a block that is not left out; what is behind it is due again then.
  private mutating func preparePart(
    _ index: Int,
    _ block: Int,
    _ offset: UInt64,
    at position: Int,
    _ length: Int
  ) {
    let read = slice(index, block, at: position, length)
    let (leftOut, count) = slots[index].task.part(of: read, in: block, at: offset)
    if leftOut > 0, let lease = slots[index].task.window.skip(block, leftOut) {
      return giveBack(lease, of: index)
    }
    let isPiece = count <= TransferPlan.sentPieceBytesMax
    prepareWrite(
      index,
      block,
      offset + UInt64(leftOut),
      at: position + leftOut,
      count,
      isSentOff: isPiece && slots[index].task.plan.sendsPieces
    )
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
    gauge?.beginRead(index, block, of: plan.device)
  }

  private mutating func prepareWrite(
    _ index: Int,
    _ block: Int,
    _ offset: UInt64,
    at position: Int,
    _ length: Int,
    isLinked: Bool = false,
    isSentOff: Bool = false
  ) {
    let plan = slots[index].task.plan
    guard let target = plan.target else { preconditionFailure("a write of a file only to be read") }
    let slice = slice(index, block, at: position, length)
    queue.prepare(
      .write(
        target,
        from: slice,
        at: offset,
        flags: plan.writing.dontCache || isSentOff ? .dontCache : [],
        tag: tag(index, block, .write)
      )
    )
    // One that is linked begins when its read is done.
    if !isLinked { gauge?.beginWrite(index, block) }
  }

  private mutating func slice(
    _ index: Int,
    _ block: Int,
    at position: Int,
    _ length: Int
  ) -> BufferSlice {
    let lease = slots[index].task.lease(of: block)
    return pool.slice(
      of: leases[lease],
      from: (slots[index].slot?.start ?? 0) + position,
      count: length
    )
  }

  /// The generation of the slot and the block's attempt tell late completions from awaited ones.
  private mutating func tag(
    _ index: Int,
    _ block: Int,
    _ operation: Submission.Operation
  ) -> Tag {
    let attempt = slots[index].task.attempt(of: block)
    return Tag(
      slot: index,
      generation: slots.generation(of: index) << 8 | UInt32(attempt),
      block: block,
      operation: operation
    )
  }
}
