// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import Storage
internal import SystemPackage

/// Small files that have their names, and whose data has to be written back.
///
/// One after the other could be written back and dropped from the cache at once, but batches cost
/// less: whenever enough has come together, a thread has the filesystem write it all back
/// (`syncfs`) and then drops it. That bounds dirty data and cache, and keeps the disk busy during
/// the walk. The filesystem sends off many files in one go, so that neighbours become one long
/// request.
///
/// btrfs is different. It sets hundreds of KiB of metadata aside for each file whose data waits;
/// when there is no more of that, it writes its trees to get some back, as `syncfs` makes it do as
/// well. There each file is sent off at once, which costs nothing (extents are allocated in the
/// order of writing), and the thread waits for the files of a batch. So it does for what was sent
/// off when it was written, as it is where the target seeks.
final class WritebackQueue: Sendable {
  /// How much data makes a batch, and how much may wait or be on its way.
  struct Bounds: Equatable {
    /// Data that starts a batch, in bytes.
    let batchBytes: Int
    /// Beyond this many bytes workers wait.
    let bytesMax: Int

    /// What keeps a disk busy during the walk.
    ///
    /// One that seeks goes to its journal and back for each batch; where it is read as well, all is
    /// read first and written then.
    init(_ disks: DiskTraits) {
      bytesMax = disks.targetSeeks ? 56 << 20 : 24 << 20
      batchBytes = disks.sharesDisk ? bytesMax : bytesMax / 2
    }
  }

  /// How a file gets to the disk.
  enum Way {
    /// With the others of its batch (`syncfs`).
    case together
    /// By itself (`sync_file_range`).
    case alone
    /// It was sent off when it was written (RWF_DONTCACHE).
    case sent
  }

  /// What a file has in the cache.
  struct Load {
    /// How much of it, in bytes.
    let byteCount: Int
    let way: Way
  }

  /// Files that are written back together.
  private struct Batch {
    var descriptors: [Int32] = []
    /// Whether all were sent off already, so that they only have to be waited for.
    var isSent = true
  }

  private struct State {
    var batch = Batch()
    var bytes = 0
    /// Bytes of the batch that is being written back.
    var isWritingBack = false
    var bytesOnTheirWay = 0
    var filesOnTheirWay = 0
    var thread: Thread?
    var isFinishing = false
    /// How many workers wait until all is written back, however little it is.
    var hurrying = 0
    var failures: [CopyError] = []
  }
  private let state: Monitor<State>
  private let filesMax: Int
  private let pageBytes: Int
  private let targets: TargetFilesystems
  private let bounds: Bounds

  /// Makes a queue; its thread starts with the first batch.
  ///
  /// - Parameters:
  ///   - filesMax: How many files may be held open; with fewer than 64 none are, and what was
  ///     written stays in the cache.
  ///   - pageBytes: The size of a page, in bytes.
  ///   - targets: The filesystems that are written to.
  ///   - disks: What the disks are like.
  init(filesMax: Int, pageBytes: Int, targets: TargetFilesystems, disks: DiskTraits) {
    state = Monitor(State())
    self.filesMax = filesMax < 64 ? 0 : filesMax
    self.pageBytes = pageBytes
    self.targets = targets
    bounds = Bounds(disks)
  }

  /// Takes over a file that was published; waits while too much is on its way.
  ///
  /// - Returns: Failures to write back that nobody was told of.
  func add(_ file: consuming Descriptor, _ load: Load) -> [CopyError] {
    let bytes = load.byteCount.roundedUp(to: pageBytes)
    if load.way == .alone {
      // A failure is told by the wait for the batch.
      try? FileCalls.syncRange(file.rawValue, .write)
    }
    // Closed at once where it is not held open.
    let number = filesMax > 0 ? file.release() : -1
    let (isDue, hasThread, failures) = state.wait { state -> (Bool, Bool, [CopyError])? in
      let isAhead =
        state.bytes + state.bytesOnTheirWay + bytes > bounds.bytesMax
        || filesMax > 0 && state.batch.descriptors.count + state.filesOnTheirWay >= filesMax
      guard !isAhead || !state.isWritingBack else { return nil }
      state.bytes += bytes
      if filesMax > 0 { state.batch.descriptors.append(number) }
      if load.way == .together || filesMax == 0 { state.batch.isSent = false }
      let isDue = self.isDue(state)
      if isDue && state.thread == nil { start(&state) }
      defer { state.failures = [] }
      return (isDue, state.thread != nil, state.failures)
    }
    guard isDue else { return failures }
    guard hasThread else { return failures + writeBackHere() }
    state.withLockWaking { _ in }
    return failures
  }

  private func isDue(_ state: State) -> Bool {
    state.bytes >= bounds.batchBytes
      || filesMax > 0 && state.batch.descriptors.count * 2 >= filesMax
      || state.hurrying > 0 && state.bytes > 0
  }

  /// Writes back what there is, and waits for it.
  ///
  /// - Returns: Failures to write back that nobody was told of.
  func writeBackAll() -> [CopyError] {
    let hasThread = state.withLockWaking { state in
      state.hurrying += 1
      if isDue(state) && state.thread == nil { start(&state) }
      return state.thread != nil
    }
    let failures = hasThread ? [] : writeBackHere()
    return state.wait { state -> [CopyError]? in
      // What others add meanwhile is written back as well.
      guard !state.isWritingBack && state.bytes == 0 || state.thread == nil else { return nil }
      state.hurrying -= 1
      defer { state.failures = [] }
      return failures + state.failures
    }
  }

  /// Writes back what there is in the calling thread, where no other can be had.
  private func writeBackHere() -> [CopyError] {
    if let batch = state.withLock({ takeBatch(&$0) }) { writeBack(batch) }
    return state.withLock { state in
      defer { state.failures = [] }
      return state.failures
    }
  }

  /// Ends the thread, after the batch that it is at.
  ///
  /// - Returns: Failures to write back that nobody was told of.
  func finish() -> [CopyError] {
    let thread = state.withLockWaking { state in
      state.isFinishing = true
      return state.thread
    }
    thread?.join()
    return state.withLock { $0.failures }
  }

  /// Drops the last files, which no batch was made of.
  func dropRest() {
    drop(
      state.withLock { state in
        defer { state.batch = Batch() }
        return state.batch.descriptors
      }
    )
  }

  private func start(_ state: inout State) {
    state.thread = try? Thread { self.run() }
  }

  /// Writes back batch after batch.
  private func run() {
    while let batch = nextBatch() { writeBack(batch) }
  }

  private func writeBack(_ batch: Batch) {
    // The filesystem knows of a failure to write back as well, and it is told in one way.
    let failures = batch.isSent && waitFor(batch.descriptors) ? [] : targets.sync()
    drop(batch.descriptors)
    state.withLockWaking { state in
      state.bytesOnTheirWay = 0
      state.filesOnTheirWay = 0
      state.isWritingBack = false
      state.failures += failures
    }
  }

  private func nextBatch() -> Batch? {
    state.wait { state -> Batch?? in
      if state.isFinishing { return .some(nil) }
      guard isDue(state), let batch = takeBatch(&state) else { return nil }
      return .some(batch)
    }
  }

  /// Begins with what there is, unless another batch is on its way.
  private func takeBatch(_ state: inout State) -> Batch? {
    guard !state.isWritingBack else { return nil }
    state.isWritingBack = true
    state.bytesOnTheirWay = state.bytes
    state.filesOnTheirWay = state.batch.descriptors.count
    state.bytes = 0
    defer { state.batch = Batch() }
    return state.batch
  }

  /// Waits until what was sent off is written (`sync_file_range`).
  ///
  /// - Returns: Whether all of it was.
  private func waitFor(_ files: [Int32]) -> Bool {
    files.count { (try? FileCalls.syncRange($0, .writeAndWait)) == nil } == 0
  }

  /// Drops files from the cache (`posix_fadvise` with DONTNEED) and closes them.
  private func drop(_ files: [Int32]) {
    for file in files {
      FileCalls.advise(file, .dontNeed)
      FileCalls.close(file)
    }
  }
}
