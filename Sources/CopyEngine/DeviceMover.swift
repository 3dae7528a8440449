// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage
internal import Uring

/// Drives one file through an event loop, on whatever engine can be had.
struct DeviceMover {
  /// What came of it.
  struct Moved {
    let outcome: FileTask.Outcome
    /// The last bytes, where they are no whole sector of a target that is written directly: they are
    /// still to be written, through the cache.
    let end: [UInt8]
    /// Where the request began that failed, in bytes.
    let failedAt: UInt64?
  }

  let options: CopyOptions
  let disks: RunDisks
  /// How many buffers there are.
  let blocks: Int
  let observer: any CopyObserver

  private var queueDepth: Int { 2 * blocks + 16 }

  /// Moves the data.
  func move(
    _ task: FileTask.Plan,
    through pool: BufferPool,
    _ isStopRequested: () -> Bool
  ) throws(CopyError) -> Moved {
    guard let ring = try ring(explains: options.explains) else {
      let queue = SystemCallQueue(depth: queueDepth)
      return try move(task, EventLoop(queue: queue, pool: pool, disks), isStopRequested)
    }
    return try move(task, EventLoop(queue: ring, pool: pool, disks), isStopRequested)
  }

  /// Sets up io_uring.
  ///
  /// - Parameter explains: Whether to say what was chosen.
  /// - Returns: The ring, or `nil` for plain system calls.
  /// - Throws: Why it cannot be had, if it must.
  func ring(explains: Bool) throws(CopyError) -> Ring? {
    func explain(_ text: String) {
      if explains { observer.explained("engine: \(text)") }
    }
    guard options.engine != .sync else {
      explain("plain system calls (as asked)")
      return nil
    }
    do {
      let ring = try Ring(depth: queueDepth)
      explain("io_uring")
      return ring
    } catch {
      guard options.engine == .auto else {
        throw CopyError("cannot be had", "io_uring", error, .stop)
      }
      observer.noted("io_uring cannot be had (\(error)); copying with plain system calls")
      explain("plain system calls (io_uring cannot be had: \(error))")
      return nil
    }
  }

  private func move<Queue: SubmissionQueue & ~Copyable>(
    _ task: FileTask.Plan,
    _ loop: consuming EventLoop<Queue, Void>,
    _ isStopRequested: () -> Bool
  ) throws(CopyError) -> Moved {
    var loop = loop
    loop.admit(task, file: ())
    while true {
      if var finished = loop.nextFinished() {
        if finished.outcome.isCanceled && !loop.usesCalls && !isStopRequested() {
          // The kernel may start no thread for the ring.
          observer.noted(
            "the kernel may start no thread for io_uring; copying with plain system calls"
          )
          loop.useCalls()
          loop.admit(task, file: ())
          continue
        }
        let (outcome, failedAt) = (finished.outcome, finished.failedAt)
        return Moved(outcome: outcome, end: finished.takeEnd(), failedAt: failedAt)
      }
      if isStopRequested() { loop.stop() }
      do throws(Errno) {
        try loop.turn()
      } catch {
        loop.abandon()
        throw CopyError("the queue failed", "io_uring", error, .stop)
      }
    }
  }
}

extension EventLoop where Queue: ~Copyable, File == Void {
  /// A loop for one file.
  fileprivate init(queue: consuming Queue, pool: BufferPool, _ disks: RunDisks) {
    self.init(
      queue: queue,
      pool: pool,
      filesMax: 1,
      alternates: disks.sharesDisk,
      writesInOrder: disks.targetSeeks
    )
  }
}
