// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import Synchronization
internal import SystemPackage
internal import Uring

/// Runs the workers, each on a thread of its own, and returns what all did.
func runWorkers(_ parts: RunParts) -> CopyReport {
  let run = parts.run
  let total = Mutex(CopyReport())
  let work = { @Sendable in
    let report = runWorker(parts)
    total.withLock { $0.add(report) }
  }
  var threads: [Thread] = []
  for _ in 1..<run.limits.workers {
    do {
      threads.append(try Thread(work))
    } catch {
      run.tell(.note(.fewerWorkers(error)))
      run.explain(.workers(threads.count + 1, .threads(error)))
      break
    }
  }
  // The calling thread is the first worker; a run with one job starts no thread.
  work()
  for thread in threads { thread.join() }
  return total.withLock { $0 }
}

/// Sets up one worker's engine, and works until the run is over.
private func runWorker(_ parts: RunParts) -> CopyReport {
  let run = parts.run
  do throws(CopyError) {
    guard !run.options.isDryRun else {
      try EngineChoice(run: run).check()
      var worker = Worker(parts, DryExecutor(run, parts.opener, parts.transfer.policies))
      return worker.work()
    }
    let queue = try EngineChoice(run: run).makeQueue()
    var worker = Worker(
      parts,
      LiveExecutor(run, parts.opener, parts.transfer, parts.published, queue: queue)
    )
    return worker.work()
  } catch {
    run.failToStart(error)
    return CopyReport()
  }
}
