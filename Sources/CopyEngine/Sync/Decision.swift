// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel

/// What to do with one name, and what changes by that.
struct EntryDecision: Equatable {
  /// What to do.
  enum Action: Equatable {
    /// Nothing, for a reason.
    case skip(SkipReason)
    /// Nothing: it is as it should be.
    case keep
    /// Its metadata is made right: what differs is a `MetadataDelta`.
    case repair
    /// It is made or copied; nothing has its name, or an empty directory that is removed.
    case create
    /// It is made or copied, and put in place of what has its name.
    case replace
    /// It becomes a further name of an inode that is there, unless what has its name is one
    /// already. That is only right if it also has the contents.
    case link(hasContents: Bool)
    /// It becomes a further name of an inode as soon as that is there.
    case awaitFirstName
    /// It becomes a further name of what a tree beside the target has of it.
    case linkToBasis
    /// Its contents are copied from a tree beside the target.
    case copyFromBasis
    /// Nothing of it is at the target, since a tree beside that has it.
    case leaveToBasis
    /// It is a directory to be read, which is made first, or is there.
    case enter(isMade: Bool)
  }

  /// Why nothing is done.
  enum SkipReason: Equatable {
    /// The options do not ask for its kind.
    case kind
    /// An earlier source has something of the name.
    case earlierSource
    /// It is the target of the run.
    case targetRoot
    /// The name at the target is one of the source's inode.
    case sameInode
    /// It is a link that leads out of what is copied.
    case unsafeLink
    /// Something is mounted there.
    case mountPoint
    /// Nothing has the name at the target, and only what is there is wanted.
    case isNew
    /// Something has the name at the target, and is to be left as it is.
    case exists
    /// The file at the target is newer.
    case isOlder
    /// It is larger than is wanted.
    case isLarger
    /// It is smaller than is wanted.
    case isSmaller
    /// What is at the target is not shorter, and would only get more.
    case notShorter
  }

  let action: Action
  let change: EntryChange

  init(_ action: Action, _ change: EntryChange = []) {
    self.action = action
    self.change = change
  }
}

/// What has to be found out before it can be decided.
enum EntryQuestion: Equatable {
  case earlierSource, firstName, linkContents, contents, attributes, basis
}

/// Decides, without asking anybody, what to do with a name; a table tests it, and `rsync -n -i`.
struct EntryDecider {
  /// What came of the facts.
  enum Result: Equatable {
    case decided(EntryDecision)
    /// Something more has to be known.
    case needs(EntryQuestion)
  }

  let rules: SyncRules
  let policy: MetadataPolicy
  /// Whether the itemized letters of what is replaced are wanted in full.
  let itemizes: Bool
  /// What trees beside the target are used for, where there are any.
  var basis: BasisOptions.Use?
  /// Whether files are written where they are.
  var inPlace: InPlaceMode?
  /// Whether what a file has is written to a device of its name.
  var writesDevices = false

  var preservation: Preservation { policy.preservation }

  /// Decides, or says what it has to know.
  @inline(__always)
  func decide(_ facts: EntryFacts) -> Result {
    let kind = facts.source.kind
    if kind == .directory { return decideDirectory(facts) }
    guard let isInEarlierSource = facts.isInEarlierSource else { return .needs(.earlierSource) }
    if isInEarlierSource { return .decided(EntryDecision(.skip(.earlierSource))) }
    if let reason = stateReason(facts) { return .decided(EntryDecision(.skip(reason))) }
    guard isWanted(kind) else { return .decided(EntryDecision(.skip(.kind))) }
    guard !facts.isUnsafeLink else { return .decided(EntryDecision(.skip(.unsafeLink))) }
    guard facts.target?.identity != facts.source.identity else {
      // The target is another name of the source itself: it cannot be more equal.
      return .decided(EntryDecision(.skip(.sameInode)))
    }
    if preservation.contains(.hardLinks) && facts.source.links > 1 && facts.firstName == nil {
      return .needs(.firstName)
    }
    switch facts.firstName {
    case .underWay: return .decided(EntryDecision(.awaitFirstName))
    case .other: return decideLink(facts, kind)
    case .this, nil: return decideContents(facts, kind)
    }
  }

  @inline(__always)
  private func stateReason(_ facts: EntryFacts) -> EntryDecision.SkipReason? {
    guard let state = rules.state else { return nil }
    return state.reason(facts, rules.comparison.window)
  }

  private func isWanted(_ kind: EntryKind) -> Bool {
    switch kind {
    case .symbolicLink: preservation.contains(.symbolicLinks)
    case .device: preservation.contains(.devices)
    case .special: preservation.contains(.specials)
    case .file, .directory: true
    }
  }

  /// Why a directory is left out, if it is.
  private func reasonToSkip(_ facts: EntryFacts) -> EntryDecision.SkipReason? {
    guard rules.takesDirectories || facts.isImplied else { return .kind }
    if facts.isLeftOutMount { return .mountPoint }
    return stateReason(facts) ?? (facts.isTargetRoot ? .targetRoot : nil)
  }

  private func decideDirectory(_ facts: EntryFacts) -> Result {
    if let reason = reasonToSkip(facts) { return .decided(EntryDecision(.skip(reason))) }
    guard facts.target?.kind == .directory else {
      guard basis != nil else {
        return .decided(EntryDecision(.enter(isMade: true), [.contents, .isNew]))
      }
      guard let found = facts.basis else { return .needs(.basis) }
      return .decided(EntryDecision(.enter(isMade: true), directoryChange(found)))
    }
    // What is in it may change its times, so that its metadata is compared when it is done.
    return .decided(EntryDecision(.enter(isMade: false)))
  }

  private func decideLink(_ facts: EntryFacts, _ kind: EntryKind) -> Result {
    if needsLinkContents(facts, kind) { return .needs(.linkContents) }
    if basis != nil && facts.target == nil {
      guard let found = facts.basis else { return .needs(.basis) }
      return .decided(EntryDecision(.link(hasContents: false), linkChange(found, facts)))
    }
    if needsContents(facts, kind) { return .needs(.contents) }
    // Both are one inode at the source, so that what is right for the one is right for the other.
    let hasContents = facts.target.map { $0.kind == kind && isUpToDate(facts, $0, kind) }
    return compare(facts) { EntryDecision(.link(hasContents: hasContents ?? false), $0) }
  }

  @inline(__always)
  private func decideContents(_ facts: EntryFacts, _ kind: EntryKind) -> Result {
    if let basis, asksBasis(facts, basis) {
      guard let found = facts.basis else { return .needs(.basis) }
      if let decision = decide(found, facts, basis) { return .decided(decision) }
    }
    if writesDevices && kind == .file && facts.target?.kind == .device {
      return compare(facts) { EntryDecision(.replace, $0) }
    }
    guard let target = facts.target, target.kind == kind else {
      let isReplaced = facts.target != nil && facts.target?.kind != .directory
      let action = isReplaced ? EntryDecision.Action.replace : .create
      return .decided(EntryDecision(action, [.contents, .isNew]))
    }
    if needsLinkContents(facts, kind) { return .needs(.linkContents) }
    if needsContents(facts, kind) { return .needs(.contents) }
    guard isUpToDate(facts, target, kind) else {
      if inPlace?.appends == true, kind == .file, target.size >= facts.source.size {
        return .decided(EntryDecision(.skip(.notShorter)))
      }
      return compare(facts) { EntryDecision(.replace, $0.union(valueChange(kind))) }
    }
    guard !asksForAttributes(facts, kind) else { return .needs(.attributes) }
    let inode = InodeDelta(of: facts.source, at: .entry(target), policy)
    let change = inode.change(with: facts.differingAttributes ?? AttributeDelta.Summary())
    return .decided(EntryDecision(change.isEmpty && inode.isEmpty ? .keep : .repair, change))
  }

  func needsLinkContents(_ facts: EntryFacts, _ kind: EntryKind) -> Bool {
    kind == .symbolicLink && facts.linkContentsAreEqual == nil
      && facts.target?.kind == .symbolicLink
  }

  @inline(__always)
  private func needsContents(_ facts: EntryFacts, _ kind: EntryKind) -> Bool {
    guard rules.comparison.comparesContents, kind == .file, let target = facts.target else {
      return false
    }
    return facts.contentsAreEqual == nil && target.kind == .file
      && target.size == facts.source.size && !needsOwnInode(facts.source, target)
  }

  /// Whether the target has the contents of an entry that is no directory; its metadata may differ.
  @inline(__always)
  private func isUpToDate(
    _ facts: EntryFacts,
    _ target: EntryMetadata,
    _ kind: EntryKind
  ) -> Bool {
    hasContents(facts, target, kind) && !(kind == .file && needsOwnInode(facts.source, target))
  }

  /// The same, whatever other names the target has.
  @inline(__always)
  func hasContents(_ facts: EntryFacts, _ target: EntryMetadata, _ kind: EntryKind) -> Bool {
    switch kind {
    case .file:
      target.size == facts.source.size
        && hasSameContents(facts, target)
    case .symbolicLink: facts.linkContentsAreEqual == true
    case .device, .special: target.isSameNode(as: facts.source)
    case .directory: true
    }
  }

  /// Whether a file of the same size is taken for equal.
  @inline(__always)
  private func hasSameContents(_ facts: EntryFacts, _ target: EntryMetadata) -> Bool {
    let comparison = rules.comparison
    if comparison.comparesContents { return facts.contentsAreEqual == true }
    if comparison.isBySizeAlone { return true }
    return !comparison.ignoresTimes
      && comparison.window.areEqual(target.modificationTime, facts.source.modificationTime)
  }

  /// Whether the target shares its inode with a name that the source does not share it with, and
  /// the two would not agree on the metadata: then no run could satisfy both.
  private func needsOwnInode(_ wanted: EntryMetadata, _ target: EntryMetadata) -> Bool {
    guard preservation.contains(.hardLinks), target.links > wanted.links else { return false }
    return preservation.contains(.permissions) && target.permissions != wanted.permissions
      || preservation.contains(.owner) && target.owner != wanted.owner
      || preservation.contains(.group) && target.group != wanted.group
  }

  /// The letter for what differs beside size and metadata; of a file rsync tells it when it has
  /// compared contents.
  private func valueChange(_ kind: EntryKind) -> EntryChange {
    kind == .file && !rules.comparison.comparesContents ? [] : .value
  }

  /// Itemizes what is replaced, or linked; attributes only where that is wanted, since a new inode
  /// gets all of them anyway.
  ///
  /// rsync compares a name that is linked with whatever has its name, even of another kind.
  private func compare(
    _ facts: EntryFacts,
    _ body: (EntryChange) -> EntryDecision
  ) -> Result {
    guard let target = facts.target else { return .decided(body([.contents, .isNew])) }
    guard itemizes else { return .decided(body(.contents)) }
    guard !asksForAttributes(facts, facts.source.kind) else { return .needs(.attributes) }
    var change = metadataChange(facts, target).union(.contents)
    if facts.source.kind == .file && target.size != facts.source.size { change.insert(.size) }
    change.formUnion(timeOfCopy(facts.source.kind))
    return .decided(body(change))
  }

  @inline(__always)
  func asksForAttributes(_ facts: EntryFacts, _ kind: EntryKind) -> Bool {
    facts.differingAttributes == nil && !policy.attributeClasses(of: kind).isEmpty
  }

  @inline(__always)
  func metadataChange(_ facts: EntryFacts, _ target: EntryMetadata) -> EntryChange {
    InodeDelta(of: facts.source, at: .entry(target), policy)
      .change(with: facts.differingAttributes ?? AttributeDelta.Summary())
  }
}
