// SPDX-License-Identifier: Apache-2.0

internal import Kernel

/// What a run did, in numbers.
public struct CopyReport: Equatable, Sendable {
  /// Why a run ended before everything was visited.
  public enum Stop: Equatable, Sendable {
    /// The target cannot take more, or the ring broke.
    case failure
    /// A file that the command line leads to is wrong.
    case usage
    /// Somebody asked for it (`TreeCopier.requestStop`).
    case interrupted
    /// Its time was over (`TimeLimits.stopsAt`).
    case timeLimit
    /// Nothing went on for so long (`TimeLimits.idleSecondsMax`).
    case timedOut(seconds: Int)

    /// Whether it is none once everything is at the target.
    var mayComeTooLate: Bool { self == .interrupted || self == .timeLimit }
  }

  /// Entries of the source that were visited, directories included.
  public var entriesVisited = 0
  /// What is copied, or would be if it were not there already: what rsync has in its list.
  public var listed = EntryCounts()
  /// What the target had no name for, hard links included.
  public var created = EntryCounts()
  /// Regular files whose contents were copied or reflinked.
  public var filesCopied = 0
  /// Entries that were already as they should be.
  public var entriesUnchanged = 0
  /// Directories made.
  public var directoriesCreated = 0
  /// Symbolic links, devices, FIFOs and sockets made.
  public var othersCreated = 0
  /// Names linked to a file that was copied under another name.
  public var hardLinksMade = 0
  /// Bytes of contents written; holes and reflinked extents are not written.
  public var bytesWritten: UInt64 = 0
  /// The size of the files whose contents were copied, in bytes.
  public var bytesCopied: UInt64 = 0
  /// Bytes of these that were at the target before, and kept (`--append`).
  public var bytesKept: UInt64 = 0
  /// The size of all regular files and symbolic links that are listed, in bytes.
  public var bytesVisited: UInt64 = 0
  /// Entries, or parts of entries, that could not be carried over.
  public var failures = 0
  /// Entries that vanished at the source while they were copied.
  public var vanished = 0
  /// What was removed from the target.
  public var deletions = DeletionCounts()
  /// Whether a device was being written when the run ended: it has neither what it had nor all of
  /// what it was to have.
  public var leavesTargetHalfWritten = false
  /// What it adds to the target's filesystem; only a dry run finds out.
  var growth = Growth()
  /// Why it ended early, or `nil` when everything was visited.
  public var stop: Stop?

  /// An empty report.
  public init() {}

  /// Counts an entry that is copied, or is there already.
  @inline(__always)
  mutating func noteListed(_ source: EntryMetadata) {
    listed.note(source.kind)
    if source.kind == .file || source.kind == .symbolicLink { bytesVisited += source.size }
  }

  /// Counts a file whose contents were copied.
  mutating func noteCopied(_ source: EntryMetadata, _ change: EntryChange) {
    filesCopied += 1
    bytesCopied += source.size
    if change.contains(.isNew) { created.files += 1 }
  }

  /// Adds what another worker did.
  public mutating func add(_ other: CopyReport) {
    entriesVisited += other.entriesVisited
    listed += other.listed
    created += other.created
    filesCopied += other.filesCopied
    entriesUnchanged += other.entriesUnchanged
    directoriesCreated += other.directoriesCreated
    othersCreated += other.othersCreated
    hardLinksMade += other.hardLinksMade
    bytesWritten += other.bytesWritten
    bytesCopied += other.bytesCopied
    bytesKept += other.bytesKept
    bytesVisited += other.bytesVisited
    failures += other.failures
    vanished += other.vanished
    deletions += other.deletions
    growth += other.growth
    leavesTargetHalfWritten = leavesTargetHalfWritten || other.leavesTargetHalfWritten
    stop = stop ?? other.stop
  }
}

/// What a run adds to the filesystem of its target.
struct Growth: Equatable, Sendable {
  /// Blocks, in bytes.
  private var bytes: Int64 = 0
  /// How much less files take than what they replace, in bytes: not more than 0.
  private var shrinking: Int64 = 0
  /// The most that a file takes beside what the other files save, in bytes: old and new are both
  /// there for a while.
  private var most: Int64 = 0
  /// Inodes.
  private(set) var inodes: Int64 = 0

  init() {}

  /// What one entry adds.
  init(newBytes: UInt64 = 0, replacedBytes: UInt64 = 0, inodes: Int64) {
    bytes = Int64(clamping: newBytes) - Int64(clamping: replacedBytes)
    shrinking = min(bytes, 0)
    most = Int64(clamping: newBytes) - shrinking
    self.inodes = inodes
  }

  /// What has to be free before, in bytes, whatever the order in which files are copied.
  var neededBytes: Int64 { max(bytes, most + shrinking) }

  static func += (sum: inout Growth, other: Growth) {
    sum.bytes += other.bytes
    sum.shrinking += other.shrinking
    sum.most = max(sum.most, other.most)
    sum.inodes += other.inodes
  }
}
