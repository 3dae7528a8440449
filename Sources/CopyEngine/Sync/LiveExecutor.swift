// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage
internal import SystemPackage
internal import Uring

/// Carries decisions out.
struct LiveExecutor<Queue: SubmissionQueue & ~Copyable>: ~Copyable, Executor {
  let run: RunContext
  let opener: DirectoryOpener
  private var copier: FileCopier<Queue>
  private let comparer: ContentComparer
  var publisher: Publisher
  /// What was done beside copying and publishing.
  var own = CopyReport()
  /// The directory that the last hard link was made to; links to one directory often come in a row.
  private var linkedDirectory: (CopyDirectory, DirectorySides)?

  init(
    _ run: RunContext,
    _ opener: DirectoryOpener,
    _ doomed: DoomedOpener,
    _ transfer: TransferState,
    _ published: PublishedState,
    queue: consuming Queue
  ) {
    self.run = run
    self.opener = opener
    copier = FileCopier(run, transfer, queue: queue)
    comparer = ContentComparer(run, transfer)
    publisher = Publisher(run, opener, TreeRemover(run, doomed, isDry: false), published)
  }

  var counts: CopyReport {
    var counts = own
    counts.add(copier.counts)
    counts.add(publisher.counts)
    return counts
  }

  var remover: TreeRemover { publisher.remover }
  var sweeps: Bool { run.options.deletion.sweep == .during }

  var isIdle: Bool { copier.isIdle }
  var awaitedBatch: UInt64? { publisher.awaitedBatch }
  var isCopying: Bool { copier.copiesUnderWay > 0 }

  mutating func turn(waits: Bool) {
    copier.beginAgain(&publisher)
    copier.turn(waits: waits, &publisher)
    publisher.hurryIfLate()
  }

  mutating func nextDone() -> EntryDone? {
    let done = publisher.nextPublished() ?? copier.nextDone()
    guard let done else { return nil }
    publisher.shared.space?.release(done.entry)
    if let meter = run.meter {
      let found = done.entry.metadata
      let end: CopyMeter.End = done.isThere ? .copied : run.shouldStop ? .givenUp : .failed
      meter.noteEnd(of: found.identity, found.size, end)
    }
    return done
  }

  mutating func flush() {
    copier.flush(&publisher)
    if run.disks.targetSeeks { publisher.settle() }
  }

  mutating func settle() { publisher.settle() }

  mutating func removeSource(of entry: FoundEntry) { publisher.removeSource(of: entry) }
  mutating func removeSources() { publisher.removeSources() }

  mutating func release(_ files: [DelayedFile]) { publisher.release(files) }

  mutating func drain() {
    copier.drain(&publisher)
    publisher.settle()
  }

  func physicalOffset(_ entry: FoundEntry) -> UInt64 {
    guard run.disks.sourceSeeks, entry.metadata.blocks > 0,
      let source = try? entry.contents.openForReading()
    else { return 0 }
    defer { withExtendedLifetime(source) {} }
    return FileCalls.firstPhysicalOffset(of: source.rawValue)
  }

  mutating func isSmall(_ entry: FoundEntry) -> Bool { copier.isSmall(entry) }
}

// Entries.
extension LiveExecutor where Queue: ~Copyable {
  mutating func contentsAreEqual(_ entry: FoundEntry) -> Bool { comparer.areEqual(entry) }

  mutating func compareAttributes(_ entry: FoundEntry) -> AttributeDelta {
    publisher.metadata.compareAttributes(
      MetadataPlace(entry, at: entry.target),
      entry.metadata.kind
    )
  }

  mutating func keep(_ entry: FoundEntry, without foreign: Int) {
    own.entriesUnchanged += 1
    publisher.metadata.count(foreign: foreign)
    noteVisited(entry)
    run.tellUnchanged(entry)
  }

  private mutating func noteVisited(_ entry: FoundEntry) {
    guard entry.metadata.kind == .file else { return }
    publisher.partials?.remove(entry.targetName, of: entry.directory, entry.sides)
    copier.planner.explainAccess(entry)
  }

  mutating func repair(_ entry: FoundEntry, _ delta: MetadataDelta) {
    noteVisited(entry)
    let change = publisher.metadata.apply(delta, MetadataPlace(entry, at: entry.target))
    if change.isEmpty { own.entriesUnchanged += 1 }
    run.tell(EntryEvent.Kind(entry), entry, change)
  }

  mutating func copy(_ entry: FoundEntry) {
    if let meter = run.meter, meter.takesName(ofSize: entry.metadata.size) {
      meter.noteCurrent(entry.directory.relativePath(entry.name))
    }
    if keepsFree(entry) && run.canReplace(entry) && keepsWhatIsOverwritten(entry) {
      copier.copy(entry, &publisher)
    } else {
      copier.end(entry)
    }
  }

  /// Puts aside what is written where it is, or makes way for it.
  private mutating func keepsWhatIsOverwritten(_ entry: FoundEntry) -> Bool {
    guard run.options.publish.inPlace != nil, let existing = entry.existing else { return true }
    let isWritten = existing.kind == .device && run.options.publish.writesDevices
    if isWritten { return true }
    let reason: BackupKeeper.Reason = existing.kind == .file ? .overwritten : .deleted
    return publisher.remover.makeWay(for: entry) && publisher.putsAside(entry, reason)
  }

  /// Whether enough stays free of the target when a file is copied.
  private mutating func keepsFree(_ entry: FoundEntry) -> Bool {
    guard let space = publisher.shared.space, let bytes = run.options.publish.minFreeBytes,
      !space.claim(entry), !copier.planner.mayReflink(entry)
    else { return true }
    let failure = CopyError(.keepFree(bytes: bytes), entry.targetPath, nil, .stop)
    run.fail(failure, at: FailedPlace(entry))
    return false
  }

  /// Makes way for what takes the place of something else, and keeps that if it is to be kept.
  ///
  /// - Returns: Whether it may be replaced; why not was told.
  mutating func makesWay(for entry: FoundEntry) -> Bool {
    run.canReplace(entry) && remover.makeWay(for: entry) && publisher.putsAside(entry)
  }

  mutating func make(_ entry: FoundEntry) -> Bool {
    let isLink = entry.metadata.kind == .symbolicLink
    let stands = run.options.metadata.isStored
    var contents = EntryName.itself
    do throws(Errno) {
      if isLink { contents = try entry.linkContents(run) }
    } catch {
      run.fail(.source(.readLink, entry.sourcePath, error), at: FailedPlace(entry))
      return false
    }
    guard makesWay(for: entry) else { return false }
    do throws(Errno) {
      try publisher.make(entry) { (place) throws(Errno) in
        if stands {
          try place.makeStandIn(isLink ? contents : nil)
        } else if isLink {
          try place.makeSymbolicLink(to: contents)
        } else {
          try place.makeNode(like: entry.metadata)
        }
      }
    } catch {
      let operation: CopyError.Operation = isLink ? .makeLink : .makeNode
      run.fail(.target(operation, entry.targetPath, error), at: FailedPlace(entry))
      return false
    }
    own.othersCreated += 1
    if entry.change.contains(.isNew) { own.created.note(entry.metadata.kind) }
    run.tell(EntryEvent.Kind(entry, linkContents: contents), entry, entry.change)
    return true
  }

  mutating func link(
    _ entry: FoundEntry,
    to published: LinkName,
    hasContents: Bool
  ) -> LinkOutcome {
    let sides: DirectorySides
    let identity: InodeIdentity
    do {
      sides = try openAgain(published.directory)
    } catch {
      // A directory that has its own permissions by now may be closed to an ordinary user.
      return .mustCopy(error.errno ?? .noSuchFileOrDirectory)
    }
    defer { withExtendedLifetime(sides) {} }
    let first = EntryLocation(directory: sides.target, name: published.targetName)
    do {
      identity = try first.metadata().identity
    } catch {
      return .mustCopy(error)
    }
    if entry.existing?.identity == identity {
      own.entriesUnchanged += 1
      run.tellLink(entry, to: published, [])
      return .settled
    }
    guard makesWay(for: entry) else { return .failed }
    do {
      try publisher.makeLink(entry, to: first)
    } catch {
      switch error {
      // The two lie on different filesystems, projects or branches of the target, or that has no
      // links (as FAT), or not to what belongs to others: the contents arrive all the same.
      case .improperLink, .notPermitted, .notSupported, .noFunction, .noSuchFileOrDirectory,
        .resourceBusy:
        return .mustCopy(error)
      case .tooManyLinks: return .isFull
      default:
        run.fail(.target(.makeLink, entry.targetPath, error), at: FailedPlace(entry))
        return .failed
      }
    }
    own.hardLinksMade += 1
    if entry.change.contains(.isNew) { own.created.note(entry.metadata.kind) }
    publisher.shared.recent.note(entry)
    let isInBasis = entry.facts.basis?.entry?.metadata.identity == identity
    run.tellLink(entry, to: published, isInBasis ? .linkedToBasis : entry.change)
    return .settled
  }

  /// The sides of a directory that may be done.
  private mutating func openAgain(_ directory: CopyDirectory) throws(CopyError) -> DirectorySides {
    if let (known, sides) = linkedDirectory, known === directory { return sides }
    let sides = try opener.open(directory)
    linkedDirectory = (directory, sides)
    return sides
  }
}
