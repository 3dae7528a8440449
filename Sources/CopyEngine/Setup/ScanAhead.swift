// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage
internal import SystemPackage

/// Finds out ahead of the copy how much there is to be copied: the same walk with the same filters
/// and comparisons, on one thread of low priority, as soon as somebody watches the meter.
///
/// It is a run beside the one that copies, and fails silently: what cannot be read is told by the
/// copy.
final class ScanAhead: Sendable {
  /// With fewer descriptors the copy needs all of them.
  private static let descriptorsMin = 2048
  /// As many as the scan may have open.
  private static let descriptorsOfScan = 256

  private struct State {
    var thread: Thread?
    var run: RunContext?
    var isOver = false
  }
  private let state = Lock(State())
  private let meter: CopyMeter
  private let start: Timestamp
  private let prepare: @Sendable () -> RunParts?

  private init(
    _ meter: CopyMeter,
    since start: Timestamp,
    _ prepare: @escaping @Sendable () -> RunParts?
  ) {
    self.meter = meter
    self.start = start
    self.prepare = prepare
  }

  /// Makes the scan of a run, where it is of use and harms nothing.
  ///
  /// - Parameters:
  ///   - setup: What is known of the run.
  ///   - run: The run that copies.
  ///   - makeItems: What the scan starts with.
  /// - Returns: The scan, to be begun; `nil` where there is none.
  static func make(
    _ setup: RunSetup,
    beside run: RunContext,
    _ makeItems: @escaping @Sendable (RunContext) -> InitialWork
  ) -> ScanAhead? {
    guard let meter = run.meter, !run.disks.seek, setup.descriptors >= descriptorsMin,
      run.limits.followedMemory == .none
    else { return nil }
    return ScanAhead(meter, since: Clock.filesystemTime) {
      let own = setup.context(scanning: run, descriptors: descriptorsOfScan)
      let work = makeItems(own)
      return try? RunParts(own, work.items, passes: work.passes)
    }
  }

  /// Begins when somebody watches.
  func begin() { meter.onWatch { self.startThread() } }

  /// Ends the scan, however far it has come, and waits for its thread.
  func end() {
    meter.endWatch()
    let (thread, run) = state.withLock { state in
      state.isOver = true
      return (state.thread, state.run)
    }
    run?.stop(.interrupted)
    thread?.join()
  }

  private func startThread() {
    state.withLock { state in
      guard !state.isOver, state.thread == nil else { return }
      state.thread = try? Thread { self.scan() }
    }
  }

  private func scan() {
    Thread.lowerPriority()
    guard let parts = prepare() else { return }
    let isOver = state.withLock { state in
      state.run = parts.run
      return state.isOver
    }
    guard !isOver else { return }
    runScan(parts, meter, since: start)
    // What the scan gave up is not counted.
    if parts.run.stop == nil { meter.noteComplete() }
  }
}
