// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage
internal import Uring

/// Drives one file through an event loop, on whatever engine can be had.
struct DeviceMover {
  let task: FileTask.Plan
  let pool: BufferPool
  let disks: RunDisks
  let isStopRequested: () -> Bool

  private var queueDepth: Int { 2 * pool.count + 16 }

  /// Moves the data.
  func move(
    _ engine: CopyOptions.Engine,
    _ observer: any CopyObserver
  ) throws(CopyError) -> FileTask.Outcome {
    guard engine != .sync else { return try move(through: SystemCallQueue(depth: queueDepth)) }
    let ring: Ring
    do {
      ring = try Ring(depth: queueDepth)
    } catch {
      guard engine == .auto else { throw CopyError("cannot be had", "io_uring", error, .stop) }
      observer.noted("io_uring cannot be had (\(error)); copying with plain system calls")
      return try move(through: SystemCallQueue(depth: queueDepth))
    }
    return try move(through: ring)
  }

  private func move<Queue: SubmissionQueue & ~Copyable>(
    through queue: consuming Queue
  ) throws(CopyError) -> FileTask.Outcome {
    var loop = EventLoop<Queue, Void>(
      queue: queue,
      pool: pool,
      filesMax: 1,
      alternates: disks.sharesDisk,
      writesInOrder: disks.targetSeeks
    )
    loop.admit(task, file: ())
    while true {
      if let finished = loop.nextFinished() { return finished.outcome }
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
