// SPDX-License-Identifier: Apache-2.0

public import Storage
public import SystemPackage

/// What is carried over of each entry beyond its name and contents.
public struct Preservation: OptionSet, Sendable {
  /// The bits.
  public let rawValue: UInt32
  /// Makes a set.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Symbolic links are made again; without it they are skipped (`-l`).
  public static let symbolicLinks = Preservation(rawValue: 1 << 0)
  /// Mode bits with setuid, setgid and sticky (`-p`).
  public static let permissions = Preservation(rawValue: 1 << 1)
  /// Modification times, in nanoseconds (`-t`).
  public static let times = Preservation(rawValue: 1 << 2)
  /// Access times, in nanoseconds.
  public static let accessTimes = Preservation(rawValue: 1 << 3)
  /// The owner (`-o`).
  public static let owner = Preservation(rawValue: 1 << 4)
  /// The group (`-g`).
  public static let group = Preservation(rawValue: 1 << 5)
  /// Character and block devices are made again (`-D`).
  public static let devices = Preservation(rawValue: 1 << 6)
  /// FIFOs and sockets are made again (`-D`).
  public static let specials = Preservation(rawValue: 1 << 7)
  /// Names of one inode become names of one inode (`-H`).
  public static let hardLinks = Preservation(rawValue: 1 << 8)
  /// POSIX ACLs, access and default (`-A`).
  public static let accessControlLists = Preservation(rawValue: 1 << 9)
  /// Extended attributes (`-X`).
  public static let extendedAttributes = Preservation(rawValue: 1 << 10)
  /// Holes of the source stay holes (`-S`).
  public static let holes = Preservation(rawValue: 1 << 11)
  /// Runs of zeros of a file become holes (`-S`).
  public static let zerosAsHoles = Preservation(rawValue: 1 << 12)

  /// What rsync's `-a` stands for, recursion aside: `-lptgoD`.
  public static let archive: Preservation = [
    .symbolicLinks, .permissions, .times, .owner, .group, .devices, .specials,
  ]
  /// Everything that a source has: `-aHAX` with access times and holes.
  public static let everything: Preservation = [
    .archive, .accessTimes, .hardLinks, .accessControlLists, .extendedAttributes, .holes,
  ]
}

/// Which entries are copied.
public struct SyncRules: Equatable, Sendable {
  /// Descend into directories (`-r`).
  public var isRecursive = true
  /// Make directories, without what is in them, where they are not descended into (`-d`).
  public var makesDirectories = false
  /// Stay on the filesystem of each source (`-x`).
  public var staysOnFilesystem = false
  /// Which names are left out.
  public var filters = FilterOptions()
  /// How it is told whether a file has to be copied.
  public var comparison = Comparison()
  /// Leave out, and do not make, directories where something is mounted (`-xx`).
  public var leavesOutMounts = false
  /// Directories above what was listed get their metadata (`--implied-dirs`).
  public var keepsImpliedMetadata = true
  /// Make the directories above the target (`--mkpath`).
  public var makesTargetPath = false
  /// Operands that are missing are no failure (`--ignore-missing-args`).
  public var ignoresMissing = false
  /// What is done with symbolic links beyond copying them; `nil` for nothing.
  public var links: LinkRules?
  /// What is left out for its state or size; `nil` where nothing is.
  public var state: StateRules?

  /// The rules of the bare command.
  public init() {}

  /// Whether directories are copied at all.
  var takesDirectories: Bool { isRecursive || makesDirectories }
}

/// How data gets from the source to the target.
public struct TransferOptions: Equatable, Sendable {
  /// How files are read or written with regard to the page cache.
  public enum CacheMode: String, Sendable, CaseIterable {
    /// What is fastest of what kernel and filesystem can do.
    case auto
    /// Through the cache; writeback starts early, and what this copy brought in is dropped behind
    /// both heads.
    case advise
    /// Through the cache, by requests that leave nothing there (RWF_DONTCACHE, Linux 6.14).
    case dontcache
    /// Past the cache (O_DIRECT).
    case direct
    /// Through the cache, and all left to the kernel.
    case keep
  }

  /// Who carries out reads, writes and advice.
  public enum Engine: String, Sendable, CaseIterable {
    /// `uring` where it can be had, else `sync`.
    case auto
    /// io_uring, or an error.
    case uring
    /// Plain system calls.
    case sync
  }

  /// Whether extents are shared instead of copied (`FICLONE`).
  public enum Reflink: String, Sendable, CaseIterable {
    /// Where both sides are on one filesystem that can.
    case auto
    /// Always; a file that cannot be shared fails.
    case always
    /// Never.
    case never
  }

  /// What becomes of a file of which a part cannot be read.
  public enum ReadErrorPolicy: String, Sendable, CaseIterable {
    /// It fails.
    case fail
    /// It is copied without that part: a hole, or what a device had there.
    case skip
    /// It is copied with zeros in its place.
    case zeroFill = "zero-fill"
  }

  /// What becomes of a file whose source changes while it is copied.
  public enum ChangePolicy: String, Sendable, CaseIterable {
    /// It is copied once more; when the source changes again, that is a failure, and the copy is
    /// kept.
    case retry
    /// The copy is kept, and the change is told.
    case warn
    /// It fails, and is not published.
    case fail
  }

  /// What becomes of files whose source changes.
  public var onChange: ChangePolicy = .retry
  /// What becomes of files that cannot be read in part.
  public var onReadError: ReadErrorPolicy = .fail
  /// Where it is written down what could not be read, in the format of GNU ddrescue: a file for a
  /// device, a directory of such files for trees.
  public var mapfile: FilePath?
  /// How sources are read.
  public var reading: CacheMode = .auto
  /// How targets are written.
  public var writing: CacheMode = .auto
  /// What the sources lie on.
  public var sourceProfile: DiskProfile = .auto
  /// What the target lies on.
  public var targetProfile: DiskProfile = .auto
  /// Also give `POSIX_FADV_NOREUSE` (for measurements: it does nothing for reads and writes).
  public var advisesNoReuse = false
  /// The size of all data buffers together, in bytes; `nil` lets the devices decide.
  public var memoryBytes: Int?
  /// What the buffers take at the most where `memoryBytes` does not say it, in bytes; `nil` for as
  /// much as is of use.
  public var allocationBytesMax: Int?
  /// How many bytes may be read of all files in a second; `nil` for as many as can be.
  public var bytesPerSecond: Int?
  /// The number of workers; `nil` lets the devices decide.
  public var jobs: Int?
  /// The engine.
  public var engine: Engine = .auto
  /// Reflinks.
  public var reflink: Reflink = .auto

  /// The options of the bare command.
  public init() {}
}

/// When what was copied gets its name, and lasts.
public struct PublishOptions: Equatable, Sendable {
  /// When data has to be on stable storage.
  public enum Durability: String, Sendable, CaseIterable {
    /// Whenever the kernel likes.
    case none
    /// Each file's data before the file has its name; everything at the end of the run (`syncfs` of
    /// each filesystem written to).
    case run
    /// Each file's data before the file has its name, and its name before it is reported.
    case file
  }

  /// Durability.
  public var durability: Durability = .run
  /// What has to stay free of each filesystem that is written to, in bytes.
  public var minFreeBytes: Int?
  /// Whether files are written where they are, and which part of them.
  public var inPlace: InPlaceMode?
  /// Whether what a file has is written to a device that has its name (`--write-devices`).
  public var writesDevices = false
  /// Find out what will be written before anything is, and refuse what does not fit
  /// (`--check-space`).
  public var checksRoom = false

  /// The options of the bare command.
  public init() {}
}

/// How whole block devices are copied.
public struct BlockDeviceOptions: Equatable, Sendable {
  /// Copy what is on a block device, and onto one, instead of making its node (`--copy-devices`).
  public var copiesContents = false
  /// Have a target device forget what it holds before it is written (BLKDISCARD).
  public var discards = false

  /// The options of the bare command.
  public init() {}
}

/// How sources are listed, where they are not copied.
public struct Listing: Equatable, Sendable {
  /// Whether it is shown what symbolic links lead to.
  public var showsLinks: Bool

  /// Describes a listing.
  public init(showsLinks: Bool) {
    self.showsLinks = showsLinks
  }
}

/// How a run copies; every field has the default of the bare command.
public struct CopyOptions: Equatable, Sendable {
  /// Only tell what would be done (`-n`).
  public var isDryRun = false
  /// Only tell what the sources have, whatever is at the target (`--list-only`); a dry run.
  public var listing: Listing?
  /// Which entries are copied.
  public var rules = SyncRules()
  /// What is carried over of them.
  public var preservation: Preservation = .everything
  /// Whether what an ordinary user cannot carry over (owners, devices, `trusted.*` and `security.*`
  /// attributes) is left out without a word, as rsync's options do; otherwise it is a failure.
  public var skipsPrivileged = false
  /// How metadata is carried over.
  public var metadata = MetadataOptions()
  /// What the metadata of the source is taken for.
  public var mapping = MetadataMapping()
  /// How data is moved.
  public var transfer = TransferOptions()
  /// When it gets its name, and lasts.
  public var publish = PublishOptions()
  /// How whole block devices are copied.
  public var devices = BlockDeviceOptions()
  /// When the run ends though not everything is copied.
  public var time = TimeLimits()
  /// What is removed.
  public var deletion = DeletionOptions()
  /// Where files are before they have their names.
  public var staging = StagingOptions()
  /// Where what is replaced or deleted is put aside.
  public var backup: BackupOptions?
  /// Whether the target and what options name may be reached by symbolic links that belong neither
  /// to root nor to who runs this (`--insecure-links`).
  public var followsForeignLinks = false
  /// Trees beside the target that may have what the source has.
  public var basis: BasisOptions?
  /// What the run may do to the process that it is a part of.
  public var process = ProcessUse.shared

  /// The options of the bare command.
  public init() {}
}
