// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Glibc
import SystemPackage

/// What a run promises whatever goes wrong, and what of it was broken.
struct FaultPromise {
  let scenario: FaultScenario
  let trees: FaultTrees
  let before: TreeState
  let expected: TreeState
  /// A source that gives what it has where the first one cannot be read.
  let other: TreeState?
  private(set) var complaints: [String] = []

  init(
    _ scenario: FaultScenario,
    trees: FaultTrees,
    before: TreeState,
    expected: TreeState,
    other: TreeState?
  ) {
    self.scenario = scenario
    self.trees = trees
    self.before = before
    self.expected = expected
    self.other = other
  }

  /// Looks at what a run under faults has left, and said.
  mutating func check(_ outcome: FaultyOutcome, _ calls: FaultyCalls, _ after: TreeState) {
    // What cannot be removed stays until the next run.
    let cannotRemove = calls.met.contains { ["unlink", "rmdir"].contains(Fault.name($0.call)) }
    // What cannot be read back after an error of the target is removed, and told.
    let removed = outcome.failures.filter { $0.operation == .keepData }
    checkNames(after, mayLeaveTemporaries: cannotRemove, removed)
    let different = differences(after).filter { !isExcused($0, calls) }
    if outcome.exitCode == 0 {
      complaints += different.map { "exit 0, but \($0.path): \($0.what)" }
    } else {
      checkFailures(outcome, calls)
      if !outcome.isStopped {
        for (path, what) in different where !isTold(path, outcome.failures) {
          complaints.append("not told: \(path): \(what)")
        }
      }
    }
    if calls.descriptors != 0 {
      complaints.append("\(calls.descriptors) descriptors are left open")
    }
    let isSynced = calls.count(of: "syncfs") > 0 || scenario.options.publish.durability == .none
    if outcome.exitCode == 0 && !isSynced { complaints.append("exit 0, but nothing was synced") }
    let syncFailed = calls.met.contains { Fault.name($0.call) == "syncfs" && $0.errno != nil }
    if syncFailed && outcome.exitCode == 0 { complaints.append("exit 0, but syncfs failed") }
  }

  /// Looks at what a run without faults has left after one that had some.
  mutating func checkRepeated(_ outcome: FaultyOutcome, _ after: TreeState) {
    let earlier = complaints
    complaints = []
    checkUndisturbed(outcome, after)
    complaints = earlier + complaints.map { "run again: \($0)" }
  }

  /// Looks at what a run without faults has left and said.
  mutating func checkUndisturbed(_ outcome: FaultyOutcome, _ after: TreeState) {
    for failure in outcome.failures { complaints.append("\(failure)") }
    if outcome.exitCode != 0 { complaints.append("exit \(outcome.exitCode)") }
    checkNames(after, mayLeaveTemporaries: false)
    complaints += differences(after).map { "\($0.path): \($0.what)" }
  }

  /// Every name is old or new, whole, and there is no other.
  private mutating func checkNames(
    _ after: TreeState,
    mayLeaveTemporaries: Bool,
    _ removed: [CopyError] = []
  ) {
    for path in Set(before.entries.keys).union(after.entries.keys) {
      let (old, new) = (before.entries[path], expected.entries[path])
      guard let found = after.entries[path] else {
        // A directory and something else cannot change places in one step.
        let isCleared = old?.isDirectory != new?.isDirectory && new != nil
        if !isCleared && !isTold(path, removed) { complaints.append("\(path) is lost") }
        continue
      }
      let isOld = old.map { $0.kind.isSame(as: found.kind) } ?? false
      let isNew = [new, other?.entries[path]].contains { $0?.kind.isSame(as: found.kind) ?? false }
      let isTarget = path.isEmpty || scenario.operands == .directory && path == "source"
      if isOld || isNew || isTarget && found.isDirectory { continue }
      if old == nil && new == nil && mayLeaveTemporaries && Self.isTemporary(path) { continue }
      complaints.append("\(path) is neither old nor new")
    }
  }

  static func isTemporary(_ path: String) -> Bool {
    let parts = (path.split(separator: "/").last ?? "").split(separator: ".")
    return path.split(separator: "/").last?.first == "."
      && parts.last?.hasPrefix("fastsync-") == true
  }

  /// What is not as it should be after a run that left nothing out.
  private func differences(_ after: TreeState) -> [(path: String, what: String)] {
    var different: [(path: String, what: String)] = []
    let preserved = scenario.options.preservation
    var inodes: [UInt: UInt] = [:]
    for (path, wanted) in expected.entries {
      guard let found = after.entries[path] else {
        different.append((path, "is missing"))
        continue
      }
      if let what = difference(wanted, found, preserved) { different.append((path, what)) }
      guard preserved.contains(.hardLinks), !found.isDirectory else { continue }
      let first = inodes[wanted.inode] ?? found.inode
      inodes[wanted.inode] = first
      if first != found.inode { different.append((path, Self.noHardLink)) }
    }
    for (path, old) in before.entries where expected.entries[path] == nil {
      guard let found = after.entries[path], found.kind.isSame(as: old.kind) else {
        different.append((path, "was changed, though no source has it"))
        continue
      }
    }
    return different
  }

  /// What is no fault of the run.
  private func isExcused(_ difference: (path: String, what: String), _ calls: FaultyCalls) -> Bool {
    let errors = calls.met.compactMap(\.errno)
    if difference.what == Self.noHardLink {
      return errors.contains(where: Self.preventsLinks.contains)
    }
    return other?.entries[difference.path] != nil
      && errors.contains(where: Self.saysThatItLacks.contains)
  }

  private static let noHardLink = "is no hard link"
  /// A name that cannot be linked is copied.
  private static let preventsLinks: [Errno] = [
    .improperLink, .tooManyLinks, .permissionDenied, .noSuchFileOrDirectory,
  ]
  /// What an earlier source is said not to have, or to have for others, is taken from the next.
  private static let saysThatItLacks: [Errno] = [
    .noSuchFileOrDirectory, .permissionDenied, .notDirectory, .tooManySymbolicLinkLevels,
  ]

  private func difference(
    _ wanted: EntryState,
    _ found: EntryState,
    _ preserved: Preservation
  ) -> String? {
    guard wanted.kind.isSame(as: found.kind) else { return "has other contents" }
    let isLink = if case .link = wanted.kind { true } else { false }
    if !isLink && wanted.permissions != found.permissions {
      return "has mode \(String(found.permissions, radix: 8))"
    }
    if wanted.owner != found.owner || wanted.group != found.group { return "has another owner" }
    if wanted.seconds != found.seconds || wanted.nanoseconds != found.nanoseconds {
      return "has another time"
    }
    guard preserved.contains(.extendedAttributes) else { return nil }
    return wanted.attributes == found.attributes
      ? nil : "has other attributes: \(found.attributes.keys.sorted())"
  }

  /// Whether a failure names an entry, one above it, or another name of the same inode.
  private func isTold(_ path: String, _ failures: [CopyError]) -> Bool {
    let told = Set(failures.map { "\($0.path)" })
    let names = expected.entries.filter { $0.value.inode == expected.entries[path]?.inode }
    return names.keys.contains { name in
      scenario.names(of: name, trees).contains { Self.isCovered($0, by: told) }
    }
  }

  private static func isCovered(_ path: String, by told: Set<String>) -> Bool {
    var components = path.split(separator: "/")
    while !components.isEmpty {
      if told.contains("/" + components.joined(separator: "/")) { return true }
      components.removeLast()
    }
    return false
  }

  /// Each failure has a path and a reason, and the numbers are right.
  private mutating func checkFailures(_ outcome: FaultyOutcome, _ calls: FaultyCalls) {
    for failure in outcome.failures {
      let isOfRing =
        failure.operation == .useRing || failure.operation == .setUpRing
        || failure.operation == .allocateBuffers
      if failure.path.isEmpty && !isOfRing { complaints.append("no path: \(failure)") }
    }
    if outcome.failures.isEmpty {
      complaints.append("exit \(outcome.exitCode) without a word")
      return
    }
    let reasons = Set(outcome.failures.compactMap(\.errno))
    let injected = Set(calls.met.compactMap(\.errno))
    // Who may not open a directory of his own to himself may not write into it.
    let isClosed =
      calls.met.contains { Fault.name($0.call) == "chmod" }
      && reasons.contains(.permissionDenied)
    // Whoever was told that a name is missing learns that it is there when he makes it.
    let isHidden =
      calls.met.contains { Fault.name($0.call) == "statx" && $0.errno == .noSuchFileOrDirectory }
      && reasons.contains(.fileExists)
    if !reasons.isEmpty && reasons.isDisjoint(with: injected) && !isClosed && !isHidden {
      complaints.append("the reason is \(reasons.sorted { $0.rawValue < $1.rawValue })")
    }
    guard let report = outcome.report, report.stop == nil else { return }
    let vanished = outcome.failures.count { $0.severity == .vanished }
    // What belongs to what was given up is only counted.
    let givesUp = outcome.failures.contains {
      $0.operation == .writeBelow || $0.operation == .reachFilesystem
    }
    let untold = report.failures - (outcome.failures.count - vanished)
    if report.vanished != vanished || untold < 0 || untold > 0 && !givesUp {
      complaints.append("counts \(report.failures) and \(report.vanished), told otherwise")
    }
  }
}
