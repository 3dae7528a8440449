// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel

/// One thing a worker takes on.
enum WorkItem: Sendable {
  /// Read a directory on from a position (`lseek`), 0 being its start.
  case directory(CopyDirectory, position: Int64)
  /// Copy one entry that a source operand named.
  case entry(CopyDirectory, name: EntryName, targetName: EntryName)
  /// Read a directory that several sources merge into.
  case merged(MergedDirectory)
  /// Copy an entry that was put off, since the target may not tell its name from another one.
  case late(SimilarNames.Late)
  /// Remove trees of the target.
  case doomed([DoomedWork])
  /// Give files their names that have waited for all others.
  case delayed([DelayedFile])
  /// Copy a file that another worker has found, and counts in its directory.
  case file(FoundEntry)
}

/// Directories waiting for a worker, last in, first out; the one structure that workers share to
/// divide the tree.
///
/// Last in, first out makes the walk go deep before it goes wide: a directory puts its own rest
/// under the subdirectories it has just found, so that what waits is at most one batch of names
/// (`DirectoryReader.bufferBytes`) for each level and worker, however many files there are.
final class WorkStack: Sendable {
  private struct State {
    var items: [WorkItem]
    var busyWorkers = 0
    var idleWorkers = 0
    /// Those that have been started, and have not come yet.
    var expectedWorkers = 0
    var isClosed = false
    /// Starts the other workers.
    var startOthers: (@Sendable () -> Void)?

    /// How many would take something at once, or soon.
    var freeWorkers: Int { idleWorkers + expectedWorkers }

    mutating func take() -> WorkItem? {
      guard !isClosed, let item = items.popLast() else { return nil }
      busyWorkers += 1
      return item
    }
  }
  private let state: Monitor<State>

  /// Starts with the source operands, the first on top.
  init(_ items: [WorkItem]) {
    state = Monitor(State(items: items.reversed()))
  }

  /// Whether nothing waits for a worker.
  var isEmpty: Bool { state.withLock { $0.items.isEmpty } }

  /// Whether a worker waits, or is about to, for something that nobody has pushed.
  var lacksWork: Bool { workersWithoutWork > 0 }

  /// How many workers wait so.
  private var workersWithoutWork: Int { state.withLock { max(0, $0.freeWorkers - $0.items.count) } }

  /// Says that workers will come, all but the first only when there is something for them.
  ///
  /// - Parameters:
  ///   - count: How many, with the first.
  ///   - start: Starts the others: at once where several things wait, or when the first is added,
  ///     so that a run of few names does without.
  func expectWorkers(_ count: Int, _ start: @escaping @Sendable () -> Void) {
    let startsNow = state.withLock { state in
      state.expectedWorkers += count
      guard state.items.count <= 1 else { return true }
      state.startOthers = start
      return false
    }
    if startsNow { start() }
  }

  /// Says that some of those have come, or never will.
  func arrive(_ count: Int = 1) {
    state.withLock { $0.expectedWorkers = max(0, $0.expectedWorkers - count) }
  }

  /// Says that nobody is started any more.
  func expectNobody() {
    state.withLock { state in
      state.startOthers = nil
      state.expectedWorkers = 0
    }
  }

  /// Adds work, the first on top; for a worker that has not finished its own item yet.
  func push(_ added: [WorkItem]) {
    guard !added.isEmpty else { return }
    let startOthers = state.withLockWaking { state in
      state.items.append(contentsOf: added.reversed())
      return state.startOthers.take()
    }
    startOthers?()
  }

  /// Leaves trees that are to be removed to workers that wait.
  ///
  /// - Parameters:
  ///   - doomed: Those of one worker, which keeps some.
  ///   - limits: How many may help.
  /// - Returns: Whether any are left to others.
  func share(_ doomed: inout DoomedRanges, _ limits: RunLimits) -> Bool {
    let parts = doomed.share(among: limits.helpersToRemove(of: workersWithoutWork))
    push(parts.map { .doomed($0) })
    return !parts.isEmpty
  }

  /// Leaves some of the trees that were found so far to workers that wait.
  ///
  /// - Parameters:
  ///   - found: What was found.
  ///   - limits: How many may help.
  /// - Returns: Whether any are left to others.
  func share(_ found: inout [DoomedWork], _ limits: RunLimits) -> Bool {
    // To sort them for nobody would cost more than to remove one.
    guard limits.helpersToRemove(of: workersWithoutWork) > 0 else { return false }
    var ranges = DoomedRanges(found)
    guard share(&ranges, limits) else { return false }
    found = ranges.takeAll()
    return true
  }

  /// Takes work if there is any; `finishItem` must follow.
  ///
  /// - Parameter leavesFiles: Whether a file that was left to another worker stays.
  /// - Returns: The work, if there is any.
  func tryPop(leavesFiles: Bool = false) -> WorkItem? {
    state.withLock { state in
      if leavesFiles, state.freeWorkers > 0, case .file? = state.items.last { return nil }
      return state.take()
    }
  }

  /// What a worker that waits is woken for.
  enum Next {
    case item(WorkItem)
    /// What it waits for otherwise has come.
    case otherwise
    /// It has waited for that for long.
    case late
    /// There is no work, and none will come from others.
    case over
  }

  /// Waits for work, or for something else that is looked at whenever `wake` is called.
  ///
  /// - Parameters:
  ///   - condition: Whether the other thing has come.
  ///   - seconds: How long to wait, in seconds; `nil` for any time.
  /// - Returns: What has come first.
  func pop(orUntil condition: () -> Bool, seconds: Int? = nil) -> Next {
    state.withLock { $0.idleWorkers += 1 }
    defer { state.withLock { $0.idleWorkers -= 1 } }
    func next(_ state: inout State) -> Next? {
      if let item = state.take() { return .item(item) }
      if condition() { return .otherwise }
      return state.busyWorkers == 0 || state.isClosed ? .over : nil
    }
    guard let seconds else { return state.wait(until: next) }
    return state.wait(seconds: seconds, until: next) ?? .late
  }

  /// Has those who wait look again at what they wait for.
  func wake() { state.withLockWaking { _ in } }

  /// Says that an item was worked off, and everything that it led to was pushed.
  func finishItem() {
    let isOver = state.withLock { state in
      state.busyWorkers -= 1
      return state.busyWorkers == 0 && state.items.isEmpty
    }
    if isOver { state.withLockWaking { _ in } }
  }

  /// Drops all work, and lets waiting workers go.
  func close() {
    state.withLockWaking { state in
      state.isClosed = true
      state.items.removeAll()
    }
  }
}
