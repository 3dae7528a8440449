// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import SystemPackage
internal import Uring

extension SimulatedKernel {
  /// Carries out the next request of a chain, and posts what completes by it.
  mutating func step(_ index: Int) {
    let member = chains[index].next
    let submission = chains[index].members[member]
    let skipsSuccess = submission.flags.contains(.skipSuccess)
    chains[index].next += 1

    let result = carryOut(submission)
    let isFulfilled =
      switch submission.operation {
      case .read, .write: result == Int32(submission.length)
      case .advise, .syncRange, .allocate: result == 0
      }
    if !isFulfilled || !skipsSuccess {
      post(index, member, result, endsChain: !isFulfilled)
    }
    if !isFulfilled {
      endChain(index, isSilent: skipsSuccess)
    } else if chains[index].next == chains[index].members.count {
      // Of the silent members at the end nobody will hear.
      let done = chains.remove(at: index)
      holds.removeAll { $0.chain == done.number && $0.member > done.lastPosted }
    }
  }

  /// Cancels the next request of a chain, and so the rest.
  mutating func cancel(_ index: Int) {
    let member = chains[index].next
    let skipsSuccess = chains[index].members[member].flags.contains(.skipSuccess)
    chains[index].next += 1
    post(index, member, -Errno.canceled.rawValue, endsChain: true)
    endChain(index, isSilent: skipsSuccess)
  }

  /// Ends a chain after a request that failed.
  ///
  /// `io_fail_links`: the rest completes whatever its own flags say, unless the request that failed
  /// had asked for silence.
  private mutating func endChain(_ index: Int, isSilent: Bool) {
    if !isSilent || random.happens(faults.loudCancelProbability) {
      for rest in chains[index].next..<chains[index].members.count {
        post(index, rest, -Errno.canceled.rawValue, endsChain: true)
      }
    }
    chains.remove(at: index)
  }

  /// Takes back what is queued and was never taken: each request is told as cancelled.
  mutating func takeBack() {
    for submission in queued {
      let completion = Completion(tag: submission.tag, result: -Errno.canceled.rawValue)
      ready.append(
        PostedCompletion(completion: completion, chain: chainsMade, member: 0, endsChain: true)
      )
    }
    chainsMade += 1
    queued.removeAll()
  }

  private mutating func post(_ index: Int, _ member: Int, _ result: Int32, endsChain: Bool) {
    chains[index].lastPosted = member
    ready.append(
      PostedCompletion(
        completion: Completion(tag: chains[index].members[member].tag, result: result),
        chain: chains[index].number,
        member: member,
        endsChain: endsChain
      )
    )
  }

  private mutating func carryOut(_ submission: Submission) -> Int32 {
    counts[submission.operation, default: 0] += 1
    let result = refusal(of: submission) ?? outcome(of: submission)
    records.append(
      OperationRecord(
        operation: submission.operation,
        descriptor: submission.descriptor,
        offset: submission.offset,
        length: submission.length,
        argument: submission.argument,
        result: result
      )
    )
    return result
  }

  /// The result of an operation after the faults planned for it and those that chance brings.
  private mutating func outcome(of submission: Submission) -> Int32 {
    let operation = submission.operation
    let ordinal = count(of: operation)
    var bytesMax = Int(clamping: submission.length)
    var errorAfter: Errno?
    for fault in faults.scheduled where fault.operation == operation && fault.ordinal == ordinal {
      switch fault.effect {
      case .error(let error): return fail(submission, error)
      case .short(let count): bytesMax = min(bytesMax, count)
      case .errorAfter(let error): errorAfter = error
      case .resize(let descriptor, let byteCount): files[descriptor]?.resize(to: byteCount)
      }
    }
    if random.happens(faults.errorProbability),
      let error = Faults.errors(of: operation).randomElement(using: &random)
    {
      return fail(submission, error)
    }
    let isTransfer = operation == .read || operation == .write
    if isTransfer, random.happens(faults.interruptProbability) {
      return fail(submission, Bool.random(using: &random) ? .interrupted : .wouldBlock)
    }
    let shortProbability =
      operation == .read ? faults.shortReadProbability : faults.shortWriteProbability
    if isTransfer, bytesMax > 1, random.happens(shortProbability) {
      bytesMax = Int.random(in: 1..<bytesMax, using: &random)
    }
    if let alignment = files[submission.descriptor]?.alignment, alignment > 1, bytesMax > 0 {
      // Direct transfers end at whole sectors, but for the end of the file.
      bytesMax = max(bytesMax / alignment * alignment, alignment)
    }
    let result = execute(submission, bytesMax: bytesMax)
    return errorAfter.map { -$0.rawValue } ?? result
  }

  /// The error of an operation that its file does not permit, or `nil`.
  private mutating func refusal(of submission: Submission) -> Int32? {
    let operation = submission.operation
    guard let file = files[submission.descriptor] else {
      violate("\(operation) names descriptor \(submission.descriptor), which is not open")
      return fail(submission, .badFileDescriptor)
    }
    if !file.isWritable && (operation == .write || operation == .allocate) {
      violate("\(operation) names descriptor \(submission.descriptor), which is read only")
      return fail(submission, .badFileDescriptor)
    }
    let alignment = UInt64(file.alignment)
    if operation == .read || operation == .write,
      submission.offset % alignment != 0 || submission.length % alignment != 0
    {
      violate("\(operation) of \(submission.length) at \(submission.offset) is not aligned")
      return fail(submission, .invalidArgument)
    }
    return nil
  }

  private mutating func execute(_ submission: Submission, bytesMax: Int) -> Int32 {
    switch submission.operation {
    case .read: return read(submission, bytesMax: bytesMax)
    case .write: return write(submission, bytesMax: bytesMax)
    case .advise, .syncRange: return 0
    case .allocate: return allocate(submission)
    }
  }

  /// Ends an operation with an error; what a read should have filled is spoilt.
  private func fail(_ submission: Submission, _ error: Errno) -> Int32 {
    if submission.operation == .read { spoil(submission, from: 0) }
    return -error.rawValue
  }

  /// Spoils what a read did not fill, so that a write of it does not go unseen.
  private func spoil(_ submission: Submission, from count: Int) {
    guard let buffer = submission.buffer, count < buffer.count else { return }
    _ = unsafe memset(buffer.start + count, 0xdb, buffer.count - count)
  }

  private mutating func read(_ submission: Submission, bytesMax: Int) -> Int32 {
    guard let buffer = submission.buffer, var file = files[submission.descriptor] else { return 0 }
    let offset = min(Int(clamping: submission.offset), file.contents.count)
    let count = min(bytesMax, file.contents.count - offset)
    unsafe file.contents.withUnsafeBytes { bytes in
      guard count > 0, let start = bytes.baseAddress else { return }
      unsafe buffer.start.copyMemory(from: start + offset, byteCount: count)
    }
    spoil(submission, from: count)
    file.bytesRead += count
    files[submission.descriptor] = file
    return Int32(count)
  }

  private mutating func write(_ submission: Submission, bytesMax: Int) -> Int32 {
    // Out of the table while it changes, or its bytes would be copied for each write.
    guard let buffer = submission.buffer,
      var file = files.removeValue(forKey: submission.descriptor)
    else { return 0 }
    defer { files[submission.descriptor] = file }
    let offset = Int(clamping: submission.offset)
    let count = min(bytesMax, max(0, file.limitBytes - offset))
    if count == 0 && bytesMax > 0 { return -Errno.noSpace.rawValue }
    if offset + count > file.contents.count { file.resize(to: offset + count) }
    unsafe file.contents.withUnsafeMutableBytes { bytes in
      guard count > 0, let start = bytes.baseAddress else { return }
      unsafe (start + offset).copyMemory(from: buffer.start, byteCount: count)
    }
    file.bytesWritten += count
    return Int32(count)
  }

  private mutating func allocate(_ submission: Submission) -> Int32 {
    guard var file = files.removeValue(forKey: submission.descriptor) else { return 0 }
    defer { files[submission.descriptor] = file }
    guard submission.length > 0 else { return -Errno.invalidArgument.rawValue }
    let end = Int(clamping: submission.offset + submission.length)
    let keepsSize = submission.argument & 1 != 0  // FALLOC_FL_KEEP_SIZE
    guard end <= file.limitBytes else {
      // A filesystem may leave the file longer when it runs out of space.
      if !keepsSize && Bool.random(using: &random) && file.contents.count < file.limitBytes {
        file.resize(to: file.limitBytes)
      }
      return -Errno.noSpace.rawValue
    }
    if !keepsSize && end > file.contents.count { file.resize(to: end) }
    return 0
  }
}
