// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import FaultInjection
import Glibc
import SimulatedKernel
import Synchronization
import SystemPackage
import Testing

@testable import fastsync

/// What a run said and came to.
struct FaultyOutcome {
  let failures: [CopyError]
  /// `nil` where the run did not start.
  let report: CopyReport?
  let exitCode: Int32

  /// Whether it ended before everything was visited.
  var isStopped: Bool { report == nil || report?.stop != nil }
}

/// Keeps the failures of a run.
private final class FailureRecorder: EventSink {
  let wants: RunEvent.Kinds = .failures
  let failures = Mutex<[CopyError]>([])

  func receive(_ event: RunEvent) {
    if case .failed(let error) = event { failures.withLock { $0.append(error) } }
  }
}

/// Copies under faults, in trees of its own; for one thread.
struct FaultRig {
  private let trees: FaultTrees
  private let source: TreeState
  private let other: TreeState

  /// Makes the trees in an empty directory.
  init(in path: String) throws {
    trees = try FaultTrees(in: path)
    source = TreeState(trees.source)
    other = TreeState(trees.other)
  }

  /// Lends a rig below a directory, and removes its trees afterwards.
  static func with(in place: String, _ body: (FaultRig) throws -> Void) throws {
    var template = Array("\(place)/fastsync-faults-XXXXXX".utf8CString)
    try #require(unsafe mkdtemp(&template) != nil)
    let path = String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self)
    defer { FaultTrees.remove(path) }
    try body(FaultRig(in: path))
  }

  /// How many calls of each kind a scenario makes when nothing goes wrong.
  func calls(of scenario: FaultScenario) throws -> [UInt32] {
    try trees.reset(scenario.before)
    return copy(scenario, [], seed: 0).calls.calls
  }

  /// Makes the target what it is before a scenario.
  ///
  /// - Returns: What is promised of it.
  private func begin(_ scenario: FaultScenario) throws -> FaultPromise {
    try trees.reset(scenario.before)
    return FaultPromise(
      scenario,
      trees: trees,
      before: TreeState(trees.target),
      expected: scenario.expected(source, other),
      other: scenario.operands == .merged ? other : nil
    )
  }

  /// Copies under faults, and once more without.
  ///
  /// - Returns: What of the promise was broken; nothing if it was kept.
  func complaints(
    _ scenario: FaultScenario,
    _ faults: [Fault],
    seed: UInt64 = 0
  ) throws -> [String] {
    var promise = try begin(scenario)
    let (outcome, calls) = copy(scenario, faults, seed: seed)
    let left = TreeState(trees.target)
    promise.check(outcome, calls, left)
    waitUntilUnlocked(left)
    let (again, _) = copy(scenario, [], seed: seed)
    promise.checkRepeated(again, TreeState(trees.target))
    guard !promise.complaints.isEmpty else { return [] }
    let told = outcome.failures.map {
      "\($0.operation) \($0.path): \($0.errno.map { "\($0)" } ?? "no errno")"
    }
    return promise.complaints
      + ["under \(calls.met)", "exit \(outcome.exitCode)", "told \(told)", "in \(scenario)"]
  }

  /// Waits until nobody has a lock of the run that has ended on directories with temporary names.
  ///
  /// A process that another test starts has a copy of each open file until its own program begins.
  private func waitUntilUnlocked(_ left: TreeState) {
    for path in left.entries.keys where FaultPromise.isTemporary(path) {
      let above = path.split(separator: "/").dropLast().joined(separator: "/")
      let number = unsafe open("\(trees.target)/\(above)", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard number >= 0 else { continue }
      _ = flock(number, LOCK_EX)
      close(number)
    }
  }

  /// Copies under faults; what is told.
  func failures(
    _ scenario: FaultScenario,
    _ faults: [Fault],
    _ interruption: Interruption? = nil
  ) throws -> [CopyError] {
    try trees.reset(scenario.before)
    return copy(scenario, faults, seed: 0, interruption).outcome.failures
  }

  /// The paths of the source and the target.
  var sourcePath: String { trees.source }
  var targetPath: String { trees.target }

  /// Copies, and has another run do the same from beginning to end in the middle of it.
  ///
  /// - Parameters:
  ///   - scenario: What both do.
  ///   - call: The kind of the call before which the other comes.
  ///   - number: Which of the calls of the kind, from 0.
  /// - Returns: What either complained of, and what is not as it should be afterwards.
  /// - Throws: What keeps the target from being made anew.
  func complaints(
    _ scenario: FaultScenario,
    interruptedBefore call: UInt32,
    number: UInt32
  ) throws -> [String] {
    var promise = try begin(scenario)
    var otherOutcome: FaultyOutcome?
    let interruption = Interruption(before: call, number: number) {
      otherOutcome = self.copy(scenario, [], seed: 0).outcome
    }
    let (outcome, _) = copy(scenario, [], seed: 0, interruption)
    promise.checkUndisturbed(outcome, TreeState(trees.target))
    // How often a thread of its own looks is not the same each time.
    if let otherOutcome { promise.checkUndisturbed(otherOutcome, TreeState(trees.target)) }
    guard !promise.complaints.isEmpty else { return [] }
    return ["another run before \(Fault.name(call)) #\(number)"] + promise.complaints
  }

  /// Whether the sources are what they were.
  var sourcesAreUnchanged: Bool {
    [(source, TreeState(trees.source)), (other, TreeState(trees.other))].allSatisfy { old, new in
      old.entries.count == new.entries.count
        && old.entries.allSatisfy { path, state in
          guard let found = new.entries[path] else { return false }
          return state.kind.isSame(as: found.kind) && state.seconds == found.seconds
            && state.permissions == found.permissions
        }
    }
  }

  private func copy(
    _ scenario: FaultScenario,
    _ faults: [Fault],
    seed: UInt64,
    _ interruption: Interruption? = nil
  ) -> (outcome: FaultyOutcome, calls: FaultyCalls) {
    let recorder = FailureRecorder()
    var plan = scenario.plan(trees)
    // As the command does; with a thread more, that one would fail as well.
    plan.options.process = .own
    let own = plan
    let (result, calls) = FaultyCalls.during(
      faults,
      seed: seed,
      isUser: scenario.isUser,
      interruption: interruption
    ) { () -> Result<CopyReport, CopyError> in
      do throws(CopyError) {
        return .success(try TreeCopier(events: recorder).copy(own))
      } catch {
        return .failure(error)
      }
    }
    let failures = recorder.failures.withLock { $0 }
    switch result {
    case .success(let report):
      let code = ExitCode(report).rawValue
      return (FaultyOutcome(failures: failures, report: report, exitCode: code), calls)
    case .failure(let error):
      let code = ExitCode(error.severity).rawValue
      return (FaultyOutcome(failures: failures + [error], report: nil, exitCode: code), calls)
    }
  }
}
