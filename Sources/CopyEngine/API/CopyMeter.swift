// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import Synchronization
public import SystemPackage

/// How far a run has come, for whoever wants to show it while it goes on.
///
/// A meter is given to a `TreeCopier`, and read at any time from any thread. It counts what lasts:
/// files that have their names, whose data is on stable storage unless the run does without
/// (`PublishOptions.durability`), and of large files under way what was written back already.
public final class CopyMeter: Sendable {
  /// What a meter says at one moment.
  public struct Reading: Equatable, Sendable {
    /// Files that were copied.
    public var files = 0
    /// Bytes of these, and of files under way as far as they are on the disk.
    ///
    /// It may fall: when a file that was under way fails, or is begun again.
    public var bytes: UInt64 = 0
    /// Files that could not be copied.
    public var filesFailed = 0
    /// The size of these, in bytes.
    public var bytesFailed: UInt64 = 0
    /// Files that are to be copied, as far as that is known, with those that were or failed.
    public var filesPlanned = 0
    /// The size of these, in bytes.
    public var bytesPlanned: UInt64 = 0
    /// Whether nothing more will be planned, as far as can be foreseen.
    public var isPlanComplete = false
    /// A file that was begun not long ago, as it is named in the transfer.
    public var current: FilePath?

    /// Makes a reading of nothing.
    public init() {}
  }

  /// Names of files up to this size are only noted when somebody asks, in bytes.
  private static let alwaysNamedMin: UInt64 = 4 << 20

  private let files = Atomic<Int>(0)
  private let bytes = Atomic<UInt64>(0)
  private let bytesUnderWay = Atomic<UInt64>(0)
  private let filesFailed = Atomic<Int>(0)
  private let bytesFailed = Atomic<UInt64>(0)
  private let filesFound = Atomic<Int>(0)
  private let bytesFound = Atomic<UInt64>(0)
  private let filesAhead = Atomic<Int>(0)
  private let bytesAhead = Atomic<UInt64>(0)
  private let isComplete = Atomic<Bool>(false)
  private let isWaiting = Atomic<Bool>(false)
  private let wantsName = Atomic<Bool>(true)
  private let looks = Atomic<UInt32>(0)

  private struct State {
    var current: FilePath?
    /// What is under way of files that have all their data and no name yet, in bytes.
    var waiting: [InodeIdentity: UInt64] = [:]
    var isWatched = false
    var onWatch: (@Sendable () -> Void)?
  }
  private let state = Lock(State())

  /// How long requests take, if that is measured.
  public let transfers: TransferMeter?

  /// Makes a meter that has counted nothing.
  ///
  /// - Parameter measuresTransfers: Whether to measure how long requests take as well, which takes
  ///   a little time for each.
  public init(measuresTransfers: Bool = false) {
    transfers = measuresTransfers ? TransferMeter() : nil
  }

  /// Has the run find out ahead of the copy how much there is to be copied, on a thread of its own:
  /// not on disks that seek, nor where descriptors or memory are scarce.
  ///
  /// That takes time of the processor and reads metadata, so it is for those who show the figures.
  public func watch() {
    let body: (@Sendable () -> Void)? = state.withLock { state in
      state.isWatched = true
      defer { state.onWatch = nil }
      return state.onWatch
    }
    body?()
  }

  /// Asks the workers to bring up to date what they only tell who asks.
  ///
  /// That is how far files under way have come, and the name of one. They answer within the time
  /// that a request takes.
  public func refresh() {
    wantsName.store(true, ordering: .relaxed)
    looks.wrappingAdd(1, ordering: .relaxed)
  }

  /// Reads all figures.
  public func read() -> Reading {
    var reading = Reading()
    // First, so that files that end meanwhile are counted once.
    let underWay = bytesUnderWay.load(ordering: .relaxed)
    reading.files = files.load(ordering: .relaxed)
    reading.bytes = bytes.load(ordering: .relaxed) &+ underWay
    reading.filesFailed = filesFailed.load(ordering: .relaxed)
    reading.bytesFailed = bytesFailed.load(ordering: .relaxed)
    reading.isPlanComplete = isComplete.load(ordering: .acquiring)
    reading.filesPlanned = max(
      filesFound.load(ordering: .relaxed),
      filesAhead.load(ordering: .relaxed)
    )
    reading.bytesPlanned = max(
      bytesFound.load(ordering: .relaxed),
      bytesAhead.load(ordering: .relaxed)
    )
    reading.current = state.withLock { $0.current }
    return reading
  }
}

// What the engine notes.
extension CopyMeter {
  /// How a file came to its end.
  enum End {
    case copied, failed
    /// The run ends before the file is copied.
    case givenUp
  }

  /// Notes that a file came to its end.
  func noteEnd(of identity: InodeIdentity, _ size: UInt64, _ end: End) {
    if isWaiting.load(ordering: .relaxed) { noteWaiting(identity, 0) }
    switch end {
    case .copied:
      bytes.wrappingAdd(size, ordering: .relaxed)
      files.wrappingAdd(1, ordering: .relaxed)
    case .failed:
      bytesFailed.wrappingAdd(size, ordering: .relaxed)
      filesFailed.wrappingAdd(1, ordering: .relaxed)
    case .givenUp: break
    }
  }

  /// Notes a file that is going to be copied.
  func noteFound(_ size: UInt64) {
    bytesFound.wrappingAdd(size, ordering: .relaxed)
    filesFound.wrappingAdd(1, ordering: .relaxed)
  }

  /// Notes files that are ahead of the copy, or were when it began.
  func noteAhead(files: Int, bytes: UInt64) {
    bytesAhead.wrappingAdd(bytes, ordering: .relaxed)
    filesAhead.wrappingAdd(files, ordering: .relaxed)
  }

  /// Notes that all that is to be copied was counted.
  func noteComplete() { isComplete.store(true, ordering: .releasing) }

  /// Notes how many more bytes of files under way are on the disk, or how many less.
  func noteUnderWay(from before: UInt64, to now: UInt64) {
    bytesUnderWay.wrappingAdd(now &- before, ordering: .relaxed)
  }

  /// Notes how much of a file that has all its data was told to be under way, until its end.
  func noteWaiting(_ identity: InodeIdentity, _ bytes: UInt64) {
    let before = state.withLock { state in
      let before = state.waiting.removeValue(forKey: identity)
      if bytes > 0 { state.waiting[identity] = bytes }
      isWaiting.store(!state.waiting.isEmpty, ordering: .relaxed)
      return before
    }
    noteUnderWay(from: before ?? 0, to: 0)
  }

  /// How often somebody has asked for what is under way.
  var lookCount: UInt32 { looks.load(ordering: .relaxed) }

  /// Whether the name of a file of some size is to be noted as the current one.
  func takesName(ofSize size: UInt64) -> Bool {
    guard size < Self.alwaysNamedMin else { return true }
    return wantsName.load(ordering: .relaxed) && wantsName.exchange(false, ordering: .relaxed)
  }

  /// Notes what is being copied.
  func noteCurrent(_ path: FilePath) { state.withLock { $0.current = path } }

  /// Has something done as soon as somebody watches; at once if somebody does.
  func onWatch(_ body: @escaping @Sendable () -> Void) {
    let isWatched = state.withLock { state in
      if !state.isWatched { state.onWatch = body }
      return state.isWatched
    }
    if isWatched { body() }
  }

  /// Forgets what was to be done.
  func endWatch() { state.withLock { $0.onWatch = nil } }
}
