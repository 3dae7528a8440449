// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import Glibc
internal import SystemPackage
internal import Uring

/// Small files that have their names, and whose data is still on its way to the disk.
///
/// One after the other could be written back and dropped from the cache at once, but batches cost
/// less: whenever enough has come together, a thread has the filesystem write it all back (`syncfs`)
/// and then drops it. That bounds dirty data and cache, and keeps the disk busy during the walk.
final class Settler: Sendable {
  /// Data that starts a batch, in bytes.
  static let batchBytes = 12 << 20
  /// Data that waits, or is on its way, at the most, in bytes; beyond it workers wait.
  static let bytesMax = 24 << 20

  private struct State {
    var descriptors: [Int32] = []
    var bytes = 0
    /// Bytes of the batch that is being written back.
    var isSettling = false
    var settlingBytes = 0
    var settlingFiles = 0
    var thread: pthread_t?
    var isFinishing = false
    var failures: [CopyError] = []
  }
  private let state: Monitor<State>
  private let filesMax: Int
  private let pageBytes: Int
  private let targets: TargetFilesystems

  /// Makes a settler; its thread starts with the first batch.
  ///
  /// - Parameters:
  ///   - filesMax: How many files may be held open; with fewer than 64 none are, and what was
  ///     written stays in the cache.
  ///   - pageBytes: The size of a page, in bytes.
  ///   - targets: The filesystems that are written to.
  init(filesMax: Int, pageBytes: Int, targets: TargetFilesystems) {
    state = Monitor(State())
    self.filesMax = filesMax < 64 ? 0 : filesMax
    self.pageBytes = pageBytes
    self.targets = targets
  }

  /// Takes over a file that was published; waits while too much is on its way.
  ///
  /// - Returns: Failures to write back that nobody was told of.
  func add(_ file: consuming Descriptor, byteCount: Int) -> [CopyError] {
    let bytes = byteCount.roundedUp(to: pageBytes)
    // Closed at once where it is not held open.
    let number = filesMax > 0 ? file.release() : -1
    let (isDue, failures) = state.wait { state -> (Bool, [CopyError])? in
      let isAhead =
        state.bytes + state.settlingBytes + bytes > Self.bytesMax
        || filesMax > 0 && state.descriptors.count + state.settlingFiles >= filesMax
      guard !isAhead || !state.isSettling else { return nil }
      state.bytes += bytes
      if filesMax > 0 { state.descriptors.append(number) }
      let isDue = self.isDue(state)
      if isDue && state.thread == nil { start(&state) }
      defer { state.failures = [] }
      return (isDue, state.failures)
    }
    if isDue { state.withLockWaking { _ in } }
    return failures
  }

  private func isDue(_ state: State) -> Bool {
    state.bytes >= Self.batchBytes || filesMax > 0 && state.descriptors.count * 2 >= filesMax
  }

  /// Ends the thread, after the batch that it is at.
  ///
  /// - Returns: Failures to write back that nobody was told of.
  func finish() -> [CopyError] {
    let thread = state.withLockWaking { state in
      state.isFinishing = true
      return state.thread
    }
    if let thread { pthread_join(thread, nil) }
    return state.withLock { $0.failures }
  }

  /// Drops the last files, which no batch was made of.
  func dropRest() {
    drop(
      state.withLock { state in
        defer { state.descriptors = [] }
        return state.descriptors
      }
    )
  }

  private func start(_ state: inout State) {
    var thread = pthread_t()
    let argument = unsafe Unmanaged.passRetained(self)
    let result = unsafe pthread_create(
      &thread,
      nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<Settler>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      },
      argument.toOpaque()
    )
    guard result == 0 else { return unsafe argument.release() }
    state.thread = thread
  }

  /// Settles batch after batch.
  private func run() {
    while let batch = nextBatch() {
      let failures = targets.sync()
      drop(batch)
      state.withLockWaking { state in
        state.settlingBytes = 0
        state.settlingFiles = 0
        state.isSettling = false
        state.failures += failures
      }
    }
  }

  private func nextBatch() -> [Int32]? {
    state.wait { state -> [Int32]?? in
      if state.isFinishing { return .some(nil) }
      guard isDue(state) else { return nil }
      state.isSettling = true
      state.settlingBytes = state.bytes
      state.settlingFiles = state.descriptors.count
      state.bytes = 0
      defer { state.descriptors = [] }
      return .some(state.descriptors)
    }
  }

  /// Drops files from the cache (`posix_fadvise` with DONTNEED) and closes them.
  private func drop(_ files: [Int32]) {
    for file in files {
      _ = posix_fadvise(file, 0, 0, FileAdvice.dontNeed)
      close(file)
    }
  }
}
