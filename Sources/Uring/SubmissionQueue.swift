// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// Where requests go and completions come from: the kernel's ring, plain system calls, or a
/// simulated kernel.
///
/// One thread owns it. The order of use is: `prepare` as long as there is space, `submit`,
/// `nextCompletion` until it returns `nil`.
public protocol SubmissionQueue: ~Copyable {
  /// How many requests `prepare` takes before the next `submit`.
  var space: Int { get }

  /// Whether `IOSQE_CQE_SKIP_SUCCESS` can be had (Linux 5.17); without it requests are not linked.
  var linksPairs: Bool { get }

  /// Lets the kernel know the buffers of the pool that requests will name, as far as it can, which
  /// spares it work for each request.
  ///
  /// - Returns: How many it knows.
  @discardableResult
  mutating func register(_ pool: BufferPool) -> Int

  /// Queues one request.
  ///
  /// - Precondition: `space` is more than 0. The file and the buffer stay valid until the request
  ///   has completed.
  mutating func prepare(_ submission: Submission)

  /// Hands the queued requests to the kernel (`io_uring_enter`), and waits until completions are
  /// there to be taken.
  ///
  /// An interrupted wait returns early without an error; the caller just turns once more.
  ///
  /// - Parameter count: How many completions to wait for; 0 only submits and takes what is ready.
  /// - Throws: The error of the queue itself, after which it cannot be used.
  mutating func submit(waitFor count: Int) throws(Errno)

  /// The next completion that is ready, or `nil`.
  mutating func nextCompletion() -> Completion?

  /// Has everything that is prepared from now on carried out by plain system calls.
  mutating func useCalls()

  /// Has completions say how long a plain system call took, since those of a `submit` are taken
  /// together.
  mutating func timeCalls()

  /// Cancels what is in flight, after `submit` has thrown, and waits for completions.
  ///
  /// What was never handed over completes as cancelled. What a disk is at cannot be cancelled: only
  /// its completion tells that its buffer is not used any more. So this is to be called again until
  /// nothing is awaited, or nothing comes.
  ///
  /// - Returns: Whether completions are there to be taken. If not, the buffers of requests that are
  ///   still awaited may be filled or read at any time.
  mutating func cancelAll() -> Bool
}

extension SubmissionQueue where Self: ~Copyable {
  /// Does nothing: there is no kernel thread that could be missing.
  public mutating func useCalls() {}

  /// Does nothing: no plain system calls are made.
  public mutating func timeCalls() {}

  /// Does nothing: what was handed over is complete, and its completions are ready.
  public mutating func cancelAll() -> Bool { false }
}
