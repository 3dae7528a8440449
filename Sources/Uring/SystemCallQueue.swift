// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import Kernel
public import SystemPackage

/// The sync engine: carries requests out one after the other by plain system calls, with the
/// ring's rules for links and completions.
public struct SystemCallQueue: ~Copyable, SubmissionQueue {
  private let depth: Int
  private var queued: [Submission] = []
  private var completions: [Completion] = []
  private var completionHead = 0
  private var timesCalls = false

  /// Always true: leaving out a completion needs no kernel here.
  public var linksPairs: Bool { true }

  /// Makes a queue.
  ///
  /// - Parameter depth: How many requests and untaken completions it holds at most.
  public init(depth: Int) {
    precondition(depth > 0)
    self.depth = depth
  }

  /// Does nothing: plain calls name buffers by address.
  public mutating func register(_ pool: BufferPool) -> Int { 0 }

  /// How many requests `prepare` takes before the next `submit`; completions that were not taken
  /// yet count, since each request may add one.
  public var space: Int { depth - queued.count - (completions.count - completionHead) }

  /// Whether nothing is queued, and no completion waits to be taken.
  var isEmpty: Bool { queued.isEmpty && completionHead == completions.count }

  /// Queues one request.
  ///
  /// - Precondition: `space` is more than 0.
  @inline(never)
  public mutating func prepare(_ submission: Submission) {
    precondition(space > 0, "no space in the submission queue")
    queued.append(submission)
  }

  /// Carries out what is queued (`pread`, `pwrite`, `posix_fadvise`, `sync_file_range`,
  /// `fallocate`), so that every completion is there when it returns.
  ///
  /// - Parameter count: Not used: there is nothing left to wait for.
  /// - Throws: Nothing.
  public mutating func submit(waitFor count: Int) throws(Errno) {
    if completionHead > 0 {
      completions.removeFirst(completionHead)
      completionHead = 0
    }
    var next = 0
    while next < queued.count {
      next = runChain(from: next)
    }
    queued.removeAll(keepingCapacity: true)
  }

  /// Has each call measured (CLOCK_MONOTONIC).
  public mutating func timeCalls() { timesCalls = true }

  /// The next completion that is ready, or `nil`.
  public mutating func nextCompletion() -> Completion? {
    guard completionHead < completions.count else { return nil }
    completionHead += 1
    return completions[completionHead - 1]
  }

  /// Runs a chain (a request without a link is one of length 1), and returns where the next begins.
  private mutating func runChain(from first: Int) -> Int {
    var index = first
    var isBroken = false
    var omitsRest = false
    while true {
      let submission = queued[index]
      let skipsSuccess = submission.flags.contains(.skipSuccess)
      if isBroken {
        // As `io_fail_links` does: the rest completes, whatever its own flags say, unless the
        // request that failed had asked for silence.
        if !omitsRest { complete(submission, Errno.canceled.negated) }
      } else {
        let start = timesCalls ? Clock.monotonicNanoseconds : 0
        let result = submission.carriedOut()
        // 0 stands for what was not measured.
        let taken = timesCalls ? max(Clock.monotonicNanoseconds - start, 1) : 0
        isBroken = !submission.isFulfilled(by: result)
        omitsRest = isBroken && skipsSuccess
        if isBroken || !skipsSuccess { complete(submission, result, taken) }
      }
      index += 1
      // A link on the last request of a submit joins it to nothing.
      guard submission.flags.contains(.link), index < queued.count else { return index }
    }
  }

  private mutating func complete(
    _ submission: Submission,
    _ result: Int32,
    _ nanoseconds: UInt64 = 0
  ) {
    completions.append(
      Completion(tag: submission.tag, result: result, nanoseconds: nanoseconds)
    )
  }
}

extension Submission {
  /// Whether a result is the whole of what was asked; anything less severs a link.
  fileprivate func isFulfilled(by result: Int32) -> Bool {
    switch operation {
    case .read, .write: result == requiredBuffer.count
    case .advise, .syncRange, .allocate: result == 0
    }
  }

  /// Makes the system call, and returns a count of bytes, 0, or a negated errno.
  fileprivate func carriedOut() -> Int32 {
    switch operation {
    case .read:
      let buffer = requiredBuffer
      return unsafe cl_call_read(
        descriptor,
        buffer.start,
        UInt32(buffer.count),
        offset,
        flags.contains(.dontCache)
      )
    case .write:
      let buffer = requiredBuffer
      return unsafe cl_call_write(
        descriptor,
        buffer.start,
        UInt32(buffer.count),
        offset,
        flags.contains(.dontCache)
      )
    case .advise:
      return cl_call_advise(descriptor, offset, length, argument)
    case .syncRange:
      return cl_call_sync_range(descriptor, offset, length, UInt32(bitPattern: argument))
    case .allocate:
      return cl_call_allocate(descriptor, argument, offset, length)
    }
  }
}

extension Errno {
  /// As a completion has it.
  fileprivate var negated: Int32 { -rawValue }
}
