// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage
internal import Uring

/// One thread's part of a run: a loop over the work that waits, most urgent first.
struct Worker<Work: Executor & ~Copyable>: ~Copyable {
  private let run: RunContext
  private let stack: WorkStack
  private var walk: TreeWalk<Work>

  init(_ parts: RunParts, _ executor: consuming Work) {
    run = parts.run
    stack = parts.stack
    let visitor = EntryVisitor(parts.run, parts.opener, parts.hardLinks, executor)
    walk = TreeWalk(parts.run, parts.opener, parts.stack, visitor)
  }

  /// Works until nothing is left anywhere, or the run stops.
  mutating func work() -> CopyReport {
    while !run.shouldStop {
      if let entry = walk.visitor.nextRetry() {
        walk.retry(entry)
      } else if let item = stack.tryPop() {
        process(item)
      } else if walk.hasGathered {
        // What was waiting when the last names were gathered has gone to another worker.
        walk.visitBatch()
      } else if !walk.visitor.executor.isIdle {
        turn()
      } else if let item = stack.pop() {
        process(item)
      } else {
        break
      }
    }
    walk.visitor.executor.drain()
    walk.visitor.takeDone()
    return walk.visitor.counts
  }

  private mutating func process(_ item: WorkItem) {
    walk.process(item)
    walk.visitor.takeDone()
    stack.finishItem()
    // Files that were just opened get on their way while the walk goes on.
    if !walk.visitor.executor.isIdle { turn(waits: false) }
  }

  private mutating func turn(waits: Bool = true) {
    walk.visitor.executor.turn(waits: waits)
    walk.visitor.takeDone()
  }
}

/// What all workers of a run share.
struct RunParts: Sendable {
  let run: RunContext
  let opener: DirectoryOpener
  let stack: WorkStack
  let hardLinks = HardLinkTable<LinkName>()
  let transfer: TransferState
  let published: PublishedState

  /// Prepares a run.
  ///
  /// - Parameters:
  ///   - run: What it was asked for.
  ///   - items: What the workers start with.
  /// - Throws: Why there is no memory for the buffers.
  init(_ run: RunContext, _ items: [WorkItem]) throws(CopyError) {
    self.run = run
    opener = DirectoryOpener(budget: run.limits.directoriesMax)
    stack = WorkStack(items)
    let policies = AccessPolicies(
      run.options.transfer,
      blockBytes: run.limits.blockBytes,
      disks: run.disks
    )
    transfer = TransferState(pool: try run.limits.makePool(), policies: policies)
    published = PublishedState(run)
    run.onStop { [stack] in stack.close() }
  }
}
