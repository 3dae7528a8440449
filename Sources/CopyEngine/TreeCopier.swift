// SPDX-License-Identifier: Apache-2.0

/// Copies trees.
public final class TreeCopier: Sendable {
  private let observer: any CopyObserver

  /// Makes a copier that tells `observer` what it does.
  public init(observer: any CopyObserver) {
    self.observer = observer
  }

  /// Copies what the plan says, and returns when everything is at the target (and on stable
  /// storage, if the plan asks for it), or when the run had to stop.
  ///
  /// - Throws: What kept the run from starting. What fails during the run is reported to the
  ///   observer, and counted in the report.
  public func copy(_ plan: CopyPlan) throws(CopyError) -> CopyReport {
    CopyReport()
  }

  /// Asks a running copy to stop: what is in flight drains, temporaries are removed, `copy` returns.
  ///
  /// May be called from any thread, not from a signal handler.
  public func requestStop() {}
}
