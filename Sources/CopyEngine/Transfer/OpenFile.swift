// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import SystemPackage

/// A file whose data is on its way.
struct OpenFile: ~Copyable {
  let entry: FoundEntry
  /// What the source was when it was opened.
  var opened: EntryMetadata
  let source: Descriptor
  /// Where it goes; small files get theirs when they were read.
  private var target: TargetFile?
  /// The target's descriptor, -1 without one.
  private(set) var targetNumber: Int32 = -1
  /// What of the target is kept, in bytes.
  private(set) var keptBytes: UInt64 = 0
  /// Whether the target is a device.
  private(set) var isDevice = false
  /// Whether it was read through the cache and brought there by this copy.
  var dropsSource = false
  /// Whether room was made for it once already.
  var hasMadeRoom = false
  /// Whether it was begun with RWF_DONTCACHE, which is refused by the first request.
  var triesDontCache = (reading: false, writing: false)
  /// Whether direct I/O was refused for this file.
  var avoidsDirect = false
  /// Whether its writes are waited for until they are on the disk, by direct I/O or by advice.
  var isSettled = false
  /// Whether more may be allocated for it than it has bytes.
  var exceedsEnd = false
  /// Whether it was begun again since the kernel gave up its requests.
  var wasCanceled = false

  /// What of the source could not be read, where the rest is copied all the same.
  var spared: SparedParts?
  /// The first part that cannot be read, where the file is not copied for that.
  private var unreadable: FailedRange?

  init(entry: FoundEntry, opened: EntryMetadata, source: consuming Descriptor) {
    self.entry = entry
    self.opened = opened
    self.source = source
  }

  /// Whether it is only read so far.
  var isLoading: Bool { targetNumber < 0 }

  /// Sets where it goes.
  mutating func attach(_ target: consuming TargetFile) {
    targetNumber = target.rawValue
    if let inPlace = target.inPlace {
      keptBytes = inPlace.keptBytes
      isDevice = inPlace.isDevice
      // Direct writes are of whole blocks, and of what can be allocated.
      avoidsDirect = keptBytes > 0 || isDevice
    }
    self.target = consume target
  }

  /// Gives back what is allocated behind its end (`ftruncate`).
  func cutBehindEnd() throws(CopyError) {
    do {
      try FileCalls.setSize(targetNumber, opened.size)
    } catch {
      throw .target(.setSize, entry.targetPath, error)
    }
  }

  /// The same, when all of its data is written.
  ///
  /// - Parameters:
  ///   - data: How far its data has come.
  ///   - isDropped: Whether it goes from the cache when it is on the disk.
  ///   - change: How the source changed meanwhile, if it did.
  /// - Returns: The file, for the publisher.
  /// - Precondition: There is a target.
  consuming func completed(
    _ data: DataPlace,
    isDropped: Bool = false,
    change: CopyError.Operation?
  ) -> CompleteFile {
    guard let target = target.take() else {
      preconditionFailure("a complete file without a target")
    }
    return CompleteFile(
      entry: entry,
      opened: opened,
      source: source,
      target: target,
      data: data,
      isDropped: isDropped,
      change: change
    )
  }

  /// How the source changed since it was opened, if it did.
  ///
  /// The target then has the modification time from before, so that the next run copies it again.
  var sourceChange: CopyError.Operation? {
    guard let now = try? EntryMetadata(ofOpen: source.rawValue, foundAs: opened) else {
      return nil
    }
    if now.size != opened.size { return .sourceResized(from: opened.size, to: now.size) }
    if now.isContentsOfDevice { return nil }
    return now.modificationTime == opened.modificationTime ? nil : .sourceChanged
  }

  /// Whether a file that failed may go another way.
  ///
  /// - Parameters:
  ///   - outcome: How it failed.
  ///   - failed: In which request.
  /// - Returns: Whether it may.
  mutating func canTryAgain(after outcome: FileTask.Outcome, _ failed: FailedRange?) -> Bool {
    switch outcome {
    case .notAllocated(.noSpace): return !hasMadeRoom
    case .failed(.read(.invalidArgument)), .failed(.write(.invalidArgument)):
      return !avoidsDirect
    case .failed(.read(.notSupported)): return triesDontCache.reading
    case .failed(.write(.notSupported)): return triesDontCache.writing
    case .failed(.sourceEnded): return isLoading
    case .failed(.read(let errno)): return canBeRead(after: errno, failed)
    case _ where outcome.isCanceled: return !wasCanceled
    default: return false
    }
  }

  /// Whether a request that failed was one with another file's, for the disk, and what it was for
  /// can be read by itself; else it is known then what cannot be read.
  private mutating func canBeRead(after errno: Errno, _ failed: FailedRange?) -> Bool {
    guard let failed else { return false }
    unreadable = UnreadableRanges.first(in: failed, size: opened.size, of: source.rawValue)
    return unreadable == nil && UnreadableRanges.isMeant(by: errno) && (isLoading || !avoidsDirect)
  }

  /// Describes why its data could not be moved.
  func error(_ outcome: FileTask.Outcome, _ failed: FailedRange?) -> CopyError {
    switch outcome {
    case .failed(.read(let errno)):
      return CopyError(.read, entry.sourcePath, errno, .entry, unreadable ?? failed)
    case .failed(.write(let errno)):
      return .target(.write, entry.targetPath, errno, failed)
    case .notWrittenBack(let errno):
      return .target(.write, entry.targetPath, errno)
    case .notAllocated(let errno):
      return .target(.allocate, entry.targetPath, errno)
    case .failed(.sourceEnded(let offset)):
      let operation = CopyError.Operation.sourceShrank(from: opened.size, to: offset)
      return CopyError(operation, entry.sourcePath, nil, .entry)
    case .failed(.wroteNothing), .failed(.stopped), .loaded, .copied:
      return .target(.write, entry.targetPath, .ioError, failed)
    }
  }
}
