// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import Kernel
public import SystemPackage

/// One io_uring instance with its registered buffers, or plain system calls in its place.
///
/// It belongs to the thread that made it: the kernel refuses submits from any other
/// (`IORING_SETUP_SINGLE_ISSUER`), and the type is not `Sendable`.
@safe
public struct Ring: ~Copyable, SubmissionQueue {
  /// `nil` where plain calls do everything.
  private let ring: OpaquePointer?

  // Completions taken out of the ring in one batch, and how far they were handed on. There is
  // room for as many as the kernel's completion queue holds.
  private let batch: UnsafeMutableBufferPointer<cl_completion>
  private var batchHead = 0
  private var batchEnd = 0

  /// How many buffers of the one pool that this ring is used with are registered.
  private var registeredBuffers = 0

  /// What carries requests out where there is no ring, or the kernel has no thread for it.
  private var calls: SystemCallQueue
  private var usesCalls = false

  /// Whether `IOSQE_CQE_SKIP_SUCCESS` can be had (Linux 5.17).
  public let linksPairs: Bool

  /// How often a submit is tried again while the kernel has no memory for a request and nothing
  /// completes, with `backPressurePauseMicroseconds` in between: one second in all.
  private static let backPressureRetriesMax = 1000
  private static let backPressurePauseMicroseconds: UInt32 = 1000

  /// Sets up a ring (`io_uring_setup`), with the newest flags the kernel knows, and probes it.
  ///
  /// - Parameter depth: How many requests can be queued between two submits, 1 to 32,768; the
  ///   kernel rounds it up to a power of two.
  /// - Throws: `Errno.noFunction` when the kernel has no io_uring, or lacks an op that
  ///   `Submission` names; `.notPermitted` where io_uring is forbidden; `.noMemory` when it does
  ///   not fit into `RLIMIT_MEMLOCK`; `.tooManyOpenFiles`, `.tooManyOpenFilesInSystem`.
  public init(depth: Int) throws(Errno) {
    precondition(depth > 0 && depth <= 32768)
    var created: OpaquePointer?
    let result = unsafe cl_ring_create(UInt32(depth), &created)
    guard result == 0, let created = unsafe created else { throw Errno(rawValue: -result) }
    unsafe ring = unsafe created
    calls = SystemCallQueue(depth: depth)
    unsafe batch = .allocate(capacity: Int(cl_ring_completions_max(created)))
    linksPairs = unsafe cl_ring_skips_success(created)
  }

  /// Makes a queue that carries everything out by plain system calls.
  ///
  /// - Parameter depth: How many requests can be queued between two submits.
  public init(callsWithDepth depth: Int) {
    unsafe ring = nil
    calls = SystemCallQueue(depth: depth)
    usesCalls = true
    unsafe batch = .allocate(capacity: 0)
    linksPairs = true
  }

  /// Closes the ring (`io_uring_queue_exit`).
  ///
  /// Nothing may be in flight: the kernel cancels what is, but does not wait for it, and could
  /// still fill a buffer whose memory has another owner by then.
  deinit {
    if let ring = unsafe ring { unsafe cl_ring_close(ring) }
    unsafe batch.deallocate()
  }

  /// Registers the buffers of a pool (`io_uring_register_buffers`), so that their pages are pinned
  /// once and not for each request; once for each ring.
  ///
  /// Where they do not fit into `RLIMIT_MEMLOCK`, half of them is tried, down to two. Those that
  /// are not registered work all the same.
  ///
  /// - Returns: How many are registered.
  @discardableResult
  public mutating func register(_ pool: BufferPool) -> Int {
    guard let ring = unsafe ring else { return 0 }
    var count = pool.count
    while registeredBuffers == 0 && count >= 2 {
      let result = unsafe cl_ring_register_buffers(
        ring,
        pool.start,
        pool.blockBytes,
        UInt32(count)
      )
      if result == 0 { registeredBuffers = count }
      guard result == -Errno.noMemory.rawValue else { break }
      count /= 2
    }
    return registeredBuffers
  }

  /// The index that a buffer is registered under, or -1.
  private func registeredIndex(_ slice: BufferSlice) -> Int32 {
    slice.bufferIndex < registeredBuffers ? Int32(slice.bufferIndex) : -1
  }

  /// How many requests `prepare` takes before the next `submit`.
  public var space: Int {
    guard !usesCalls, let ring = unsafe ring else { return calls.space }
    return unsafe Int(cl_ring_space(ring))
  }

  /// Has everything that is prepared from now on carried out by plain system calls.
  ///
  /// What cannot be done at once the kernel hands to threads that count as the user's. Where it may
  /// start none (RLIMIT_NPROC, `pids.max`), such requests complete with `Errno.canceled`.
  public mutating func useCalls() {
    usesCalls = true
  }

  /// Has plain system calls measured, where they stand for the ring (CLOCK_MONOTONIC).
  public mutating func timeCalls() { calls.timeCalls() }

  /// Queues one request (`io_uring_get_sqe` and the `io_uring_prep_…` of the op).
  ///
  /// The op has 32 bits for some lengths. Advice for more than that is given for the first 4 GiB
  /// where the kernel has no long form; `syncRange` of more goes up to the end of the file.
  ///
  /// - Precondition: `space` is more than 0; a buffer is shorter than 2 GiB; `skipSuccess` only
  ///   with `linksPairs`. The file and the buffer stay valid until the request has completed.
  public mutating func prepare(_ submission: Submission) {
    precondition(linksPairs || !submission.flags.contains(.skipSuccess))
    guard !usesCalls, let ring = unsafe ring else { return calls.prepare(submission) }
    let fd = submission.descriptor
    let offset = submission.offset
    let flags = UInt32(submission.flags.rawValue)
    let tag = submission.tag.rawValue
    let isQueued: Bool
    switch submission.operation {
    case .read:
      let buffer = submission.requiredBuffer
      isQueued = unsafe cl_prepare_read(
        ring,
        fd,
        buffer.start,
        UInt32(buffer.count),
        offset,
        registeredIndex(buffer),
        flags,
        tag
      )
    case .write:
      let buffer = submission.requiredBuffer
      isQueued = unsafe cl_prepare_write(
        ring,
        fd,
        buffer.start,
        UInt32(buffer.count),
        offset,
        registeredIndex(buffer),
        flags,
        tag
      )
    case .advise:
      isQueued = unsafe cl_prepare_advise(
        ring,
        fd,
        offset,
        submission.length,
        submission.argument,
        flags,
        tag
      )
    case .syncRange:
      isQueued = unsafe cl_prepare_sync_range(
        ring,
        fd,
        offset,
        submission.length,
        UInt32(bitPattern: submission.argument),
        flags,
        tag
      )
    case .allocate:
      isQueued = unsafe cl_prepare_allocate(
        ring,
        fd,
        submission.argument,
        offset,
        submission.length,
        flags,
        tag
      )
    }
    precondition(isQueued, "no space in the submission queue")
  }

  /// Hands the queued requests to the kernel (`io_uring_enter`), and waits until completions are
  /// there to be taken.
  ///
  /// Returns early when a signal comes, and when the kernel wants completions to be taken before
  /// it takes more requests (`EAGAIN`, `EBUSY`); what was not submitted stays queued.
  ///
  /// - Parameter count: How many completions to wait for; 0 only submits and takes what is ready.
  /// - Throws: The error of the ring, after which it cannot be used. `Errno.noMemory` when the
  ///   kernel ran out of memory between a request and the one linked to it.
  public mutating func submit(waitFor count: Int) throws(Errno) {
    var count = count
    if usesCalls {
      try calls.submit(waitFor: 0)
      // What was done by calls is complete; else what is awaited went to the ring before.
      if !calls.isEmpty { count = 0 }
    }
    guard let ring = unsafe ring else { return }
    var retries = 0
    while true {
      let missing = max(0, count - (batchEnd - batchHead))
      let result = unsafe cl_ring_submit(ring, UInt32(missing))
      reap()
      guard unsafe cl_ring_queued(ring) > 0 || result < 0 else { return }

      if result > 0 {
        // The rest of a severed chain would run unlinked: a write without its read.
        guard unsafe !cl_ring_chain_severed(ring) else { throw .noMemory }
        continue
      }
      // Nothing taken, without an error, is back-pressure as well.
      switch result == 0 ? .resourceBusy : Errno(rawValue: -result) {
      case .interrupted, .timeout:
        return
      case .resourceTemporarilyUnavailable, .resourceBusy:
        try unsafe makeRoom(ring, retries: &retries)
        if batchEnd > batchHead { return }
      case let error:
        throw error
      }
    }
  }

  /// The next completion that is ready, or `nil`.
  public mutating func nextCompletion() -> Completion? {
    if usesCalls, let completion = calls.nextCompletion() { return completion }
    if batchHead == batchEnd { reap() }
    guard batchHead < batchEnd else { return nil }
    let completion = unsafe batch[batchHead]
    batchHead += 1
    return Completion(tag: Tag(rawValue: completion.user_data), result: completion.result)
  }

  /// Cancels what can be cancelled (`io_uring_register` with IORING_REGISTER_SYNC_CANCEL, Linux
  /// 6.0), and waits for completions.
  ///
  /// - Returns: Whether completions are there to be taken.
  public mutating func cancelAll() -> Bool {
    if !hasCompletions, let ring = unsafe ring, let start = unsafe batch.baseAddress {
      (batchHead, batchEnd) = (0, unsafe Int(cl_ring_take_back(ring, start)))
      if !hasCompletions {
        unsafe cl_ring_cancel(ring)
        unsafe cl_ring_wait(ring, Self.cancelSecondsMax)
        reap()
      }
    }
    return hasCompletions
  }

  /// Longer than any disk but one that stalls needs for what cannot be cancelled, in seconds.
  private static let cancelSecondsMax: Int64 = 10

  private var hasCompletions: Bool { batchHead < batchEnd || usesCalls && !calls.isEmpty }

  /// Copies what the kernel has completed into the batch, as far as there is room.
  private mutating func reap() {
    if batchHead == batchEnd {
      batchHead = 0
      batchEnd = 0
    }
    let room = unsafe batch.count - batchEnd
    guard room > 0, let ring = unsafe ring, let start = unsafe batch.baseAddress else { return }
    batchEnd += unsafe Int(cl_ring_reap(ring, start + batchEnd, UInt32(room)))
  }

  /// Lets requests in flight complete, since the kernel has no room for more of them.
  private mutating func makeRoom(_ ring: OpaquePointer, retries: inout Int) throws(Errno) {
    guard batchEnd == batchHead else { return }
    let result = unsafe cl_ring_get_events(ring)
    reap()
    guard batchEnd == batchHead else { return }
    guard retries < Self.backPressureRetriesMax else {
      throw result < 0 ? Errno(rawValue: -result) : .resourceTemporarilyUnavailable
    }
    retries += 1
    Clock.pause(microseconds: Self.backPressurePauseMicroseconds)
  }
}
