// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage
internal import SystemPackage

/// Copies trees, and whole block devices.
///
/// One copier copies one plan at a time; `requestStop` may come from any thread.
public final class TreeCopier: Sendable {
  private let sink: any EventSink

  private struct State {
    var run: RunContext?
    var requestedStop: CopyReport.Stop?
  }
  private let state = Lock(State())
  private let time: Ticker.Time
  private let meter: CopyMeter?
  private let onHang: (@Sendable () -> Void)?

  /// Makes a copier that tells `events` what it does.
  ///
  /// - Parameters:
  ///   - events: Told of what happens.
  ///   - meter: Where is counted how far a run has come; a meter is for one run.
  ///   - onHang: Called, on a thread of its own, when a run was stopped since nothing went on
  ///     (`TimeLimits.idleSecondsMax`) and does not end, since a filesystem does not answer: `copy`
  ///     may never return.
  public convenience init(
    events: any EventSink,
    meter: CopyMeter? = nil,
    onHang: (@Sendable () -> Void)? = nil
  ) {
    self.init(events: events, meter: meter, onHang: onHang, time: Ticker.Time())
  }

  /// Makes a copier with clocks of its own.
  init(
    events: any EventSink,
    meter: CopyMeter? = nil,
    onHang: (@Sendable () -> Void)? = nil,
    time: Ticker.Time
  ) {
    sink = events
    self.meter = meter
    self.onHang = onHang
    self.time = time
  }

  /// Asks a running copy to stop: what is in flight drains, temporaries are removed, `copy`
  /// returns.
  ///
  /// Before a copy it counts for the next one. May be called from any thread, not from a signal
  /// handler.
  public func requestStop() { requestStop(.interrupted) }

  private func requestStop(_ reason: CopyReport.Stop) {
    let run = state.withLock { state in
      state.requestedStop = state.requestedStop ?? reason
      return state.run
    }
    run?.stop(reason)
  }

  /// Copies what the plan says, and returns when everything is at the target (and on stable
  /// storage, if the plan asks for it), or when the run had to stop.
  ///
  /// What it does to the process is said by `CopyOptions.process`.
  ///
  /// - Throws: What kept the run from starting. What fails during the run is an event, and counted
  ///   in the report.
  public func copy(_ plan: CopyPlan) throws(CopyError) -> CopyReport {
    switch plan.options.process {
    case .own: return try copyHere(plan)
    case .shared: return try copyApart(plan)
    }
  }

  /// Copies on a thread of its own, and waits for it; where none can be had, on the calling one.
  ///
  /// A thread that copies may be kept on one processor, and go to another directory.
  private func copyApart(_ plan: CopyPlan) throws(CopyError) -> CopyReport {
    let outcome = Lock(Result<CopyReport, CopyError>.success(CopyReport()))
    let body = { @Sendable in
      let result = Result { () throws(CopyError) in try self.copyHere(plan) }
      outcome.withLock { $0 = result }
    }
    if let thread = try? Thread(body) { thread.join() } else { body() }
    return try outcome.withLock { $0 }.get()
  }

  private func copyHere(_ plan: CopyPlan) throws(CopyError) -> CopyReport {
    let heartbeat = plan.options.time.idleSecondsMax == nil ? nil : Heartbeat()
    let setup = RunSetup(
      plan: plan,
      sink: sink,
      creationMask: ProcessFacts.creationMask,
      filters: try FilterList.make(plan.options.rules.filters),
      descriptors: RunLimits.descriptorLimit(plan.options.process),
      heartbeat: heartbeat,
      meter: meter
    )
    let watch = TimeWatch(plan.options.time, heartbeat, time) { event in
      switch event {
      case .stop(let reason): self.requestStop(reason)
      case .hangs: self.onHang?()
      }
    }
    let watching = try watch.start()
    defer {
      watch.stop(watching)
      state.withLock { $0 = State() }
    }
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
    let requested = state.withLock { state in
      state.run = run
      return state.requestedStop
    }
    if let requested { run.stop(requested) }
  }
}
