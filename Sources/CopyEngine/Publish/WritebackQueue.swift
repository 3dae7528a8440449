// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import Storage
internal import Synchronization
internal import SystemPackage

/// Files whose data is in the cache and has to get to the disk, most of them before they have their
/// names.
///
/// They come in batches: whenever enough has come together, a thread waits for it, and drops it
/// from the cache. That bounds dirty data and cache, and keeps the disk busy during the walk.
///
/// Where the filesystem writes a batch back (`syncfs`), it sends off many files in one go, so that
/// neighbours become one long request, and a large batch costs least.
///
/// On btrfs files are sent off one by one, at once; then batches are small, since what waits
/// without a name is not for nothing: btrfs has an item for each such file, behind which all new
/// inodes are put. It also sets hundreds of KiB of metadata aside for each file whose data waits;
/// when there is no more of that, it writes its trees to get some back. Small as well are batches
/// of what was sent off when it was written, as where the target seeks.
///
/// Each file is asked by itself in the end: only its own descriptor tells for certain that its data
/// got to the disk, whoever else has asked the filesystem meanwhile.
final class WritebackQueue: Sendable {
  /// A file of a batch.
  struct Place: Hashable {
    /// The batches are counted from 1.
    let batch: UInt64
    let index: Int
  }

  private struct File {
    let descriptor: Int32
    let way: Way
    let isDropped: Bool
    /// Whether the queue closes it.
    let isOwned: Bool
  }

  /// Files that are written back together.
  private struct Batch {
    let number: UInt64
    var files: [File] = []
    /// Whether all of it is on its way to the disk already.
    var isSentOff = true
    /// Whether the filesystems are brought to stable storage whatever the files need.
    var isWhole = false
  }

  private struct State {
    var batch = Batch(number: 1)
    var bytes = 0
    /// Bytes of the batch that is being written back.
    var isWritingBack = false
    var bytesOnTheirWay = 0
    var filesOnTheirWay = 0
    var thread: Thread?
    var isFinishing = false
    /// Whether somebody waits for what there is, however little it is.
    var isHurried = false
    var failedFiles: [Place: Errno] = [:]
    var failures: [FilesystemFailure] = []
  }
  private let state = Monitor(State())
  /// Batches up to this one have been written back, or could not be.
  private let settledBatch = Atomic<UInt64>(0)
  private let hasFailed = Atomic<Bool>(false)
  private let filesMax: Int
  private let pageBytes: Int
  private let targets: TargetFilesystems
  private let bounds: Bounds
  /// What measures how long batches take, if anybody wants to know.
  private let measured: MeasuredDevice?
  private let onSettled: @Sendable () -> Void

  /// Makes a queue; its thread starts with the first batch that is due.
  ///
  /// - Parameters:
  ///   - filesMax: How many files may wait or be on their way.
  ///   - bytesMax: How much of their data may, where there is little memory.
  ///   - pageBytes: The size of a page, in bytes.
  ///   - targets: The filesystems that are written to.
  ///   - disks: What the disks are like.
  ///   - measured: What measures how long batches take, if anybody wants to know.
  ///   - onSettled: Told of each batch that has settled.
  init(
    filesMax: Int,
    bytesMax: Int = .max,
    pageBytes: Int,
    targets: TargetFilesystems,
    disks: DiskTraits,
    measured: MeasuredDevice? = nil,
    onSettled: @escaping @Sendable () -> Void
  ) {
    self.filesMax = max(filesMax, 2)
    self.pageBytes = pageBytes
    self.targets = targets
    self.measured = measured
    self.onSettled = onSettled
    bounds = Bounds(disks, bytesMax: bytesMax)
  }

  /// Takes a file into the present batch; waits while too much is on its way.
  ///
  /// - Parameters:
  ///   - file: Its descriptor, which has to stay open until the batch has settled.
  ///   - load: What it has in the cache.
  ///   - isOwned: Whether the queue closes it then.
  /// - Returns: Where it is found.
  @discardableResult
  func add(_ file: Int32, _ load: Load, isOwned: Bool = false) -> Place {
    let bytes = load.byteCount.roundedUp(to: pageBytes)
    if load.way == .noted {
      // A failure is told by the wait for the batch.
      try? FileCalls.syncRange(file, .write)
    }
    let entry = File(
      descriptor: file,
      way: load.way,
      isDropped: load.isDropped,
      isOwned: isOwned
    )
    let (place, isDue, hasThread) = state.wait { state -> (Place, Bool, Bool)? in
      let isAhead =
        state.bytes + state.bytesOnTheirWay + bytes > bounds.bytesMax
        || state.batch.files.count + state.filesOnTheirWay >= filesMax
      guard !isAhead || !state.isWritingBack else { return nil }
      state.bytes += bytes
      let place = Place(batch: state.batch.number, index: state.batch.files.count)
      state.batch.files.append(entry)
      if !load.way.isSentOff { state.batch.isSentOff = false }
      // Whoever writes back looks for more afterwards.
      let isDue = !state.isWritingBack && self.isDue(state)
      if isDue && state.thread == nil { state.thread = try? Thread { self.run() } }
      return (place, isDue, state.thread != nil)
    }
    if isDue && hasThread { state.withLockWaking { _ in } }
    if isDue && !hasThread { settleHere() }
    return place
  }

  /// Has the filesystems brought to stable storage with the next batch, whatever is in it.
  ///
  /// - Returns: The number of the batch.
  func addSync() -> UInt64 {
    state.withLock { state in
      state.batch.isWhole = true
      return state.batch.number
    }
  }

  private func isDue(_ state: State) -> Bool {
    state.bytes >= bounds.batchBytes || state.batch.files.count * 2 >= filesMax
      || state.batch.isSentOff && state.batch.files.count >= Bounds.sentFilesMin
      || state.isHurried && (!state.batch.files.isEmpty || state.batch.isWhole)
  }

  /// The last batch that has settled.
  var settled: UInt64 { settledBatch.load(ordering: .acquiring) }

  /// Begins with what there is; where no thread was started yet, it is done when this returns.
  func hurry() {
    let hasThread = state.withLockWaking { state in
      state.isHurried = true
      return state.thread != nil
    }
    if !hasThread { settleHere() }
  }

  /// Begins with what there is, and waits until a batch has settled.
  func wait(for batch: UInt64) {
    while settled < batch {
      hurry()
      state.wait { state -> Void? in
        let isIdle = state.thread == nil && !state.isWritingBack
        return self.settled >= batch || isIdle ? () : nil
      }
    }
  }

  /// Why a file of a batch that has settled is not on the disk, if it is not.
  func failure(of place: Place) -> Errno? {
    guard hasFailed.load(ordering: .acquiring) else { return nil }
    return state.withLock { $0.failedFiles.removeValue(forKey: place) }
  }

  /// Failures that belong to no file and that nobody was told of.
  func takeFailures() -> [FilesystemFailure] {
    guard hasFailed.load(ordering: .acquiring) else { return [] }
    return state.withLock { state in
      defer { state.failures = [] }
      return state.failures
    }
  }

  /// Ends the thread, after the batch that it is at.
  ///
  /// - Returns: Failures that belong to no file and that nobody was told of.
  func finish() -> [FilesystemFailure] {
    let thread = state.withLockWaking { state in
      state.isFinishing = true
      return state.thread
    }
    thread?.join()
    return takeFailures()
  }

  /// Drops the last files, which no batch was made of.
  func dropRest() {
    drop(
      state.withLock { state in
        defer { state.batch.files = [] }
        return state.batch.files
      }
    )
  }
}

// Writing back.
extension WritebackQueue {
  /// Writes back batch after batch.
  private func run() {
    while let batch = nextBatch() { settle(batch) }
  }

  /// Writes back what there is in the calling thread.
  private func settleHere() {
    if let batch = state.withLock({ takeBatch(&$0) }) { settle(batch) }
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
    state.isHurried = false
    state.bytesOnTheirWay = state.bytes
    state.filesOnTheirWay = state.batch.files.count
    state.bytes = 0
    defer { state.batch = Batch(number: state.batch.number + 1) }
    return state.batch
  }

  private func settle(_ batch: Batch) {
    let start = Clock.monotonicNanoseconds
    measured?.begin(.flush)
    var failures = send(batch)
    var failed: [Place: Errno] = [:]
    // Filesystems that a file speaks for.
    var named: Set<UInt64?> = []
    for (index, file) in batch.files.enumerated() {
      do throws(Errno) {
        try wait(for: file)
        // Whose error that is only the filesystem knows, and it may be this one's.
        guard !isInDoubt(file, failures) else { throw .canceled }
      } catch {
        let device = device(of: file)
        if !file.isOwned {
          failed[Place(batch: batch.number, index: index)] = error
          if error != .canceled { named.insert(device) }
        } else if let failure = targets.failure(error, of: device),
          !failures.contains(where: { $0.device == failure.device })
        {
          // Nobody waits for it who could name it.
          failures.append(failure)
        }
      }
    }
    measured?.end(.flush, 0, after: Clock.monotonicNanoseconds - start)
    drop(batch.files)
    failures.removeAll { named.contains($0.device) }
    state.withLockWaking { state in
      state.bytesOnTheirWay = 0
      state.filesOnTheirWay = 0
      state.isWritingBack = false
      state.failedFiles.merge(failed) { $1 }
      state.failures += failures
      if !failed.isEmpty || !failures.isEmpty { hasFailed.store(true, ordering: .releasing) }
      settledBatch.store(batch.number, ordering: .releasing)
    }
    onSettled()
  }

  /// Sends off what nobody has sent off yet.
  ///
  /// - Returns: What filesystems say that cannot bring all of it to stable storage.
  private func send(_ batch: Batch) -> [FilesystemFailure] {
    let waiting = batch.files.filter { $0.way == .together || $0.way == .whole }
    if batch.isWhole || waiting.count >= Bounds.syncFilesMin { return targets.sync() }
    // All are on their way before the first is waited for.
    for file in waiting { try? FileCalls.syncRange(file.descriptor, .write) }
    return []
  }

  /// Whether a file is on a filesystem that failed, or may be.
  private func isInDoubt(_ file: File, _ failures: [FilesystemFailure]) -> Bool {
    guard !failures.isEmpty else { return false }
    guard let device = device(of: file) else { return true }
    return failures.contains { $0.device == device }
  }

  private func device(of file: File) -> UInt64? {
    try? EntryLocation(open: file.descriptor).metadata().identity.device
  }

  /// Waits until a file is on the disk, and asks whether it got there.
  private func wait(for file: File) throws(Errno) {
    switch file.way {
    case .together, .sent, .noted:
      do {
        try FileCalls.syncRange(file.descriptor, .writeAndWait)
        if file.way == .noted { try FileCalls.awaitExtents(file.descriptor) }
      } catch {
        // A filter of system calls, or a filesystem, that knows no such call.
        guard Self.unknownCall.contains(error) else { throw error }
        try FileCalls.sync(file.descriptor)
      }
    case .whole:
      try FileCalls.sync(file.descriptor)
    case .server:
      try FileCalls.sync(file.descriptor)
      try FileCalls.flush(file.descriptor)
    }
  }

  private static let unknownCall: [Errno] = [
    .noFunction, .notPermitted, .invalidArgument, .notSupported, .inappropriateIOCTLForDevice,
  ]

  /// Drops files from the cache (`posix_fadvise` with DONTNEED), and closes those that nobody else
  /// will.
  private func drop(_ files: [File]) {
    for file in files {
      if file.isDropped { FileCalls.advise(file.descriptor, .dontNeed) }
      if file.isOwned { FileCalls.close(file.descriptor) }
    }
  }
}
