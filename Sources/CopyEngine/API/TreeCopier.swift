// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage
internal import Synchronization

/// Copies trees, and whole block devices.
///
/// One copier copies one plan at a time; `requestStop` may come from any thread.
public final class TreeCopier: Sendable {
  private let sink: any EventSink

  private struct State {
    var run: RunContext?
    var isStopRequested = false
  }
  private let state = Mutex(State())

  /// Makes a copier that tells `events` what it does.
  public init(events: any EventSink) {
    sink = events
  }

  /// Asks a running copy to stop: what is in flight drains, temporaries are removed, `copy`
  /// returns.
  ///
  /// Before a copy it counts for the next one. May be called from any thread, not from a signal
  /// handler.
  public func requestStop() {
    let run = state.withLock { state in
      state.isStopRequested = true
      return state.run
    }
    run?.stop(.interrupted)
  }

  /// Copies what the plan says, and returns when everything is at the target (and on stable
  /// storage, if the plan asks for it), or when the run had to stop.
  ///
  /// - Throws: What kept the run from starting. What fails during the run is an event, and counted
  ///   in the report.
  public func copy(_ plan: CopyPlan) throws(CopyError) -> CopyReport {
    let setup = RunSetup(
      plan: plan,
      sink: sink,
      creationMask: ProcessFacts.creationMask,
      descriptors: RunLimits.raiseDescriptorLimit()
    )
    defer { state.withLock { $0 = State() } }
    if try BlockDeviceOperands.applies(to: plan) {
      return try BlockDeviceCopy(setup: setup, begin: begin).copy()
    }
    guard !plan.options.devices.discards else {
      throw BlockDeviceOperands.noDevice(plan.target)
    }
    return try TreeRun(setup: setup, begin: begin).copy()
  }

  /// Has a run stopped when that is asked for, or was before it began.
  private func begin(_ run: RunContext) {
    let isStopRequested = state.withLock { state in
      state.run = run
      return state.isStopRequested
    }
    if isStopRequested { run.stop(.interrupted) }
  }
}
