// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Tells what decisions would do, and changes nothing.
struct DryExecutor: ~Copyable, IdleExecutor {
  private let run: RunContext
  private let opener: DirectoryOpener
  private let policies: AccessPolicies
  private let comparer: ContentComparer
  private var planner: FilePlanner
  private var metadata: MetadataWriter
  /// Measures what will be written, if that is to be checked.
  private let gauge: RoomGauge?
  var done: [EntryDone] = []
  private(set) var counts = CopyReport()
  let remover: TreeRemover

  init(
    _ run: RunContext,
    _ opener: DirectoryOpener,
    _ doomed: DoomedOpener,
    _ transfer: TransferState
  ) {
    self.run = run
    self.opener = opener
    remover = TreeRemover(run, doomed, isDry: true)
    policies = transfer.policies
    comparer = ContentComparer(run, transfer)
    planner = FilePlanner(run, policies)
    metadata = MetadataWriter(run)
    gauge = run.options.publish.checksRoom ? RoomGauge(run) : nil
  }

  var sweeps: Bool { run.options.deletion.sweep == .during }

  mutating func prepare(_ directory: CopyDirectory, _ sides: DirectorySides) {}

  mutating func makeDirectory(_ entry: FoundEntry) -> DirectoryOutcome {
    guard run.canReplace(entry) else { return .failed }
    counts.directoriesCreated += 1
    if let gauge { counts.growth += gauge.growthOfInode(entry) }
    if entry.change.contains(.isNew) { counts.created.directories += 1 }
    if !run.isUntold(entry) { run.tell(.directory, entry, entry.change) }
    return .isMissing
  }

  mutating func finish(_ directory: CopyDirectory, isReadable: Bool) {
    guard !directory.isMissing, !directory.isNew, let wanted = directory.metadata else { return }
    let finisher = DirectoryFinisher(run: run, opener: opener)
    do throws(CopyError) {
      guard let found = try finisher.find(directory, isReadable: isReadable) else { return }
      let wantedDelta = MetadataDelta(
        inode: InodeDelta(of: wanted, at: .entry(found.current), metadata.policy),
        attributes: metadata.compareAttributes(found.place, .directory)
      )
      let delta = metadata.foretell(wantedDelta, found.place)
      withExtendedLifetime(found) {}
      if delta.isEmpty { counts.entriesUnchanged += 1 }
      run.tell(directory, delta.change)
    } catch {
      run.fail(error, at: FailedPlace(nearest: directory))
    }
  }

  mutating func contentsAreEqual(_ entry: FoundEntry) -> Bool { comparer.areEqual(entry) }

  mutating func compareAttributes(_ entry: FoundEntry) -> AttributeDelta {
    metadata.compareAttributes(MetadataPlace(entry, at: entry.target), entry.metadata.kind)
  }

  mutating func keep(_ entry: FoundEntry, without foreign: Int) {
    counts.entriesUnchanged += 1
    noteVisited(entry)
    run.tellUnchanged(entry)
  }

  mutating func repair(_ entry: FoundEntry, _ delta: MetadataDelta) {
    noteVisited(entry)
    let delta = metadata.foretell(delta, MetadataPlace(entry, at: entry.target))
    if delta.isEmpty { counts.entriesUnchanged += 1 }
    run.tell(EntryEvent.Kind(entry), entry, delta.change)
  }

  private mutating func noteVisited(_ entry: FoundEntry) {
    guard run.wants(.explanations), entry.metadata.kind == .file, entry.metadata.size > 0 else {
      return
    }
    AccessExplanation(run: run).tellSharing(
      entry.metadata,
      with: entry.sides.targetMetadata ?? run.nearestTarget
    )
    planner.explainReading(entry)
    if let target = entry.sides.targetMetadata {
      AccessExplanation(run: run).tellWriting(to: entry.sides.target, target, policies)
    }
  }

  mutating func copy(_ entry: FoundEntry) {
    noteVisited(entry)
    guard canReplace(entry) else { return done.append(EntryDone(entry: entry, isThere: false)) }
    counts.noteCopied(entry.metadata, entry.change)
    if let gauge { counts.growth += gauge.growth(of: entry) }
    run.tell(.file, entry, entry.change)
    done.append(EntryDone(entry: entry, isThere: true))
  }

  private func canReplace(_ entry: FoundEntry) -> Bool {
    run.canReplace(entry) && remover.makeWay(for: entry)
  }

  mutating func make(_ entry: FoundEntry) -> Bool {
    guard canReplace(entry) else { return false }
    guard let kind = EntryEvent.Kind(entry) else {
      run.fail(.source(.readLink, entry.sourcePath, .noSuchFileOrDirectory))
      return false
    }
    counts.othersCreated += 1
    if entry.change.contains(.isNew) { counts.created.note(entry.metadata.kind) }
    if let gauge { counts.growth += gauge.growthOfInode(entry) }
    run.tell(kind, entry, entry.change)
    return true
  }

  mutating func link(
    _ entry: FoundEntry,
    to published: LinkName,
    hasContents: Bool
  ) -> LinkOutcome {
    if hasContents && isLinked(entry, to: published) {
      counts.entriesUnchanged += 1
      run.tellLink(entry, to: published, [])
    } else if canReplace(entry) {
      counts.hardLinksMade += 1
      if entry.change.contains(.isNew) { counts.created.note(entry.metadata.kind) }
      let isInBasis = run.options.basis?.use == .link && entry.facts.basis?.level == .exact
      run.tellLink(entry, to: published, isInBasis ? .linkedToBasis : entry.change)
    }
    return .settled
  }

  mutating func linkToBasis(_ entry: FoundEntry) -> Bool? {
    guard run.canReplace(entry) else { return nil }
    counts.hardLinksMade += 1
    run.tell(EntryEvent.Kind(entry), entry, entry.change)
    return true
  }

  mutating func leaveToBasis(_ entry: FoundEntry) {
    counts.entriesUnchanged += 1
    run.tellUnchanged(entry)
    if entry.existing != nil { _ = canReplace(entry) }
  }

  /// Whether an entry is linked already, to a name that a run would leave alone.
  private func isLinked(_ entry: FoundEntry, to published: LinkName) -> Bool {
    guard let existing = entry.existing, let sides = try? opener.open(published.directory),
      sides.target >= 0
    else { return false }
    defer { withExtendedLifetime(sides) {} }
    let first = EntryLocation(directory: sides.target, name: published.targetName)
    return (try? first.metadata().identity) == existing.identity
  }
}
