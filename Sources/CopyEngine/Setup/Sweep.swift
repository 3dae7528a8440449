// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import Synchronization
internal import SystemPackage

/// Removes from the target what the source lacks, in a walk of its own before or after the copy.
///
/// The walk is a run beside the one that copies: it tells what is removed, and what cannot be. What
/// it cannot read of the source is told by the copy, and only keeps names from being removed.
struct Sweep {
  let setup: RunSetup
  /// The run that copies.
  let run: RunContext
  /// What the workers start with.
  let makeItems: () -> [WorkItem]

  private var moment: DeletionOptions.Moment? { run.options.deletion.sweep }

  /// Removes what is to go before anything is copied.
  ///
  /// First the source is read, since not a name may be removed if that cannot be done in full.
  ///
  /// - Parameter begin: Told of each run that can be stopped.
  /// - Returns: What was removed, and what failed.
  /// - Throws: Why the walk cannot begin.
  func beforeCopy(_ begin: (RunContext) -> Void) throws(CopyError) -> CopyReport {
    guard moment == .before else { return CopyReport() }
    defer { begin(run) }
    if run.options.deletion.ignoresReadErrors { return try walk(sweeps: true, begin) }
    var report = try walk(sweeps: false, begin)
    guard report.stop == nil else { return report }
    report.add(try walk(sweeps: true, begin))
    return report
  }

  /// Removes what is to go when everything was copied, and is on stable storage.
  func afterCopy(
    _ targets: TargetFilesystems,
    _ begin: (RunContext) -> Void
  ) throws(CopyError) -> CopyReport {
    guard moment?.followsCopy == true, !run.shouldStop else { return CopyReport() }
    if run.options.publish.durability != .none {
      let failures = targets.sync()
      for failure in failures { run.fail(failure.error, at: failure.place) }
      guard failures.isEmpty else { return CopyReport() }
    }
    defer { begin(run) }
    return try walk(sweeps: true, begin)
  }

  /// Counts what a limit kept.
  func countKept(_ report: inout CopyReport) {
    report.deletions.skipped = run.deletions.skipped
  }

  private func walk(
    sweeps: Bool,
    _ begin: (RunContext) -> Void
  ) throws(CopyError) -> CopyReport {
    let sink = SweepSink(sink: setup.sink, allWanted: setup.wants)
    let own = setup.context(beside: run, sink)
    let parts = try RunParts(own, makeItems())
    begin(own)
    let found = runSweep(parts, sweeps: sweeps)
    var report = CopyReport()
    report.deletions = found.deletions
    report.failures = sink.failures
    report.stop = own.stop
    return report
  }
}

/// Passes on what a sweep removes, and fails to.
private final class SweepSink: EventSink {
  private let sink: any EventSink
  private let allWanted: RunEvent.Kinds
  private let failed = Atomic<Int>(0)

  init(sink: any EventSink, allWanted: RunEvent.Kinds) {
    self.sink = sink
    self.allWanted = allWanted
  }

  /// How many failures were passed on.
  var failures: Int { failed.load(ordering: .relaxed) }

  var wants: RunEvent.Kinds {
    allWanted.intersection([.deletions, .warnings, .filters]).union(.failures)
  }

  func receive(_ event: RunEvent) {
    switch event {
    case .deletion, .filtered:
      sink.receive(event)
    case .failed(let error):
      // Names that cannot be read are told by the copy, and so is what ends both.
      guard error.isOfDeletion || error.severity == .stop else { return }
      failed.wrappingAdd(1, ordering: .relaxed)
      if allWanted.contains(.failures) { sink.receive(event) }
    default:
      break
    }
  }
}
