// SPDX-License-Identifier: Apache-2.0

internal import Kernel

extension EntryDecision.Action {
  /// Whether it is about what a tree beside the target has.
  var usesBasis: Bool { self == .linkToBasis || self == .copyFromBasis || self == .leaveToBasis }
}

// Trees beside the target (--link-dest, --copy-dest, --compare-dest).
extension EntryDecider {
  /// How much a tree beside the target has of an entry, or what has to be known to tell.
  enum Match {
    case needs(EntryQuestion)
    case level(BasisLevel)
  }

  /// Compares an entry with what such a tree has of its name.
  ///
  /// - Parameter facts: What is known of the entry, with the tree in the target's place.
  /// - Returns: How much the tree has, or what has to be known first.
  func match(_ facts: EntryFacts) -> Match {
    let kind = facts.source.kind
    guard let found = facts.target, found.kind == kind else { return .level(.kind) }
    if needsLinkContents(facts, kind) { return .needs(.linkContents) }
    let comparesFile = kind == .file && rules.comparison.comparesContents
    if comparesFile && facts.contentsAreEqual == nil && found.size == facts.source.size {
      return .needs(.contents)
    }
    guard hasContents(facts, found, kind) else { return .level(.kind) }
    guard !asksForAttributes(facts, kind) else { return .needs(.attributes) }
    return .level(metadataChange(facts, found).isEmpty ? .exact : .contents)
  }

  /// What rsync itemizes of an entry that is made, with a tree in the target's place.
  ///
  /// - Returns: `nil` where attributes have to be compared first.
  func basisChange(_ facts: EntryFacts) -> EntryChange? {
    guard let found = facts.target, itemizes else { return [] }
    guard !asksForAttributes(facts, facts.source.kind) else { return nil }
    var change = metadataChange(facts, found)
    if facts.source.kind == .file && found.size != facts.source.size { change.insert(.size) }
    return change.union(timeOfCopy(facts.source.kind))
  }

  /// Whether it counts what such trees have of an entry.
  func asksBasis(_ facts: EntryFacts, _ use: BasisOptions.Use) -> Bool {
    guard let target = facts.target else { return true }
    switch facts.source.kind {
    // rsync removes another kind first, and what is equal elsewhere.
    case .file: return target.kind != .file || use != .copy
    case .directory: return target.kind != .directory
    case .symbolicLink, .device, .special: return false
    }
  }

  /// Decides by what such a tree has.
  ///
  /// - Returns: `nil` where that changes nothing.
  func decide(
    _ found: BasisFacts,
    _ facts: EntryFacts,
    _ use: BasisOptions.Use
  ) -> EntryDecision? {
    let kind = facts.source.kind
    guard let level = found.level else { return nil }
    let isThere = kind == .file && facts.target?.kind == .file
    switch (level, use) {
    case (.exact, .link):
      if let target = facts.target, target.identity == found.entry?.metadata.identity {
        return nil
      }
      return EntryDecision(.linkToBasis, .linkedToBasis)
    case (.exact, .compare): return EntryDecision(.leaveToBasis)
    case _ where isThere: return nil
    case (.exact, .copy):
      guard kind == .file else { return EntryDecision(.create, [.contents, .copiedFromBasis]) }
      return EntryDecision(.copyFromBasis, timeOfCopy(kind).union([.contents, .copiedFromBasis]))
    case (.contents, _) where kind == .file:
      return EntryDecision(.copyFromBasis, found.change.union([.contents, .copiedFromBasis]))
    case (.contents, _), (.kind, _):
      let isReplaced = facts.target != nil && facts.target?.kind != .directory
      let change = found.change.union(kind == .file ? .contents : [.contents, .value])
      return EntryDecision(isReplaced ? .replace : .create, change)
    }
  }

  /// What is itemized where the time of an entry is not carried over.
  func timeOfCopy(_ kind: EntryKind) -> EntryChange {
    if policy.carriesTime(of: kind) { return [] }
    return preservation.contains(.times) ? .time : .timeOfCopy
  }

  /// What changes of a further name that nothing has at the target, by what such a tree has.
  ///
  /// Whether that is the very inode only shows when it is linked.
  func linkChange(_ found: BasisFacts, _ facts: EntryFacts) -> EntryChange {
    guard basis != .link, facts.source.kind == .file, let level = found.level, level > .kind else {
      return [.contents, .isNew]
    }
    return found.change.union(.contents)
  }

  /// What changes of a directory that is made, by what such a tree has.
  func directoryChange(_ found: BasisFacts) -> EntryChange {
    switch found.level {
    case nil: [.contents, .isNew]
    case .exact: [.contents, .copiedFromBasis]
    case .kind, .contents: found.change.union(.contents)
    }
  }
}
