// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Looks names up on all sides, decides what to do with each, and has it done.
struct EntryVisitor<Work: Executor & ~Copyable>: ~Copyable {
  /// What is left to be done by the walk.
  enum Visit {
    case done
    /// A directory is to be read.
    case directory(CopyDirectory)
    /// Directories of several sources are to be read.
    case merged(MergedDirectory)
    /// The entry is a file to be copied, in the walk's order.
    case file
  }

  let run: RunContext
  let opener: DirectoryOpener
  private let decider: EntryDecider
  private let basisFinder: BasisFinder
  let merger: SourceMerger
  let finder: EntryFinder
  let filter: SourceFilter
  private var linker: HardLinker
  private let similarNames: SimilarNames
  var executor: Work
  private var own = CopyReport()

  init(
    _ run: RunContext,
    _ opener: DirectoryOpener,
    _ hardLinks: HardLinkTable<LinkName>,
    _ similarNames: SimilarNames,
    _ executor: consuming Work
  ) {
    self.run = run
    self.opener = opener
    decider = EntryDecider(
      rules: run.options.rules,
      policy: MetadataPolicy(run),
      itemizes: run.wants(.entries),
      basis: run.options.basis?.use,
      inPlace: run.options.publish.inPlace,
      writesDevices: run.options.publish.writesDevices
    )
    basisFinder = BasisFinder(run: run, decider: decider)
    merger = SourceMerger(run: run, opener: opener)
    finder = EntryFinder(run: run)
    filter = SourceFilter(run: run)
    linker = HardLinker(run, hardLinks)
    self.similarNames = similarNames
    self.executor = executor
  }

  var counts: CopyReport {
    var counts = executor.counts
    counts.add(own)
    counts.deletions += executor.remover.counts
    return counts
  }

  /// Decides what to do with an entry, and does it but for what the walk has to do.
  mutating func visit(_ entry: inout FoundEntry) -> Visit {
    own.entriesVisited += 1
    run.heartbeat?.beat()
    if entry.metadata.kind != .directory {
      entry.directory.retainEntry()
      own.noteListed(entry.metadata)
    }
    if !entry.directory.isMerged { entry.facts.isInEarlierSource = false }
    if finder.knowsRareFacts { finder.noteRareFacts(&entry) }
    if entry.metadata.identity == run.targetRoot {
      entry.facts.isTargetRoot = isEntered(entry)
    }
    return decide(&entry)
  }

  /// Counts a directory that is entered.
  mutating func noteEntered(_ metadata: EntryMetadata) { own.noteListed(metadata) }

  /// Decides what to do with an entry that was visited before, and does it.
  mutating func decide(_ entry: inout FoundEntry) -> Visit {
    var published: LinkName?
    var attributes = AttributeDelta()
    while true {
      switch decider.decide(entry.facts) {
      case .needs(.earlierSource):
        do {
          entry.facts.isInEarlierSource = try merger.isTaken(entry)
        } catch {
          run.fail(error, at: FailedPlace(entry))
          complete(entry.directory)
          return .done
        }
      case .needs(.attributes):
        attributes = executor.compareAttributes(entry)
        entry.facts.differingAttributes = attributes.summary
      case .needs(.linkContents): entry.facts.linkContentsAreEqual = entry.linkContentsAreEqual(run)
      case .needs(.contents): entry.facts.contentsAreEqual = executor.contentsAreEqual(entry)
      case .needs(.basis): basisFinder.find(&entry, &executor)
      case .needs(.firstName):
        switch linker.claim(entry) {
        case .copy: entry.facts.firstName = .this
        case .wait: entry.facts.firstName = .underWay
        case .link(let name):
          entry.facts.firstName = .other
          published = name
        }
      case .decided(let decision):
        entry.change = decision.change
        entry.takesBasis = decision.action.usesBasis
        switch decision.action {
        case .repair: repair(entry, attributes)
        case .keep: keep(entry, attributes)
        default: return carryOut(decision.action, entry, published)
        }
        return .done
      }
    }
  }

  private mutating func carryOut(
    _ action: EntryDecision.Action,
    _ entry: FoundEntry,
    _ published: LinkName?
  ) -> Visit {
    switch action {
    case .enter(let isMade):
      return enter(entry, isMade: isMade)
    case .skip(let reason):
      skip(entry, reason)
    case .create, .replace:
      if entry.metadata.kind == .file { return copied(entry) }
      let isSent = entry.metadata.kind == .symbolicLink
      finish(entry, isThere: executor.make(entry), isSent: isSent)
    case .linkToBasis: return linkToBasis(entry)
    case .copyFromBasis: return copied(entry)
    case .leaveToBasis:
      executor.leaveToBasis(entry)
      finish(entry, isThere: false, isSent: false)
    case .link(let hasContents):
      if let published { link(entry, to: published, hasContents: hasContents) }
    case .awaitFirstName, .keep, .repair:
      // Who copies the first name makes the link, and lets go of the directory.
      break
    }
    return .done
  }

  /// Leaves a file to be copied.
  func copied(_ entry: FoundEntry) -> Visit {
    run.meter?.noteFound(entry.metadata.size)
    return .file
  }

  private mutating func keep(_ entry: FoundEntry, _ attributes: AttributeDelta) {
    executor.keep(entry, without: attributes.foreignCount)
    finish(entry, isThere: true, isSent: false)
  }

  private mutating func repair(_ entry: FoundEntry, _ attributes: AttributeDelta) {
    guard let target = entry.existing else { return }
    let inode = InodeDelta(of: entry.metadata, at: .entry(target), decider.policy)
    executor.repair(entry, MetadataDelta(inode: inode, attributes: attributes))
    finish(entry, isThere: true, isSent: false)
  }

  private mutating func skip(_ entry: FoundEntry, _ reason: EntryDecision.SkipReason) {
    let isDirectory = entry.metadata.kind == .directory
    switch reason {
    case .kind: run.tellSkipped(entry.directory, entry.name, isDirectory: isDirectory)
    case .targetRoot: run.fail(CopyError(.copyIntoItself, entry.sourcePath, nil, .entry))
    case .sameInode:
      own.entriesUnchanged += 1
      run.tellUnchanged(entry)
      noteThere(entry, isSent: false)
    case .notShorter:
      own.entriesUnchanged += 1
      executor.leave(entry)
      return finish(entry, isThere: false, isSent: false)
    case .earlierSource: break
    case .isNew: finder.tellSkipped(entry, .isMissing)
    case .exists:
      executor.leave(entry)
      finder.tellSkipped(entry, .exists(.unknown))
    case .isOlder: finder.tellSkipped(entry, .isNewer)
    case .isLarger: finder.tellSkipped(entry, .isOverMaxSize)
    case .isSmaller: finder.tellSkipped(entry, .isUnderMinSize)
    case .mountPoint: finder.tellSkipped(entry, .mountPoint)
    case .unsafeLink: finder.tellUnsafe(entry)
    }
    if !isDirectory { complete(entry.directory) }
  }
}

// What is done.
extension EntryVisitor where Work: ~Copyable {
  /// Ends what is done: names that wait for it are linked, or one of them is tried instead.
  mutating func takeDone() {
    while let done = executor.nextDone() { finish(done.entry, isThere: done.isThere, isSent: true) }
  }

  /// Whether names wait to be copied like first ones.
  var hasRetries: Bool { !linker.retries.isEmpty }

  /// A name whose inode could not be copied under another one, to be decided again.
  mutating func nextRetry() -> FoundEntry? {
    while let retry = linker.nextRetry() {
      guard var entry = findAgain(retry.name) else {
        linker.giveUp(retry.identity)
        complete(retry.name.directory)
        continue
      }
      entry.facts.isInEarlierSource = false
      if entry.metadata.identity == retry.identity {
        entry.facts.firstName = .this
      } else {
        // Something else has the name by now, and stands for itself.
        linker.giveUp(retry.identity)
      }
      return entry
    }
    return nil
  }

  /// Ends a name that is at the target, or could not be brought there.
  ///
  /// What was not there before is sent.
  mutating func finish(_ entry: FoundEntry, isThere: Bool, isSent: Bool) {
    if isThere { noteThere(entry, isSent: isSent) }
    for name in linker.firstNameDone(entry, isThere: isThere) {
      guard var waiting = findAgain(name) else {
        complete(name.directory)
        continue
      }
      if waiting.metadata.identity == entry.metadata.identity {
        linkWaiting(&waiting, to: entry.linkName)
      } else {
        linker.copyLater(waiting)
      }
    }
    complete(entry.directory)
  }

  /// Notes that a name is at the target, where that is all that keeps its source.
  private mutating func noteThere(_ entry: FoundEntry, isSent: Bool) {
    guard let removal = run.options.deletion.sources, removal == .synchronized || isSent else {
      return
    }
    executor.removeSource(of: entry)
  }

  /// Links a name that waited for its inode to be copied.
  private mutating func linkWaiting(_ entry: inout FoundEntry, to published: LinkName) {
    entry.facts.isInEarlierSource = false
    entry.facts.firstName = .other
    while true {
      switch decider.decide(entry.facts) {
      case .needs(.attributes):
        entry.facts.differingAttributes = executor.compareAttributes(entry).summary
      case .needs(.linkContents): entry.facts.linkContentsAreEqual = entry.linkContentsAreEqual(run)
      case .needs(.contents): entry.facts.contentsAreEqual = executor.contentsAreEqual(entry)
      case .needs(.basis): basisFinder.find(&entry, &executor)
      case .needs: return complete(entry.directory)
      case .decided(let decision):
        guard case .link(let hasContents) = decision.action else {
          return complete(entry.directory)
        }
        entry.change = decision.change
        return link(entry, to: published, hasContents: hasContents)
      }
    }
  }

  /// Makes an entry a further name, or finds that it has to be copied, which is told: not at once,
  /// since buffers of files that are just being written would be waited for.
  private mutating func link(_ entry: FoundEntry, to published: LinkName, hasContents: Bool) {
    var first = published
    while true {
      switch executor.link(entry, to: first, hasContents: hasContents) {
      case .settled:
        noteThere(entry, isSent: false)
        return complete(entry.directory)
      case .failed: return complete(entry.directory)
      case .mustCopy(let reason): return copyLater(entry, insteadOf: first, reason)
      case .isFull:
        switch linker.overflow(entry, at: first) {
        case .copy: return copyLater(entry, insteadOf: first, .tooManyLinks)
        case .wait: return
        case .link(let newer): first = newer
        }
      }
    }
  }

  private mutating func copyLater(
    _ entry: FoundEntry,
    insteadOf first: LinkName,
    _ reason: Errno
  ) {
    let path = first.directory.targetPath(first.targetName)
    run.fail(CopyError(.copyInsteadOfLink(to: path), entry.targetPath, reason, .entry))
    linker.copyLater(entry)
  }

  private func findAgain(_ name: LinkName) -> FoundEntry? {
    do {
      let sides = try opener.open(name.directory)
      return finder.find(name.name, as: name.targetName, in: name.directory, sides)
    } catch {
      run.fail(error, at: FailedPlace(nearest: name.directory))
      return nil
    }
  }

  /// Notes that one thing in a directory is done; the last one gives the directory its metadata,
  /// and may be the last of the directory above.
  mutating func complete(_ directory: CopyDirectory, isReadable: Bool = true) {
    var current = directory
    while current.releaseEntry() {
      // After a stop the tree is not complete; its metadata would say that it is.
      if !run.shouldStop {
        executor.finish(current, isReadable: isReadable || current !== directory)
      }
      similarNames.forget(current)
      opener.close(current)
      guard let next = current.parent ?? current.following else { return }
      current = next
    }
  }
}
