// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage
internal import Synchronization
internal import SystemPackage

/// What a run was asked for and found out before it began, its events, and whether it has to stop;
/// all of its threads share it.
final class RunContext: Sendable {
  let options: CopyOptions
  /// What is carried over, less what an ordinary user is not expected to.
  let preservation: Preservation
  let isPrivileged: Bool
  /// What the metadata of the source is taken for.
  let wanted: WantedMetadata
  /// The umask: bits removed from new entries when permissions are not preserved.
  let creationMask: UInt32
  let mounts: MountTable
  let disks: DiskTraits
  let limits: RunLimits
  /// The target directory: to descend into it, through a bind mount, would never end.
  let targetRoot: InodeIdentity?
  /// The target directory, or where a dry run would make it the one above.
  let nearestTarget: EntryMetadata?
  /// What its filesystem gives out at a time, in bytes; 1 where nobody wants to know.
  let targetBlockBytes: UInt64
  /// Whether this run makes the target directory.
  let targetIsNew: Bool
  let targetTimes: TargetTimes
  /// Where backups go, if not beside what they are of.
  let backups: BackupRoot?
  /// The trees that the target is compared with.
  let basis: [BasisDirectory]
  /// Where temporary names are made, if not beside what they are of.
  let temporaries: OpenDirectory?
  let deletions: DeletionGate
  /// The filter rules of the command line, if there are any.
  let filters: FilterList?
  /// Who is told that the run goes on, if anybody wants to know.
  let heartbeat: Heartbeat?
  /// Where is counted how far the run has come, if anybody wants to know.
  let meter: CopyMeter?
  let space = SpaceGuard()
  let foreignAttributes = ForeignAttributes()
  let givenUp: GivenUp
  private let probe: LivenessProbe?
  let sink: any EventSink
  private let kinds: RunEvent.Kinds
  private let isStopping = Atomic<Bool>(false)

  private struct State {
    var stop: CopyReport.Stop?
    var isFull = false
    /// Whether everything was visited, so that nothing can be interrupted any more.
    var isComplete = false
    var failureToStart: CopyError?
    /// Whether the target took no more of something, though the run went on.
    var wasFull = false
    /// Whether the target failed to write something.
    var targetHasFailed = false
    var failures = 0
    var vanished = 0
    var explained: [Explanation] = []
    var hasNotedMissingThreads = false
    var hasNotedMissingRing = false
    var onStop: [@Sendable () -> Void] = []
  }
  private let state = Lock(State())

  init(
    options: CopyOptions,
    creationMask: UInt32,
    mounts: MountTable,
    disks: DiskTraits,
    limits: RunLimits,
    filters: FilterList? = nil,
    target: RunTarget = RunTarget(),
    targetTimes: TargetTimes = TargetTimes(mayMakeNames: false),
    heartbeat: Heartbeat? = nil,
    meter: CopyMeter? = nil,
    sink: (any EventSink, wants: RunEvent.Kinds)
  ) {
    self.heartbeat = heartbeat
    self.meter = meter
    self.options = options
    self.creationMask = creationMask
    self.mounts = mounts
    self.disks = disks
    self.limits = limits
    self.filters = filters
    (self.sink, kinds) = sink
    self.targetTimes = targetTimes
    deletions = target.deletions ?? DeletionGate(options.deletion)
    probe = target.probe
    givenUp = GivenUp(target.operands, mounts: mounts)
    targetRoot = target.root
    nearestTarget = target.nearest
    targetBlockBytes = target.blockBytes
    targetIsNew = target.isNew
    backups = target.backups
    basis = target.basis
    temporaries = target.temporaries
    isPrivileged = ProcessFacts.isPrivileged
    wanted = WantedMetadata(options, mask: creationMask)
    preservation = options.preservation(isPrivileged: isPrivileged)
  }
}

// Stopping.
extension RunContext {
  /// Whether the workers should come to an end.
  var shouldStop: Bool { isStopping.load(ordering: .relaxed) }
  /// Why, once they should.
  var stop: CopyReport.Stop? { state.withLock { $0.stop } }
  /// What kept the run from starting.
  var failureToStart: CopyError? { state.withLock { $0.failureToStart } }

  /// Whether it is to stop since the target can take no more.
  var isFull: Bool { state.withLock { $0.isFull } }

  /// Has something done as soon as the run is stopped; at once if it is.
  func onStop(_ body: @escaping @Sendable () -> Void) {
    let isStopped = state.withLock { state in
      if state.stop == nil { state.onStop.append(body) }
      return state.stop != nil
    }
    if isStopped { body() }
  }

  /// Makes all workers end; the first reason counts.
  ///
  /// - Returns: Whether this was the first.
  @discardableResult
  func stop(_ reason: CopyReport.Stop) -> Bool {
    let waiting: [@Sendable () -> Void]? = state.withLock { state in
      guard state.stop == nil, !(state.isComplete && reason.mayComeTooLate) else { return nil }
      state.stop = reason
      defer { state.onStop = [] }
      return state.onStop
    }
    if waiting != nil { isStopping.store(true, ordering: .relaxed) }
    for body in waiting ?? [] { body() }
    return waiting != nil
  }

  /// Notes that the work is done, unless the run was stopped: who asks for a stop from now on comes
  /// too late, since all is at the target.
  ///
  /// - Returns: Whether it is done.
  func complete() -> Bool {
    state.withLock { state in
      state.isComplete = state.stop == nil
      if state.wasFull && state.isComplete { state.stop = .failure }
      return state.isComplete
    }
  }

  /// Counts and tells a file that there is no room for, while smaller ones may go on.
  ///
  /// Where that is the target's own room, the run has failed in the end. Of a part only the first
  /// file is told.
  func failForSpace(_ error: CopyError, at place: FailedPlace) {
    let limit = givenUp.limit(of: error, at: place)
    let isAll = limit.map(givenUp.isAll) ?? true
    if !isAll, let limit, space.countsAgain(limit) { return }
    state.withLock { state in
      state.wasFull = state.wasFull || isAll
      state.failures += 1
    }
    if wants(.failures) { sink.receive(.failed(isAll ? error : error.ofEntry)) }
  }

  /// Ends the run before it began.
  func failToStart(_ error: CopyError) {
    state.withLock { $0.failureToStart = $0.failureToStart ?? error }
    stop(.failure)
  }
}

// What is told, and counted.
extension RunContext {
  /// Whether anybody wants to be told of a kind of events.
  func wants(_ kind: RunEvent.Kinds) -> Bool { kinds.contains(kind) }

  /// What has failed until now.
  var failureCounts: CopyReport {
    state.withLock { state in
      var report = CopyReport()
      report.failures = state.failures
      report.vanished = state.vanished
      report.stop = state.stop
      return report
    }
  }

  /// Whether the target failed to write something.
  var targetHasFailed: Bool { state.withLock { $0.targetHasFailed } }

  /// Counts and tells a failure; if it must, it ends the run, or has what it is about given up.
  ///
  /// - Parameters:
  ///   - found: What failed.
  ///   - place: Where, to find out what it is about.
  func fail(_ found: CopyError, at place: FailedPlace? = nil) {
    if Self.isOfWriting(found) { state.withLock { $0.targetHasFailed = true } }
    if found.hidesNames { deletions.close() }
    guard let error = shouldStop ? found : judged(found, at: place) else { return countLost() }
    let isConsequence = count(error)
    if error.severity == .usage, !stop(.usage) { return }
    // The files in flight all meet a full disk; once is enough to say so.
    if error.severity == .stop {
      guard stop(.failure) else { return }
      let isFull = error.errno == .noSpace || error.errno == .diskQuotaExceeded
      state.withLock { $0.isFull = isFull }
    }
    if wants(.failures) && !isConsequence { sink.receive(.failed(error)) }
  }

  /// The same of something in an open directory; apart, so that who meets no failure is short.
  @inline(never)
  func fail(_ found: CopyError, in directory: CopyDirectory, _ sides: DirectorySides) {
    fail(found, at: FailedPlace(directory, sides))
  }

  /// Counts what was not carried over since it belongs to what was given up.
  func countLost() { state.withLock { $0.failures += 1 } }

  /// Finds out what a failure is about.
  ///
  /// - Returns: What is to be told; `nil` where it is about what was given up before.
  private func judged(_ found: CopyError, at place: FailedPlace?) -> CopyError? {
    if let place, givenUp.isKnown(found, at: place) { return nil }
    if let gone = goneOperand(after: found.errno) { return gone }
    return judgedByPlace(found, at: place)
  }

  private func judgedByPlace(_ found: CopyError, at place: FailedPlace?) -> CopyError? {
    switch place.map({ givenUp.judge(found, at: $0) }) ?? .ordinary {
    case .ordinary: found
    case .known: nil
    case .new(let error): error
    }
  }

  /// Counts a failure.
  ///
  /// - Returns: Whether it says again that a filesystem is gone, after the run was stopped for it.
  private func count(_ error: CopyError) -> Bool {
    state.withLock { state in
      if Self.isOfWriting(error) { state.targetHasFailed = true }
      if error.severity == .vanished { state.vanished += 1 } else { state.failures += 1 }
      guard state.stop == .failure, let errno = error.errno else { return false }
      return errno.mayMeanGone || errno == .readOnlyFileSystem
    }
  }

  /// Asks whether a filesystem is gone, where an errno looks like it; then that is what a file
  /// fails for.
  func goneFilesystem(after errno: Errno, at place: FailedPlace? = nil) -> CopyError? {
    if let gone = goneOperand(after: errno) { return gone }
    guard errno.mayMeanGone, !shouldStop, let place else { return nil }
    switch givenUp.judgeDead(at: place) {
    case .ordinary: return nil
    case .known: return CopyError(.reachFilesystem, place.directory.sourcePath(), errno, .entry)
    case .new(let error):
      // The file itself is about what is known by now.
      tell(.failed(error))
      return error
    }
  }

  private func goneOperand(after errno: Errno?) -> CopyError? {
    guard errno?.mayMeanGone == true, !shouldStop, let dead = probe?.firstDead() else { return nil }
    return CopyError(.reachFilesystem, dead.path, dead.errno, .stop)
  }

  /// Counts and tells a failure that shows when the workers are done; each is told, and one that
  /// stops a run counts more than an interruption.
  func failAtEnd(_ found: CopyError, at place: FailedPlace? = nil) {
    guard let error = judgedByPlace(found, at: place) else { return countLost() }
    let isConsequence = count(error)
    if error.severity == .stop {
      stop(.failure)
      state.withLock { $0.stop = .failure }
    }
    if wants(.failures) && !isConsequence { sink.receive(.failed(error)) }
  }

  /// Tells an event that is rare.
  func tell(_ event: RunEvent) {
    if wants(event.kind) { sink.receive(event) }
  }

  /// Says why the run goes about it as it does, if that is wanted and was not said.
  func explain(_ explanation: @autoclosure () -> Explanation) {
    guard wants(.explanations) else { return }
    let told = explanation()
    let isFirst = state.withLock { state in
      guard !state.explained.contains(told) else { return false }
      state.explained.append(told)
      return true
    }
    if isFirst { sink.receive(.explanation(told)) }
  }

  /// Says once that plain calls are used since io_uring cannot be had.
  func noteMissingRing(_ errno: Errno) {
    guard isFirst(\.hasNotedMissingRing) else { return }
    tell(.note(.noRing(errno)))
    explain(.engine(.callsWithoutRing(errno)))
  }

  /// Says once that plain calls are used since the kernel may start no thread for io_uring.
  func noteMissingRingThreads() {
    guard isFirst(\.hasNotedMissingThreads) else { return }
    tell(.note(.noRingThreads))
    explain(.engine(.callsWithoutRingThreads))
  }

  /// Whether what is at the target may not be what was written.
  ///
  /// A filesystem that becomes read-only in the middle of a run has failed to write as well.
  private static func isOfWriting(_ error: CopyError) -> Bool {
    error.operation == .write || error.operation == .sync || error.errno == .readOnlyFileSystem
  }

  private func isFirst(_ flag: any WritableKeyPath<State, Bool> & Sendable) -> Bool {
    state.withLock { state in
      defer { state[keyPath: flag] = true }
      return !state[keyPath: flag]
    }
  }
}
