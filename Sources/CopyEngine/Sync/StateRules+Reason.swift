// SPDX-License-Identifier: Apache-2.0

internal import Kernel

// What is left out, in rsync's order.
extension StateRules {
  /// Why an entry is left out, if it is.
  func reason(_ facts: EntryFacts, _ window: TimeWindow) -> EntryDecision.SkipReason? {
    let kind = facts.source.kind
    if leavesOutNew && facts.target == nil { return .isNew }
    if leavesExisting, let target = facts.target,
      kind != .directory || target.kind != .directory
    {
      return .exists
    }
    guard kind == .file else { return nil }
    if let bytesMax, facts.source.size > bytesMax { return .isLarger }
    if let bytesMin, facts.source.size < bytesMin { return .isSmaller }
    return leaves(facts, window) ? .isOlder : nil
  }

  /// Whether a file is left as it is at the target, since that is newer.
  private func leaves(_ facts: EntryFacts, _ window: TimeWindow) -> Bool {
    guard leavesNewer, let target = facts.target, target.kind == .file else { return false }
    switch window {
    case .nanoseconds: return target.modificationTime > facts.source.modificationTime
    case .seconds(let most):
      // What is only newer by the window counts as well, as in rsync.
      let source = facts.source.modificationTime.seconds
      let (age, overflow) = source.subtractingReportingOverflow(target.modificationTime.seconds)
      return overflow ? source < 0 : age < most
    }
  }
}
