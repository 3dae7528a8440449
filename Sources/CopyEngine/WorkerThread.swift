// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Synchronization
internal import SystemPackage
internal import Uring

/// Runs the workers, each on a thread of its own, and returns what each did.
func runWorkers(_ run: CopyRun, _ layout: WorkLayout) -> [CopyReport] {
  var threads: [(pthread_t, WorkerThread)] = []
  // The calling thread is the first worker; a run with one job starts no thread.
  let first = WorkerThread(run, layout)
  for _ in 1..<layout.workers {
    let worker = WorkerThread(run, layout)
    var thread = pthread_t()
    let argument = unsafe Unmanaged.passRetained(worker)
    let result = unsafe pthread_create(
      &thread,
      nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<WorkerThread>.fromOpaque(argument).takeRetainedValue().work()
        return nil
      },
      argument.toOpaque()
    )
    guard result == 0 else {
      unsafe argument.release()
      run.observer.noted("fewer workers than wanted: \(Errno(rawValue: result))")
      run.explainOnce("workers: \(threads.count + 1) (no more threads: \(Errno(rawValue: result)))")
      break
    }
    threads.append((thread, worker))
  }
  first.work()
  for (thread, _) in threads { pthread_join(thread, nil) }
  return [first.report] + threads.map { $0.1.report }
}

/// One worker's thread: sets up the engine and works until the run is over.
private final class WorkerThread: Sendable {
  private let run: CopyRun
  private let layout: WorkLayout
  private let result = Mutex(CopyReport())

  /// Room for a pair for each buffer, or a read for each file, and some advice, in requests.
  private var queueDepth: Int { min(max(2 * layout.blocks, layout.filesMax) + 16, 4096) }

  init(_ run: CopyRun, _ layout: WorkLayout) {
    self.run = run
    self.layout = layout
  }

  var report: CopyReport { result.withLock { $0 } }

  func work() {
    guard run.options.engine != .sync else {
      run.explainOnce("engine: plain system calls (as asked)")
      return work(with: SystemCallQueue(depth: queueDepth))
    }
    let ring: Ring
    do {
      ring = try Ring(depth: queueDepth)
    } catch {
      guard run.options.engine == .auto else {
        return run.failToStart(CopyError("cannot be had", "io_uring", error, .stop))
      }
      run.observer.noted("io_uring cannot be had (\(error)); copying with plain system calls")
      run.explainOnce("engine: plain system calls (io_uring cannot be had: \(error))")
      return work(with: SystemCallQueue(depth: queueDepth))
    }
    run.explainOnce("engine: io_uring")
    work(with: ring)
  }

  private func work<Queue: SubmissionQueue & ~Copyable>(with queue: consuming Queue) {
    var worker = Worker<Queue>(run: run, queue: queue, filesMax: layout.filesMax)
    let report = worker.work()
    result.withLock { $0 = report }
  }
}
