// SPDX-License-Identifier: Apache-2.0

public import Kernel
public import Storage
public import SystemPackage

/// Something that happens during a run.
public enum RunEvent: Sendable {
  /// An entry of the target was made, copied, linked or repaired, or would be in a dry run.
  case entry(EntryEvent)
  /// An entry of the source was left out because the options do not ask for its kind.
  case skipped(path: FilePath, isDirectory: Bool)
  /// Something was removed, or was to be and stays.
  case deletion(DeletionEvent)
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
    /// How many attributes were left out that only the filesystem of the source has a use for, and
    /// what one of them is called.
    case attributesLeftOut(count: Int, example: EntryName)
  }

  /// The kinds of events.
  public struct Kinds: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt8
    /// Makes a set.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// `entry`.
    public static let entries = Kinds(rawValue: 1)
    /// `skipped`.
    public static let skips = Kinds(rawValue: 2)
    /// `failed`.
    public static let failures = Kinds(rawValue: 4)
    /// `warning`.
    public static let warnings = Kinds(rawValue: 8)
    /// `note`.
    public static let notes = Kinds(rawValue: 16)
    /// `explanation`.
    public static let explanations = Kinds(rawValue: 32)
    /// `deletion`, of what was removed; what stays is among the warnings.
    public static let deletions = Kinds(rawValue: 64)
  }
}

/// Who is told what happens during a run.
public protocol EventSink: Sendable {
  /// What the sink wants to be told; asked once for each run. Of entries and links that nobody
  /// wants to be told not even the path is put together.
  var wants: RunEvent.Kinds { get }

  /// Takes an event; called from every worker's thread.
  func receive(_ event: RunEvent)
}

/// One entry of the target that was changed, or would be.
public struct EntryEvent: Sendable {
  /// What it is.
  public enum Kind: Sendable {
    /// A regular file.
    case file
    /// A directory.
    case directory
    /// A symbolic link with its contents.
    case symbolicLink(FilePath)
    /// Another name of a file that was copied before, with the path of that.
    case hardLink(FilePath)
    /// A device.
    case device
    /// A FIFO or socket.
    case special
  }

  /// The path below the target.
  public let path: FilePath
  /// What it is.
  public let kind: Kind
  /// What changed, or would.
  public let change: EntryChange

  /// Describes an entry that was changed.
  public init(path: FilePath, kind: Kind, change: EntryChange) {
    self.path = path
    self.kind = kind
    self.change = change
  }
}

/// What changes of an entry: what rsync's `--itemize-changes` tells.
public struct EntryChange: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt16
  /// Makes a set.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Nothing had the name (`+++++++++`).
  public static let isNew = EntryChange(rawValue: 1 << 0)
  /// Its contents are copied, or it is made or linked (`>`, `c`, `h`); else only repaired (`.`).
  public static let contents = EntryChange(rawValue: 1 << 1)
  /// The contents of a link or the number of a device differ, or another kind is replaced, or a
  /// file is copied where contents are compared (`c`).
  public static let value = EntryChange(rawValue: 1 << 2)
  /// The size of a file differs (`s`).
  public static let size = EntryChange(rawValue: 1 << 3)
  /// The modification time differs and is carried over (`t`).
  public static let time = EntryChange(rawValue: 1 << 4)
  /// The modification time is not carried over, and becomes the time of the copy (`T`).
  public static let timeOfCopy = EntryChange(rawValue: 1 << 5)
  /// The permissions differ (`p`).
  public static let permissions = EntryChange(rawValue: 1 << 6)
  /// The owner differs (`o`).
  public static let owner = EntryChange(rawValue: 1 << 7)
  /// The group differs (`g`).
  public static let group = EntryChange(rawValue: 1 << 8)
  /// The ACLs differ (`a`).
  public static let accessControlLists = EntryChange(rawValue: 1 << 9)
  /// Extended attributes differ (`x`).
  public static let extendedAttributes = EntryChange(rawValue: 1 << 10)
}
