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
    let creationMask = cl_creation_mask()
    let resolver = OperandResolver(plan: plan, creationMask: creationMask)
    var report = CopyReport()
    var sources: [ResolvedSource] = []
    for source in plan.sources {
      do {
        sources.append(try resolver.resolve(source))
      } catch {
        report.failures += 1
        observer.failed(error)
      }
    }
    guard !sources.isEmpty else { return report }
    var target = try resolver.resolveTarget(for: sources)
    for source in sources { try resolver.check(source, against: target) }
    target = try resolver.create(target)

    let mounts = MountTable()
    let layout = WorkLayout(plan.options, disks: disks(of: sources, target, mounts))
    let run = CopyRun(
      options: plan.options,
      isPrivileged: geteuid() == 0,
      creationMask: creationMask,
      mounts: mounts,
      observer: observer,
      stack: WorkStack(try roots(sources, target)),
      opener: DirectoryOpener(budget: layout.directoriesMax, isDryRun: plan.options.isDryRun),
      targetRoots: target.handles.targetMetadata.map { [$0.identity] } ?? []
    )
    let isStopRequested = state.withLock { state in
      state.run = run
      return state.isStopRequested
    }
    defer { state.withLock { $0.run = nil } }
    if isStopRequested { run.stop(.interrupted) }

    for part in runWorkers(run, layout) { report.add(part) }
    if let failure = run.failureToStart { throw failure }
    report.stop = run.stop
    // An earlier run that was killed may have left something unsynced that this one found complete,
    // so this does not depend on what was written now.
    if plan.options.durability == .run && !plan.options.isDryRun && run.stop == nil {
      for failure in run.syncTargets() {
        report.failures += 1
        report.stop = .failure
        observer.failed(failure)
      }
    }
    return report
  }

  private func disks(
    of sources: [ResolvedSource],
    _ target: ResolvedTarget,
    _ mounts: MountTable
  ) -> [Device] {
    var found = sources.map { Device(of: $0.metadata, mounts: mounts) }
    if let metadata = try? EntryLocation(open: target.nearest.source.rawValue).metadata() {
      found.append(Device(of: metadata, mounts: mounts))
    }
    return found
  }

  /// What the workers start with: a directory for each source operand.
  private func roots(
    _ sources: [ResolvedSource],
    _ target: ResolvedTarget
  ) throws(CopyError) -> [WorkItem] {
    var items: [WorkItem] = []
    var shadows: [DirectoryHandles.Shadow] = []
    let firstContents = sources.first { $0.isContents }
    for source in sources {
      let handles = try pair(source, target, shadows)
      let root = CopyDirectory(
        source: source.isContents ? source.path : source.path.removingLastComponent(),
        target: target.path,
        handles: handles,
        identity: source.isContents ? source.metadata.identity : nil,
        metadata: source.isContents ? firstContents?.metadata : nil,
        isNew: target.isNew && sources.count == 1
      )
      if source.isContents {
        items.append(.directory(root, position: 0))
      } else {
        items.append(
          .entry(root, name: source.name, targetName: target.newName ?? source.name)
        )
      }
      shadows.append(
        DirectoryHandles.Shadow(
          handles: source.handles,
          onlyName: source.isContents ? nil : source.name
        )
      )
    }
    return items
  }

  private func pair(
    _ source: ResolvedSource,
    _ target: ResolvedTarget,
    _ shadows: [DirectoryHandles.Shadow]
  ) throws(CopyError) -> DirectoryHandles {
    do {
      return DirectoryHandles(
        source: try source.handles.source.duplicate(),
        target: try target.handles.duplicateTarget(),
        shadows: shadows
      )
    } catch {
      throw CopyError("cannot open source", source.path, error, .stop)
    }
  }
}
