// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage
internal import SystemPackage

/// What is known of a run before its operands are looked at, and how it becomes a `RunContext`.
struct RunSetup {
  let plan: CopyPlan
  let sink: any EventSink
  /// What the sink wants to be told.
  let wants: RunEvent.Kinds
  let creationMask: UInt32
  /// The filter rules, if there are any.
  let filters: FilterList?
  /// The limit on open files.
  let descriptors: Int
  let mounts = MountTable()
  /// Who is told that the run goes on, if anybody wants to know.
  let heartbeat: Heartbeat?
  /// Where is counted how far the run has come, if anybody wants to know.
  let meter: CopyMeter?

  init(
    plan: CopyPlan,
    sink: any EventSink,
    creationMask: UInt32,
    filters: FilterList? = nil,
    descriptors: Int,
    heartbeat: Heartbeat? = nil,
    meter: CopyMeter? = nil
  ) {
    self.heartbeat = heartbeat
    self.meter = meter
    self.plan = plan
    self.filters = filters
    self.sink = sink
    wants = sink.wants
    self.creationMask = creationMask
    self.descriptors = descriptors
  }

  /// What the operands lie on.
  ///
  /// A dry run copies nothing; only who asks for reasons gets the better ones.
  func locations(
    sources: [(path: FilePath, metadata: EntryMetadata)],
    target: EntryMetadata?
  ) -> [StorageLocation] {
    let locations = StorageLocation.all(
      sources: sources,
      target: target.map { (plan.target, $0) },
      mounts: mounts,
      wanted: (plan.options.transfer.sourceProfile, plan.options.transfer.targetProfile),
      probes: !plan.options.isDryRun || wants.contains(.explanations)
    )
    heartbeat?.watch(locations)
    return locations
  }

  /// Tells an event before there is a run.
  func tell(_ event: RunEvent) {
    if wants.contains(event.kind) { sink.receive(event) }
  }

  /// Makes a run beside another, that has the same limits and gates and another sink.
  func context(beside run: RunContext, _ sink: any EventSink) -> RunContext {
    RunContext(
      options: run.options,
      creationMask: creationMask,
      mounts: mounts,
      disks: run.disks,
      limits: run.limits,
      filters: run.filters,
      target: RunTarget(
        root: run.targetRoot,
        nearest: run.nearestTarget,
        backups: run.backups,
        deletions: run.deletions
      ),
      targetTimes: TargetTimes(mayMakeNames: false),
      heartbeat: heartbeat,
      sink: (sink, sink.wants)
    )
  }

  /// Makes a run beside another, that only looks: with one worker, gates of its own, and nobody who
  /// is told anything.
  func context(scanning run: RunContext, descriptors: Int) -> RunContext {
    var options = run.options
    options.deletion = DeletionOptions()
    options.publish.checksRoom = false
    options.transfer.jobs = 1
    options.transfer.memoryBytes = ProcessFacts.pageBytes
    return RunContext(
      options: options,
      creationMask: creationMask,
      mounts: mounts,
      disks: run.disks,
      limits: RunLimits(options.transfer, disks: run.disks, descriptors: descriptors),
      filters: filters,
      target: RunTarget(root: run.targetRoot, nearest: run.nearestTarget, basis: run.basis),
      targetTimes: TargetTimes(mayMakeNames: false),
      sink: (SilentSink(), [])
    )
  }

  /// Settles how the run is divided.
  func context(
    _ disks: DiskTraits,
    jobs: Int? = nil,
    target: RunTarget = RunTarget()
  ) -> RunContext {
    var options = plan.options.transfer
    options.jobs = jobs ?? options.jobs
    return RunContext(
      options: plan.options,
      creationMask: creationMask,
      mounts: mounts,
      disks: disks,
      limits: RunLimits(
        options,
        disks: disks,
        descriptors: descriptors,
        memory: .ofProcess()
      ),
      filters: filters,
      target: target,
      targetTimes: TargetTimes(mayMakeNames: !plan.options.isDryRun),
      heartbeat: heartbeat,
      meter: meter,
      sink: (sink, wants)
    )
  }
}

/// Wants to be told nothing.
struct SilentSink: EventSink {
  var wants: RunEvent.Kinds { [] }
  func receive(_ event: RunEvent) {}
}

extension StallWatch {
  /// Makes a watch of the disks of a run, which tells of them.
  convenience init(_ locations: [StorageLocation], for run: RunContext) {
    self.init(locations) { run.tell(.warning(.stall($0))) }
  }
}
