// SPDX-License-Identifier: Apache-2.0

internal import Kernel
public import SystemPackage

/// The data buffers of a run: equal blocks of one anonymous mapping, lent out one by one.
///
/// Workers share a pool, so that one large file can have all of it. Who uses the pool says so with
/// `join`, and takes no more than its `share` of the buffers.
@safe
public final class BufferPool: @unchecked Sendable {
  /// How many buffers there are.
  public let count: Int
  /// The size of each buffer, in bytes; a multiple of the page size.
  public let blockBytes: Int

  /// The first byte of the first buffer.
  let start: UnsafeMutableRawPointer

  private struct State {
    // A stack: the buffer that was used last is the one the processor's caches know.
    var free: [Int]
    var users = 0
    /// Buffers that a request may still use, and nobody may have any more.
    var retired = 0
  }
  private let state: Monitor<State>

  /// The most buffers a ring can register.
  public static let countMax = 16384
  /// The largest buffer a ring can register, in bytes: 1 GiB.
  public static let blockBytesMax = 1 << 30

  /// Maps the buffers (`mmap`), page aligned and filled with zeros.
  ///
  /// - Parameters:
  ///   - count: How many, 1 to `countMax`.
  ///   - blockBytes: The size of each, in bytes, up to `blockBytesMax`; rounded up to whole pages.
  /// - Throws: `Errno.noMemory`.
  public init(count: Int, bytesEach blockBytes: Int) throws(Errno) {
    precondition(count > 0 && count <= Self.countMax)
    precondition(blockBytes > 0 && blockBytes <= Self.blockBytesMax)
    self.count = count
    self.blockBytes = blockBytes.roundedUp(to: ProcessFacts.pageBytes)
    unsafe start = unsafe try MemoryCalls.map(byteCount: count * self.blockBytes)
    state = Monitor(State(free: Array((0..<count).reversed())))
  }

  /// Unmaps the buffers (`munmap`).
  ///
  /// Memory that a request may still use stays mapped until the process ends.
  ///
  /// - Precondition: Every lease was given back, or its buffer retired.
  deinit {
    let (free, retired) = state.withLock { ($0.free.count, $0.retired) }
    precondition(free + retired == count, "a buffer pool was dropped while a buffer was lent")
    guard retired == 0 else { return }
    unsafe MemoryCalls.unmap(start, byteCount: count * blockBytes)
  }

  /// How many buffers can be leased.
  public var freeCount: Int { state.withLock { $0.free.count } }

  /// Says that somebody more uses the pool.
  public func join() { state.withLock { $0.users += 1 } }

  /// Says that somebody who joined needs no buffers any more.
  public func leave() { state.withLock { $0.users -= 1 } }

  /// How many buffers each user may hold, at least one.
  public var share: Int { state.withLock { max(1, count / max(1, $0.users)) } }

  /// Lends a buffer, with what its last use left in it, or returns `nil` when all are lent, or the
  /// borrower has its share.
  ///
  /// - Parameter holding: How many the borrower holds already.
  /// - Returns: The lease.
  public func lease(holding: Int = 0) -> BufferLease? {
    let index: Int? = state.withLock { state in
      guard holding < max(1, count / max(1, state.users)) else { return nil }
      return state.free.popLast()
    }
    return index.map { BufferLease(index: $0) }
  }

  /// Sleeps until there is a buffer to be lent, for a user who holds none; or until all buffers
  /// were retired, and there will never be one.
  public func waitForBuffer() {
    state.wait { $0.free.isEmpty && $0.retired < count ? nil : () }
  }

  /// Takes a buffer back.
  ///
  /// - Precondition: The lease is of this pool, and no request that names the buffer is in flight.
  public func giveBack(_ lease: consuming BufferLease) {
    let index = lease.index
    state.withLockWaking { state in
      precondition(index < count && state.free.count < count)
      state.free.append(index)
    }
    lease.end()
  }

  /// Takes a buffer out of use for good: a request of a queue that has failed may still fill or
  /// read it.
  public func retire(_ lease: consuming BufferLease) {
    // Who sleeps for a buffer would sleep for ever once there is none to come.
    state.withLockWaking { $0.retired += 1 }
    lease.end()
  }

  /// Names a part of a lent buffer, for a request.
  ///
  /// - Parameters:
  ///   - lease: A lease of this pool.
  ///   - offset: Where the part starts in the buffer, in bytes.
  ///   - byteCount: The length of the part, in bytes.
  /// - Returns: The part.
  /// - Precondition: The part lies within the buffer.
  public func slice(
    of lease: borrowing BufferLease,
    from offset: Int,
    count byteCount: Int
  ) -> BufferSlice {
    precondition(offset >= 0 && byteCount >= 0 && offset <= blockBytes - byteCount)
    precondition(lease.index < count)
    return unsafe BufferSlice(
      start: start + lease.index * blockBytes + offset,
      count: byteCount,
      bufferIndex: lease.index
    )
  }
}

/// The right to use one buffer of a `BufferPool`.
///
/// It has to be given back to its pool; dropping it anywhere else traps, since a request in flight
/// might still use the buffer.
public struct BufferLease: ~Copyable {
  /// Which buffer of the pool.
  public let index: Int

  init(index: Int) {
    self.index = index
  }

  deinit {
    // Never true. A plain preconditionFailure is refused: the compiler sees that nothing after it
    // is reached.
    precondition(index < 0, "a buffer lease was dropped and not given back to its pool")
  }

  /// Ends the lease; only the pool does.
  consuming func end() {
    discard self
  }
}
