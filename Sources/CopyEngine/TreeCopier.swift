// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree
internal import Glibc
internal import Synchronization
internal import SystemPackage
internal import Uring

/// Copies trees.
///
/// One copier copies one plan at a time; `requestStop` may come from any thread.
public final class TreeCopier: Sendable {
  private let observer: any CopyObserver

  private struct State {
    var run: CopyRun?
    var isStopRequested = false
  }
  private let state = Mutex(State())

  /// Makes a copier that tells `observer` what it does.
  public init(observer: any CopyObserver) {
    self.observer = observer
  }

  /// Asks a running copy to stop: what is in flight drains, temporaries are removed, `copy` returns.
  ///
  /// May be called from any thread, not from a signal handler.
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
  /// - Throws: What kept the run from starting. What fails during the run is reported to the
  ///   observer, and counted in the report.
  public func copy(_ plan: CopyPlan) throws(CopyError) -> CopyReport {
    let descriptors = WorkLayout.raiseDescriptorLimit()
    let creationMask = cl_creation_mask()
    if try DeviceOperands.applies(to: plan) {
      return try DeviceCopier(
        plan: plan,
        observer: observer,
        creationMask: creationMask,
        descriptors: descriptors,
        isStopRequested: { self.state.withLock { $0.isStopRequested } }
      ).copy()
    }
    guard !plan.options.discards else {
      throw DeviceOperands.noDevice(plan.target)
    }
    var report = CopyReport()
    guard let (sources, target) = try resolve(plan, creationMask, &report) else { return report }

    let mounts = MountTable()
    let nearest = try? EntryLocation(open: target.nearest.descriptor.rawValue).metadata()
    let places = PlaceOnDisk.all(
      sources: sources.map { ($0.path, $0.metadata) },
      target: nearest.map { (plan.target, $0) },
      mounts: mounts,
      options: plan.options
    )
    var disks = RunDisks(places)
    disks.targetKind = FilesystemKind(of: target.nearest.descriptor.rawValue)
    let layout = WorkLayout(plan.options, disks: disks, descriptors: descriptors)
    let run = CopyRun(
      options: plan.options,
      isPrivileged: geteuid() == 0,
      creationMask: creationMask,
      mounts: mounts,
      observer: observer,
      stack: WorkStack(RootPlan(sources, target).items),
      layout: layout,
      disks: disks,
      pool: try layout.makePool(),
      targetRoot: target.isNew && plan.options.isDryRun ? nil : nearest?.identity,
      nearestTarget: nearest
    )
    let isStopRequested = state.withLock { state in
      state.run = run
      return state.isStopRequested
    }
    defer { state.withLock { $0.run = nil } }
    if isStopRequested { run.stop(.interrupted) }

    if plan.options.explains {
      for line in explanation(of: layout, places, disks, plan.options) { observer.explained(line) }
      if plan.options.isDryRun, let nearest {
        run.explainWriting(to: target.nearest.descriptor.rawValue, nearest)
      }
    }
    let watch = StallWatch(places, observer: observer)
    let watching = watch.start()
    defer { watch.stop(watching) }
    for part in runWorkers(run, layout) { report.add(part) }
    try finish(run, &report)
    return report
  }

  /// Finds what the operands name, checks that they go together, and makes the target directory.
  ///
  /// - Returns: The sources that were found and the target; `nil` if no source was.
  private func resolve(
    _ plan: CopyPlan,
    _ creationMask: UInt32,
    _ report: inout CopyReport
  ) throws(CopyError) -> (sources: [ResolvedSource], target: ResolvedTarget)? {
    var resolver = OperandResolver(plan: plan, creationMask: creationMask)
    var sources: [ResolvedSource] = []
    for source in plan.sources {
      do {
        sources.append(try resolver.resolve(source))
      } catch {
        report.failures += 1
        observer.failed(error)
      }
    }
    guard !sources.isEmpty else { return nil }
    let target = try resolver.resolveTarget(for: sources)
    for source in sources { try resolver.check(source, against: target) }
    return (sources, try resolver.create(target))
  }

  /// Ends a run: gives directories their own permissions back, and brings all to stable storage.
  ///
  /// - Throws: What kept the run from starting.
  private func finish(_ run: CopyRun, _ report: inout CopyReport) throws(CopyError) {
    for failure in run.widened.restoreAll(run.opener) {
      report.failures += 1
      observer.failed(failure)
    }
    var unsynced = run.settler.finish()
    defer { run.settler.dropRest() }
    if let failure = run.failureToStart { throw failure }
    report.stop = run.stop
    // An earlier run that was killed may have left something unsynced that this one found complete,
    // so this does not depend on what was written now.
    if run.options.durability == .run && !run.options.isDryRun && run.stop == nil {
      unsynced += run.targets.sync()
    }
    for failure in unsynced {
      report.failures += 1
      report.stop = .failure
      observer.failed(failure)
    }
  }
}
