// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import SystemPackage

// What completions do.
extension CopyWindow {
  /// Whether a completion of this try is awaited; others are leftovers of a cancelled chain.
  func awaits(_ block: Int, attempt: UInt8, isRead: Bool) -> Bool {
    guard block < Self.depthMax, blocks[block].attempt == attempt else { return false }
    switch blocks[block].phase {
    case .pair: return true
    case .reading: return isRead
    case .writing: return !isRead
    case .free, .readDue, .writeDue, .loaded: return false
    }
  }

  /// Takes the completion of an awaited read.
  ///
  /// - Parameters:
  ///   - index: The block.
  ///   - result: Bytes read, or a negated errno.
  /// - Returns: Whether the request in flight ended (a pair whose read was done in full goes on
  ///   with its write), and whether the block let go of its buffer.
  mutating func completedRead(_ index: Int, _ result: Int32) -> (ended: Bool, released: Bool) {
    let block = blocks[index]
    let wanted = block.length - block.filled
    if block.phase == .pair && result == Int32(wanted) { return (false, false) }
    if result < 0 {
      return (true, retryOrFail(index, .readDue, .read(Errno(rawValue: -result))))
    }
    guard result > 0 else { return (true, sourceEnded(index)) }
    blocks[index].filled += min(Int(result), wanted)
    if blocks[index].filled < block.length && Int(result) % readAlignment != 0 {
      // Direct reads end between two aligned bytes only where the file does.
      return (true, sourceEnded(index))
    }
    blocks[index].fruitlessTries = 0
    return (true, become(blocks[index].filled == block.length ? .writeDue : .readDue, index))
  }

  /// Takes the completion of an awaited write, or of a pair by its write.
  ///
  /// - Parameters:
  ///   - index: The block.
  ///   - result: Bytes written, or a negated errno.
  /// - Returns: Whether the block let go of its buffer.
  mutating func completedWrite(_ index: Int, _ result: Int32) -> Bool {
    // A pair's write that ran says that the read was done in full.
    let ranAfterRead = blocks[index].phase == .pair && result != -Errno.canceled.rawValue
    if ranAfterRead { blocks[index].filled = blocks[index].length }
    if result < 0 {
      let due: Phase = blocks[index].phase == .pair && !ranAfterRead ? .readDue : .writeDue
      return retryOrFail(index, due, .write(Errno(rawValue: -result)))
    }
    guard result > 0 else { return retryOrFail(index, .writeDue, .wroteNothing) }
    let left = blocks[index].filled - blocks[index].written
    let count = Int(result) < left ? Int(result).roundedDown(to: writeAlignment) : left
    guard count > 0 else { return retryOrFail(index, .writeDue, .wroteNothing) }
    blocks[index].written += count
    blocks[index].fruitlessTries = 0
    bytesWritten += UInt64(count)
    guard blocks[index].written == blocks[index].filled else { return become(.writeDue, index) }
    free(index)
    return true
  }

  /// Notes that a block has to be asked for again, unless the file was given up.
  private mutating func become(_ due: Phase, _ index: Int) -> Bool {
    guard failure == nil else {
      free(index)
      return true
    }
    guard due != .writeDue || !loadsOnly else {
      blocks[index].phase = .loaded
      return false
    }
    blocks[index].phase = due
    dueBlocks += 1
    return false
  }

  private mutating func retryOrFail(_ index: Int, _ due: Phase, _ reason: Failure) -> Bool {
    blocks[index].fruitlessTries += 1
    if reason.isTransient && blocks[index].fruitlessTries <= Self.fruitlessTriesMax {
      return become(due, index)
    }
    if failure == nil {
      let block = blocks[index]
      let moved = due == .readDue ? block.filled : block.written
      failed = FailedRange(
        offset: block.offset + UInt64(moved),
        length: UInt64(block.length - moved),
        resumesAt: writtenUpTo
      )
    }
    giveUp(reason)
    free(index)
    return true
  }

  /// A read returned nothing: the end of an unsized file, or a file that shrank.
  private mutating func sourceEnded(_ index: Int) -> Bool {
    let block = blocks[index]
    guard isUnsized else {
      giveUp(.sourceEnded(at: block.offset + UInt64(block.filled)))
      free(index)
      return true
    }
    hasEnded = true
    blocks[index].length = block.filled
    if block.filled > 0 { return become(.writeDue, index) }
    free(index)
    return true
  }
}
