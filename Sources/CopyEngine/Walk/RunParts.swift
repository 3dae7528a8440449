// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage
internal import SystemPackage
internal import Uring

/// What all workers of a run share.
struct RunParts: Sendable {
  let run: RunContext
  let opener: DirectoryOpener
  let doomed: DoomedOpener
  let stack: WorkStack
  let hardLinks: HardLinkTable<LinkName>
  let similarNames: SimilarNames
  let transfer: TransferState
  let published: PublishedState

  /// Prepares a run.
  ///
  /// - Parameters:
  ///   - run: What it was asked for.
  ///   - items: What the workers start with.
  ///   - passes: How often one name may be met.
  /// - Throws: Why there is no memory for the buffers.
  init(_ run: RunContext, _ items: [WorkItem], passes: Int = 1) throws(CopyError) {
    self.run = run
    opener = DirectoryOpener(
      budget: run.limits.directoriesMax,
      basisTrees: run.options.basis?.directories.count ?? 0
    )
    doomed = DoomedOpener(
      opener,
      directoriesMax: run.limits.directoriesMax,
      keepsBackups: run.options.backup != nil
    )
    stack = WorkStack(items)
    hardLinks = HardLinkTable(passes: passes)
    let isMerging = items.contains { if case .merged = $0 { true } else { false } }
    similarNames = SimilarNames(isMerging: isMerging || items.count > 1)
    let policies = AccessPolicies(
      run.options.transfer,
      blockBytes: run.limits.blockBytes,
      disks: run.disks
    )
    transfer = TransferState(
      pool: try run.limits.makePool(),
      policies: policies,
      pacer: Pacer.make(for: run)
    )
    published = PublishedState(run) { [stack] in stack.wake() }
    run.onStop { [stack] in stack.close() }
  }

  /// Makes what copies for one worker.
  func executor<Queue: SubmissionQueue & ~Copyable>(
    _ queue: consuming Queue
  ) -> LiveExecutor<Queue> {
    LiveExecutor(run, opener, doomed, transfer, published, queue: queue)
  }
}
