// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage
internal import Uring

/// One thread's part of a run: a loop over the work that waits, most urgent first.
struct Worker<Work: Executor & ~Copyable>: ~Copyable {
  private let run: RunContext
  private let stack: WorkStack
  private let published: PublishedState
  private var walk: TreeWalk<Work>

  init(_ parts: RunParts, _ executor: consuming Work) {
    run = parts.run
    stack = parts.stack
    published = parts.published
    let visitor = EntryVisitor(
      parts.run,
      parts.opener,
      parts.hardLinks,
      parts.similarNames,
      executor
    )
    walk = TreeWalk(parts, visitor)
  }

  /// Works until nothing is left anywhere, or the run stops.
  mutating func work() -> CopyReport {
    stack.arrive()
    while !run.shouldStop {
      if let entry = walk.visitor.nextRetry() {
        walk.retry(entry)
      } else if let item = stack.tryPop(leavesFiles: walk.visitor.executor.isCopying) {
        process(item)
      } else if walk.hasGathered {
        // What was waiting when the last names were gathered has gone to another worker.
        walk.visitBatch()
      } else if !walk.visitor.executor.isIdle {
        turn()
      } else if !takeNext() {
        break
      }
    }
    walk.visitor.executor.drain()
    walk.visitor.takeDone()
    walk.visitor.executor.removeSources()
    return walk.visitor.counts
  }

  /// Waits for work, or for files to have their names.
  ///
  /// - Returns: Whether there was anything.
  private mutating func takeNext() -> Bool {
    let awaited = walk.visitor.executor.awaitedBatch
    let next = stack.pop(
      orUntil: { [published] in published.isSettled(awaited) },
      seconds: awaited == nil ? nil : Publisher.batchSecondsMax
    )
    switch next {
    case .item(let item):
      process(item)
    case .otherwise:
      walk.visitor.takeDone()
    case .late:
      // Others are busy with something large, and may be for long.
      published.writeback.hurry()
    case .over:
      // Nobody adds to the batch any more who could make it due.
      guard awaited != nil else { return false }
      walk.visitor.executor.settle()
      walk.visitor.takeDone()
    }
    return true
  }

  private mutating func process(_ item: WorkItem) {
    walk.process(item)
    walk.visitor.takeDone()
    while walk.removeNext() {
      walk.visitor.takeDone()
      // Files that are being copied, or wait for their names, do not wait for all of it.
      if !walk.visitor.executor.isIdle || walk.visitor.executor.awaitedBatch != nil {
        turn(waits: false)
      }
    }
    stack.finishItem()
    // Files that were just opened get on their way while the walk goes on.
    if !walk.visitor.executor.isIdle { turn(waits: false) }
  }

  private mutating func turn(waits: Bool = true) {
    walk.visitor.executor.turn(waits: waits)
    walk.visitor.takeDone()
  }
}

/// Runs the workers, each on a thread of its own, and returns what all did.
func runWorkers(_ parts: RunParts) -> CopyReport { runWorkers(parts, runWorker) }

/// Searches the target for what the source lacks, and removes it.
///
/// - Parameters:
///   - parts: What the workers share.
///   - sweeps: Whether names are removed; else the source is only read, to find out whether it can
///     be.
/// - Returns: What was removed.
func runSweep(_ parts: RunParts, sweeps: Bool) -> CopyReport {
  runWorkers(parts) { parts in
    let run = parts.run
    let remover = TreeRemover(run, parts.doomed, isDry: run.options.isDryRun)
    var worker = Worker(parts, SweepExecutor(run, parts.opener, remover, sweeps: sweeps))
    return worker.work()
  }
}

/// Counts what a run copies, ahead of it.
///
/// - Parameters:
///   - parts: What the scan works with.
///   - meter: Where it is counted.
///   - start: When the run began.
func runScan(_ parts: RunParts, _ meter: CopyMeter, since start: Timestamp) {
  var worker = Worker(parts, ScanExecutor(parts.run, parts.doomed, meter, since: start))
  _ = worker.work()
}

private func runWorkers(
  _ parts: RunParts,
  _ runWorker: @escaping @Sendable (RunParts) -> CopyReport
) -> CopyReport {
  let run = parts.run
  let total = Lock(CopyReport())
  let work = { @Sendable in
    let report = runWorker(parts)
    total.withLock { $0.add(report) }
  }
  let threads = Lock<[Thread]>([])
  let others = run.limits.workers - 1
  parts.stack.expectWorkers(run.limits.workers) {
    for number in stride(from: 1, through: others, by: 1) {
      do throws(Errno) {
        let thread = try Thread(work)
        threads.withLock { $0.append(thread) }
      } catch {
        parts.stack.arrive(others - number + 1)
        run.tell(.note(.fewerWorkers(error)))
        run.explain(.workers(number, .threads(error)))
        break
      }
    }
  }
  // The calling thread is the first worker.
  work()
  for thread in threads.withLock({ $0 }) { thread.join() }
  parts.stack.expectNobody()
  // One worker is enough: these are few.
  while case let late = parts.similarNames.takeLate(), !late.isEmpty, !run.shouldStop {
    parts.stack.push(late.map { .late($0) })
    work()
  }
  while let files = parts.published.staging?.takeDelayed(), !files.isEmpty, !run.shouldStop {
    parts.stack.push([.delayed(files)])
    work()
  }
  return total.withLock { $0 }
}

/// Sets up one worker's engine, and works until the run is over.
private func runWorker(_ parts: RunParts) -> CopyReport {
  let run = parts.run
  do throws(CopyError) {
    guard !run.options.isDryRun else {
      try EngineChoice(run: run).check()
      let executor = DryExecutor(run, parts.opener, parts.doomed, parts.transfer)
      var worker = Worker(parts, executor)
      return worker.work()
    }
    let queue = try EngineChoice(run: run).makeQueue()
    var worker = Worker(parts, parts.executor(queue))
    return worker.work()
  } catch {
    run.failToStart(error)
    return CopyReport()
  }
}
