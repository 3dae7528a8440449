// SPDX-License-Identifier: Apache-2.0

import SystemPackage
import Testing
import Uring

/// The plainest copier that loses nothing: linked pairs, and what a pair left over is read and
/// written again.
struct PairCopier {
  let source: Int32
  let target: Int32
  let byteCount: Int

  /// More than any copy of a test takes, so that one that hangs fails instead.
  private static let turnsMax = 100_000

  private struct Part {
    var offset: Int
    var count: Int
  }

  init(source: Int32, target: Int32, byteCount: Int) {
    self.source = source
    self.target = target
    self.byteCount = byteCount
  }

  /// Copies until every byte is written, or throws the first error that is not just a delay.
  mutating func run<Queue: SubmissionQueue & ~Copyable>(
    _ queue: inout Queue,
    _ pool: BufferPool
  ) throws {
    var todo = stride(from: 0, to: byteCount, by: pool.blockBytes).reversed().map {
      Part(offset: $0, count: min(pool.blockBytes, byteCount - $0))
    }
    var leases = SlotTable<BufferLease>(capacity: pool.count)
    var parts = [Part](repeating: Part(offset: 0, count: 0), count: pool.count)
    var failure: Errno?
    var turns = 0
    while leases.count > 0 || (failure == nil && !todo.isEmpty) {
      while failure == nil, !todo.isEmpty, queue.space >= 2, let lease = pool.lease() {
        let part = todo.removeLast()
        let slice = pool.slice(of: lease, from: 0, count: part.count)
        guard let slot = leases.insert(lease) else { break }
        parts[slot] = part
        let generation = leases.generation(of: slot)
        queue.prepare(
          .read(
            source,
            into: slice,
            at: UInt64(part.offset),
            flags: [.link, .skipSuccess],
            tag: Tag(slot: slot, generation: generation, block: 0, operation: .read)
          )
        )
        queue.prepare(
          .write(
            target,
            from: slice,
            at: UInt64(part.offset),
            tag: Tag(slot: slot, generation: generation, block: 0, operation: .write)
          )
        )
      }
      turns += 1
      guard turns < Self.turnsMax else { throw Errno.timedOut }
      try queue.submit(waitFor: leases.count > 0 ? 1 : 0)
      while let completion = queue.nextCompletion() {
        let slot = completion.tag.slot
        // A read that failed ended its pair; a kernel may still tell that the write was cancelled.
        guard leases.isOccupied(slot), leases.generation(of: slot) == completion.tag.generation
        else { continue }
        pool.giveBack(leases.remove(slot))
        var rest = parts[slot]
        if let error = completion.error {
          if error != .interrupted && error != .wouldBlock { failure = failure ?? error }
        } else if completion.tag.operation == .write {
          rest.offset += Int(completion.result)
          rest.count -= Int(completion.result)
        }
        if rest.count > 0 { todo.append(rest) }
      }
    }
    if let failure { throw failure }
  }
}

extension Rig {
  /// Lends a buffer, or fails the test.
  mutating func lease() throws -> BufferLease {
    guard let lease = pool.lease() else { throw Errno.noBufferSpace }
    return lease
  }

  /// Prepares a linked pair at offset 0, with the tags `first` and `first + 1`.
  mutating func preparePair(
    _ source: Int32,
    _ target: Int32,
    _ lease: borrowing BufferLease,
    count: Int,
    first: Int,
    readFlags: Submission.Flags = [.link, .skipSuccess],
    writeFlags: Submission.Flags = []
  ) {
    let slice = pool.slice(of: lease, from: 0, count: count)
    queue.prepare(.read(source, into: slice, at: 0, flags: readFlags, tag: tag(first)))
    queue.prepare(.write(target, from: slice, at: 0, flags: writeFlags, tag: tag(first + 1)))
  }
}
