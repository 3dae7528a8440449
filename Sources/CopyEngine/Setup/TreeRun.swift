// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage
internal import SystemPackage

/// One copy of trees: resolves the operands, runs the workers, and brings all to stable storage.
struct TreeRun {
  let setup: RunSetup
  /// Told of the run before it does anything, so that it can be stopped.
  let begin: (RunContext) -> Void

  private var plan: CopyPlan { setup.plan }

  /// Carries the plan out.
  func copy() throws(CopyError) -> CopyReport {
    var report = CopyReport()
    var isReadInFull = true
    guard let (sources, target, lacking) = try resolve(&report, &isReadInFull) else {
      return report
    }
    let (parts, locations) = try prepare(sources, target)
    let run = parts.run
    run.tell(.started(RunStart(locations: locations, workers: run.limits.workers)))
    if !lacking.isEmpty {
      let missing = MissingArguments(parts, target, isDry: plan.options.isDryRun)
      if let missing { report.deletions += missing.remove(lacking) }
    }
    // rsync's list has them as files.
    for _ in lacking { report.listed.note(.file) }
    if !isReadInFull { run.deletions.close() }
    let sweep = Sweep(
      setup: setup,
      run: run,
      makeItems: { InitialWork(sources, target, of: run).items }
    )
    report.add(try sweep.beforeCopy(begin))
    RunExplanation(run: run, locations: locations).tellTrees()
    if target.directory == nil || plan.options.isDryRun, let nearest = run.nearestTarget {
      AccessExplanation(run: run).tellWriting(
        to: target.nearest.descriptor.rawValue,
        nearest,
        parts.transfer.policies
      )
    }
    if let root = newTarget(sources, target) {
      let change = BasisTrees.rootChange(root.metadata, run)
      run.tellNewTarget(root.toldName, like: root.metadata, root.path, change)
      if change.contains(.isNew) { report.created.directories += 1 }
    }
    let watch = StallWatch(locations, for: run)
    let watching = watch.start()
    let scan = makeScan(sources, target, beside: run)
    scan?.begin()
    report.add(runWorkers(parts))
    scan?.end()
    watch.stop(watching)
    report.add(try sweep.afterCopy(parts.published.targets, begin))
    sweep.countKept(&report)
    finish(parts)
    if let failure = run.failureToStart { throw failure }
    if plan.options.isDryRun, let lack = target.lack(of: report.growth, plan) {
      run.failAtEnd(lack)
    }
    report.add(run.failureCounts)
    // What could not be read may have been readable when it was copied.
    if run.deletions.hasHeldBack { report.failures = max(report.failures, 1) }
    return report
  }

  /// What finds out ahead of the copy how much there is; not where that is known, or of no use.
  private func makeScan(
    _ sources: [ResolvedSource],
    _ target: ResolvedTarget,
    beside run: RunContext
  ) -> ScanAhead? {
    guard !plan.options.isDryRun, !plan.options.publish.checksRoom else { return nil }
    return ScanAhead.make(setup, beside: run) { own in
      InitialWork(sources, target, of: own, basis: own.basis)
    }
  }

  /// The source whose contents a target directory gets that this run makes, if that is one.
  private func newTarget(
    _ sources: [ResolvedSource],
    _ target: ResolvedTarget
  ) -> ResolvedSource? {
    // As in rsync, a dry run leaves out also the target, where only what is there counts.
    let isLeftOut = plan.options.isDryRun && plan.options.rules.state?.leavesOutNew == true
    return target.isNew && !isLeftOut ? sources.first { $0.givesMetadata } : nil
  }

  /// Settles how the work is done, and what the workers start with.
  private func prepare(
    _ sources: [ResolvedSource],
    _ target: ResolvedTarget
  ) throws(CopyError) -> (parts: RunParts, locations: [StorageLocation]) {
    let descriptor = target.nearest.descriptor.rawValue
    let nearest = try? EntryLocation(open: descriptor).metadata()
    let locations = setup.locations(
      sources: sources.map { ($0.path, $0.metadata) },
      target: nearest
    )
    var disks = DiskTraits(locations)
    disks.targetKind = FilesystemKind(of: descriptor)
    let room = plan.options.publish.checksRoom ? FilesystemCalls.room(of: descriptor) : nil
    let run = setup.context(
      disks,
      target: RunTarget(
        root: target.directory == nil ? nil : nearest?.identity,
        nearest: nearest,
        probe: LivenessProbe(
          sources,
          target,
          locations,
          isWritten: !plan.options.isDryRun
        ),
        operands: GivenUp.Operands(
          target: target.nearest,
          isWritten: !plan.options.isDryRun,
          sourceDevices: Set(sources.map(\.metadata.identity.device))
        ),
        blockBytes: room?.blockBytes ?? 1,
        isNew: target.isNew,
        backups: try backupRoot(target),
        basis: basis(target),
        temporaries: try Staging.openTemporaries(plan.options, from: target.directory)
      )
    )
    let work = InitialWork(sources, target, of: run, basis: run.basis)
    let parts = try RunParts(run, work.items, passes: work.passes)
    begin(run)
    return (parts, locations)
  }

  /// Where backups go, if that is a directory of their own.
  private func backupRoot(_ target: ResolvedTarget) throws(CopyError) -> BackupRoot? {
    guard let path = plan.options.backup?.directory else { return nil }
    let base = target.directory ?? target.nearest
    let root = BackupRoot(
      path,
      beside: base,
      followsAll: plan.options.followsForeignLinks
    )
    guard root.isNoDirectory else { return root }
    throw CopyError(.refuse(.backupDirectory), path, nil, .usage)
  }

  /// Opens the trees that the target is compared with; those that are missing are told.
  private func basis(_ target: ResolvedTarget) -> [BasisDirectory] {
    guard let options = plan.options.basis else { return [] }
    return BasisTrees(options: options, followsAll: plan.options.followsForeignLinks)
      .open(beside: target) { setup.tell(.warning($0)) }
  }

  /// Refuses what does not fit, by a dry run that tells nothing.
  private func checkRoom(
    _ sources: [ResolvedSource],
    _ target: ResolvedTarget
  ) throws(CopyError) {
    guard plan.options.publish.checksRoom, !plan.options.isDryRun else { return }
    var dryPlan = plan
    dryPlan.options.isDryRun = true
    let dryRun = TreeRun(
      setup: RunSetup(
        plan: dryPlan,
        sink: SilentSink(),
        creationMask: setup.creationMask,
        filters: setup.filters,
        descriptors: setup.descriptors,
        heartbeat: setup.heartbeat
      ),
      begin: begin
    )
    let (parts, _) = try dryRun.prepare(sources, target)
    let report = runWorkers(parts)
    if let meter = setup.meter {
      meter.noteAhead(files: report.filesCopied, bytes: report.bytesCopied)
      meter.noteComplete()
    }
    if let lack = target.lack(of: report.growth, plan) { throw lack }
  }

  /// Whether the rules of the command line leave an operand out, which is told.
  private func isHidden(_ source: ResolvedSource) -> Bool {
    guard let match = source.match(setup.filters), !match.isIncluded else { return false }
    let name = FilteredName(
      path: FilePath(source.name),
      isDirectory: source.metadata.kind == .directory,
      side: .sender,
      match: match
    )
    setup.tell(.filtered(name))
    return true
  }

  /// Finds what the operands name, checks that they go together, and makes the target directory.
  ///
  /// - Parameters:
  ///   - report: Counts what could not be found.
  ///   - isReadInFull: Set to `false` where a source may be there, and cannot be read.
  /// - Returns: The sources that were found and the target; `nil` if no source was.
  /// - Throws: Why the operands do not go together.
  private func resolve(
    _ report: inout CopyReport,
    _ isReadInFull: inout Bool
  ) throws(CopyError) -> (
    sources: [ResolvedSource], target: ResolvedTarget, lacking: [EntryName]
  )? {
    var resolver = OperandResolver(plan: plan, creationMask: setup.creationMask)
    var sources: [ResolvedSource] = []
    for source in plan.sources {
      do {
        if let found = try resolver.resolve(source), !isHidden(found),
          !resolver.skips(found, rules: setup.filters)
        {
          sources.append(found)
        }
        for path in resolver.noteLacking(of: source) {
          let gone = CopyError(.findArgument, path, .noSuchFileOrDirectory, .vanished)
          report.vanished += 1
          setup.tell(.failed(gone))
        }
      } catch {
        let lacksOnlyName =
          error.errno == .noSuchFileOrDirectory && resolver.lacksOnlyName(source)
        // As in rsync: what is missing in its directory has no names, but of a directory that is to
        // be read nobody knows what was in it.
        if !lacksOnlyName { isReadInFull = false }
        if lacksOnlyName && plan.options.rules.ignoresMissing {
          resolver.noteLacking(source)
        } else {
          resolver.missing.append(error)
        }
      }
    }
    report.failures += resolver.missing.count
    for error in resolver.missing { setup.tell(.failed(error)) }
    for path in resolver.skippedDirectories {
      setup.tell(.skipped(SkippedEntry(path: path, isDirectory: true, reason: .kind)))
    }
    resolver.nameLoneDirectory(&sources)
    let found = try resolver.resolveTarget(for: sources)
    for source in sources { try resolver.check(source, against: found) }
    if plan.options.deletion.moment != nil && !plan.options.deletion.isForced {
      let guardian = SourceGuard()
      let rules = plan.options.rules
      for source in sources where source.isContents ? rules.takesDirectories : rules.isRecursive {
        try guardian.check(source, against: found)
      }
    }
    if !sources.isEmpty { try checkRoom(sources, found) }
    let target = plan.options.isDryRun ? found : try resolver.create(found, for: sources)
    if found.madeDirectories > 0 {
      let path =
        sources.isEmpty ? plan.target : resolver.isLone ? found.path.directory : found.path
      setup.tell(.createdTarget(path, ofPath: found.madeDirectories))
    }
    if target.isNew && target.newName == nil && !resolver.isLone {
      setup.tell(.createdTarget(plan.target, ofPath: nil))
    }
    guard !sources.isEmpty || !resolver.lacking.isEmpty else { return nil }
    return (sources, target, resolver.lacking)
  }

  /// Ends a run: gives directories their own permissions back, and brings all to stable storage.
  private func finish(_ parts: RunParts) {
    let (run, published) = (parts.run, parts.published)
    let isComplete = run.complete()
    for (limit, path, files) in run.space.leftOut {
      let severity: CopyError.Severity = run.givenUp.isAll(limit) ? .stop : .entry
      run.failAtEnd(CopyError(.leaveOut(files: files), path, limit.fullErrno, severity))
    }
    for (error, directory) in published.temporarilyWritable.restoreAll(parts.opener) {
      run.failAtEnd(error, at: FailedPlace(nearest: directory))
    }
    for failure in published.writeback.finish() { run.failAtEnd(failure.error, at: failure.place) }
    if let note = run.foreignAttributes.note { run.tell(.note(note)) }
    defer {
      published.writeback.dropRest()
      // The last word, so that it also holds for what failed just now.
      if run.targetHasFailed {
        published.recent.readBack(parts.opener) { error, place in
          run.failAtEnd(run.givenUp.isOnTarget(place) ? error : error.ofEntry)
        }
      }
    }
    // An earlier run that was killed may have left something unsynced that this one found complete,
    // so this does not depend on what was written now. A dry run notes no filesystems.
    // When its time is over, what a run has published is to last all the same.
    let isOver = isComplete || run.stop == .timeLimit
    guard plan.options.publish.durability != .none, isOver else { return }
    for failure in published.targets.sync() { run.failAtEnd(failure.error, at: failure.place) }
  }
}
