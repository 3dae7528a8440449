// SPDX-License-Identifier: Apache-2.0

public import Kernel
public import Storage
public import SystemPackage

/// Something that happens during a run.
public enum RunEvent: Sendable {
  /// Operands and disks are known, and nothing was changed yet but the target directory made.
  case started(RunStart)
  /// An entry of the target was made, copied, linked or repaired, or would be in a dry run; or it
  /// was as it should be, and its change is empty.
  case entry(EntryEvent)
  /// An entry of the source was left out, for a reason.
  case skipped(SkippedEntry)
  /// A filter rule decides about a name.
  case filtered(FilteredName)
  /// Something was removed, or was to be and stays.
  case deletion(DeletionEvent)
  /// What had a name at the target was kept under another one, or would be; both as rsync names
  /// them.
  case backedUp(from: FilePath, to: FilePath)
  /// The target directory, with its path as it was typed, is made by this run; or so many
  /// directories of its path are, where that is to be.
  case createdTarget(FilePath, ofPath: Int?)
  /// Something failed; the run goes on or stops by itself.
  case failed(CopyError)
  /// Something the user has to know while the run goes on.
  case warning(Warning)
  /// Something worth knowing.
  case note(Note)
  /// Why the run goes about it as it does.
  case explanation(Explanation)

  /// What the user has to know while a run goes on.
  public enum Warning: Equatable, Sendable {
    /// A disk stalls, or goes on.
    case stall(StallEvent)
    /// A device that is copied is mounted for writing.
    case sourceIsMounted(FilePath, MountedDevice)
    /// A source changed while it was copied, and the copy is kept.
    case sourceChanged(FilePath)
    /// A tree that the target is to be compared with is not there, or no directory.
    case basisMissing(BasisOptions.Use, FilePath, isNoDirectory: Bool)
    /// A device could not be discarded.
    case notDiscarded(FilePath, Errno)
  }

  /// What is worth knowing.
  public enum Note: Equatable, Sendable {
    /// io_uring cannot be had, and plain calls are used.
    case noRing(Errno)
    /// The kernel may start no thread for io_uring, and plain calls are used.
    case noRingThreads
    /// There are fewer workers than were wanted.
    case fewerWorkers(Errno)
    /// What becomes of the last bytes of a device that is longer than the source.
    case restOfDevice(FilePath, byteCount: UInt64, isDiscarded: Bool)
    /// An entry cannot be a further name of what another tree has, and is copied from there.
    case basisNotLinked(FilePath, Errno)
    /// How many attributes were left out that only the filesystem of the source has a use for, and
    /// what one of them is called.
    case attributesLeftOut(count: Int, example: EntryName)
  }

  /// The kinds of events.
  public struct Kinds: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt32
    /// Makes a set.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// `entry`, where something changed.
    public static let entries = Kinds(rawValue: 1 << 0)
    /// `skipped`.
    public static let skips = Kinds(rawValue: 1 << 1)
    /// `failed`.
    public static let failures = Kinds(rawValue: 1 << 2)
    /// `warning`.
    public static let warnings = Kinds(rawValue: 1 << 3)
    /// `note`.
    public static let notes = Kinds(rawValue: 1 << 4)
    /// `explanation`.
    public static let explanations = Kinds(rawValue: 1 << 5)
    /// `entry`, where nothing changed.
    public static let unchanged = Kinds(rawValue: 1 << 6)
    /// `deletion`, of what was removed; what stays is among the warnings.
    public static let deletions = Kinds(rawValue: 1 << 7)
    /// `backedUp`.
    public static let backups = Kinds(rawValue: 1 << 8)
    /// `createdTarget`.
    public static let targetCreation = Kinds(rawValue: 1 << 10)
    /// No events of their own: `EntryEvent.sourcePath` is filled in.
    public static let sourcePaths = Kinds(rawValue: 1 << 11)
    /// `started`.
    public static let start = Kinds(rawValue: 1 << 12)
    /// No events of their own: `EntryEvent.contents` is filled in.
    public static let contents = Kinds(rawValue: 1 << 13)
    /// `filtered`.
    public static let filters = Kinds(rawValue: 1 << 14)
  }
}

extension RunEvent {
  /// The kind of the event.
  public var kind: Kinds {
    switch self {
    case .started: .start
    case .entry(let entry): entry.change.isTold ? .entries : .unchanged
    case .skipped: .skips
    case .filtered: .filters
    case .deletion(let deletion): deletion.isRoutine ? .deletions : .warnings
    case .backedUp: .backups
    case .createdTarget: .targetCreation
    case .failed: .failures
    case .warning: .warnings
    case .note: .notes
    case .explanation: .explanations
    }
  }
}

/// Who is told what happens during a run.
public protocol EventSink: Sendable {
  /// What the sink wants to be told; asked once for each run. Of entries that nobody wants to be
  /// told not even the path is put together.
  var wants: RunEvent.Kinds { get }

  /// Takes an event; called from every worker's thread.
  func receive(_ event: RunEvent)
}
