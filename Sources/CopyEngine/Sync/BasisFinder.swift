// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Finds what trees beside the target have of an entry.
struct BasisFinder {
  let run: RunContext
  let decider: EntryDecider

  /// Finds what such a tree has of an entry: of those that have most of it the first.
  func find<Work: Executor & ~Copyable>(
    _ entry: inout FoundEntry,
    _ executor: inout Work
  ) {
    var best: (level: BasisLevel, candidate: FoundEntry, sides: BasisSides)?
    for basis in entry.sides.basis {
      guard var candidate = candidate(of: entry, in: basis) else { continue }
      let level = level(of: &candidate, &executor)
      guard best.map({ $0.level < level }) ?? true else { continue }
      best = (level, candidate, basis)
      if level == .exact { break }
    }
    guard var best, let metadata = best.candidate.existing else {
      entry.facts.basis = BasisFacts(level: nil)
      return
    }
    let change = best.level == .exact ? [] : change(of: &best.candidate, &executor)
    entry.facts.basis = BasisFacts(
      level: best.level,
      change: change,
      entry: BasisEntry(sides: best.sides, metadata: metadata)
    )
  }

  /// What a tree has of an entry (`statx`), in the target's place; `nil` where it has nothing of
  /// its kind, or that cannot be told.
  private func candidate(of entry: FoundEntry, in basis: BasisSides) -> FoundEntry? {
    let place = EntryLocation(directory: basis.sides.target, name: entry.targetName)
    guard let present = try? place.metadataIfPresent(),
      var found = try? run.options.metadata.taken(present, at: place),
      found.kind == entry.metadata.kind
    else { return nil }
    if found.modificationTime != entry.metadata.modificationTime {
      found = run.targetTimes.asHeld(found, like: entry.metadata, in: entry.sides)
    }
    return FoundEntry(
      directory: entry.directory,
      sides: basis.sides,
      name: entry.name,
      targetName: entry.targetName,
      facts: EntryFacts(source: entry.metadata, target: found)
    )
  }

  private func level<Work: Executor & ~Copyable>(
    of candidate: inout FoundEntry,
    _ executor: inout Work
  ) -> BasisLevel {
    while true {
      switch decider.match(candidate.facts) {
      case .level(let level): return level
      case .needs(let question): answer(question, of: &candidate, &executor)
      }
    }
  }

  private func answer<Work: Executor & ~Copyable>(
    _ question: EntryQuestion,
    of candidate: inout FoundEntry,
    _ executor: inout Work
  ) {
    switch question {
    case .linkContents:
      candidate.facts.linkContentsAreEqual = candidate.linkContentsAreEqual(run)
    case .contents: candidate.facts.contentsAreEqual = executor.contentsAreEqual(candidate)
    case .attributes: compareAttributes(of: &candidate, &executor)
    case .earlierSource, .firstName, .basis:
      preconditionFailure("a question that is not about contents")
    }
  }

  private func compareAttributes<Work: Executor & ~Copyable>(
    of candidate: inout FoundEntry,
    _ executor: inout Work
  ) {
    candidate.facts.differingAttributes = executor.compareAttributes(candidate).summary
  }

  private func change<Work: Executor & ~Copyable>(
    of candidate: inout FoundEntry,
    _ executor: inout Work
  ) -> EntryChange {
    if let change = decider.basisChange(candidate.facts) { return change }
    compareAttributes(of: &candidate, &executor)
    return decider.basisChange(candidate.facts) ?? []
  }
}
