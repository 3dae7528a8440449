// SPDX-License-Identifier: Apache-2.0

internal import Glibc
public import SystemPackage

/// The data buffers of a worker: equal blocks of one anonymous mapping, lent out one by one.
@safe
public struct BufferPool: ~Copyable {
  /// How many buffers there are.
  public let count: Int
  /// The size of each buffer, in bytes; a multiple of the page size.
  public let blockBytes: Int
  /// Whether requests may name the buffers by index (`io_uring_register_buffers`); `Ring.register`
  /// sets it.
  public internal(set) var isRegistered = false

  /// The first byte of the first buffer.
  let start: UnsafeMutableRawPointer

  // A stack: the buffer that was used last is the one the processor's caches know.
  private var free: [Int]

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
    let pageBytes = sysconf(Int32(_SC_PAGESIZE))
    self.count = count
    self.blockBytes = (blockBytes + pageBytes - 1) / pageBytes * pageBytes

    let mapping = unsafe mmap(
      nil,
      count * self.blockBytes,
      PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS,
      -1,
      0
    )
    guard let mapping = unsafe mapping, unsafe mapping != MAP_FAILED else {
      throw Errno(rawValue: errno)
    }
    unsafe start = unsafe mapping
    free = Array((0..<count).reversed())
  }

  /// Unmaps the buffers (`munmap`).
  ///
  /// - Precondition: Every lease was given back.
  deinit {
    precondition(free.count == count, "a buffer pool was dropped while a buffer was lent")
    _ = unsafe munmap(start, count * blockBytes)
  }

  /// How many buffers can be leased.
  public var freeCount: Int { free.count }

  /// Lends a buffer, with what its last use left in it, or returns `nil` when all are lent.
  public mutating func lease() -> BufferLease? {
    guard let index = free.popLast() else { return nil }
    return BufferLease(index: index)
  }

  /// Takes a buffer back.
  ///
  /// - Precondition: The lease is of this pool, and no request that names the buffer is in flight.
  public mutating func giveBack(_ lease: consuming BufferLease) {
    precondition(lease.index < count && free.count < count)
    free.append(lease.index)
    lease.end()
  }

  /// Names a part of a lent buffer, for a request.
  ///
  /// - Parameters:
  ///   - lease: A lease of this pool.
  ///   - offset: Where the part starts in the buffer, in bytes.
  ///   - byteCount: The length of the part, in bytes.
  /// - Returns: The part; its index is -1 while the pool is not registered.
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
      registeredIndex: isRegistered ? Int32(lease.index) : -1
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
