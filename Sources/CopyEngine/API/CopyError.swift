// SPDX-License-Identifier: Apache-2.0

public import FileTree
public import Kernel
public import SystemPackage

/// Something that could not be done: what, where, and why.
public struct CopyError: Error, Equatable, Sendable {
  /// What a failure means for the run.
  public enum Severity: Sendable {
    /// One entry, a part of it, or all below a directory was not carried over; the run goes on.
    case entry
    /// The source went away while it was copied; the run goes on.
    case vanished
    /// The target cannot take more (ENOSPC, EDQUOT, EROFS, EIO of a write), its filesystem or that
    /// of a source is gone, or the ring broke: the run stops.
    case stop
    /// Source and target do not go together; nothing was copied.
    case selection
    /// What an option names is not what it has to be, or has rules that are wrong: the run stops.
    case usage
    /// An option asks for what cannot be done here; nothing was copied.
    case unsupported
    /// The memory for the buffers cannot be had.
    case memory
  }

  /// What failed.
  public let operation: Operation
  /// The path, as the user would write it; empty where there is none.
  public let path: FilePath
  /// The reason that the kernel gave, where it gave one.
  public let errno: Errno?
  /// Where in the file it failed, in bytes, where that is known.
  public let offset: UInt64?
  /// How many bytes could not be moved, where that is known.
  public let length: UInt64?
  /// What it means for the run.
  public let severity: Severity

  /// Describes a failure.
  public init(
    _ operation: Operation,
    _ path: FilePath,
    _ errno: Errno?,
    _ severity: Severity,
    offset: UInt64? = nil,
    length: UInt64? = nil
  ) {
    self.operation = operation
    self.path = path
    self.errno = errno
    self.severity = severity
    self.offset = offset
    self.length = length
  }

  /// Describes a failure at the target, whose severity follows from errno and operation.
  public static func target(
    _ operation: Operation,
    _ path: FilePath,
    _ errno: Errno,
    offset: UInt64? = nil
  ) -> CopyError {
    CopyError(operation, path, errno, severity(operation, errno), offset: offset)
  }

  /// What a failure at the target means: where data cannot be written, no other file's can.
  static func severity(_ operation: Operation, _ errno: Errno) -> Severity {
    if operation.isAboutOneEntry(errno) { return .entry }
    return switch operation {
    case .write, .writeZeros, .allocate, .sync: errno.stopsRun || errno == .ioError ? .stop : .entry
    default: errno.stopsRun ? .stop : .entry
    }
  }

  /// The same, where it costs one entry and not the run.
  var ofEntry: CopyError {
    CopyError(operation, path, errno, .entry, offset: offset, length: length)
  }

  /// Describes a failure at the source: an entry that is gone has vanished.
  public static func source(
    _ operation: Operation,
    _ path: FilePath,
    _ errno: Errno,
    offset: UInt64? = nil
  ) -> CopyError {
    let severity: Severity = errno == .noSuchFileOrDirectory ? .vanished : .entry
    return CopyError(operation, path, errno, severity, offset: offset)
  }
}

extension CopyError {
  /// What can fail.
  public enum Operation: Equatable, Sendable {
    /// `statx` of an entry.
    case stat
    /// `statx` of what was listed, and is to be there.
    case findArgument
    /// `statx` of what a symbolic link leads to; there is nothing.
    case findReferent
    /// `statx` of what a symbolic link leads to, or a link that leads to a directory it lies in.
    case followLink
    /// Opening a file.
    case open
    /// Opening a directory.
    case openDirectory
    /// `getdents64` of a directory.
    case readDirectory
    /// `readlinkat` of a symbolic link.
    case readLink
    /// Reading data.
    case read
    /// Reading so many ranges of a file, which were left out or filled with zeros; offset and
    /// length are those of the first.
    case readRanges(Int, bytes: UInt64, areFilled: Bool)
    /// Writing a mapfile.
    case writeMapfile
    /// Writing data, or its writeback.
    case write
    /// Anything that writes below a directory, which was given up: nothing can be written there.
    case writeBelow
    /// Filling a part of a device with zeros.
    case writeZeros
    /// Nothing: less would stay free of the target than is asked for.
    case keepFree(bytes: Int)
    /// Nothing: the target has less free than is needed, in bytes.
    case needRoom(bytes: UInt64, free: UInt64)
    /// Nothing: the target can make fewer inodes than are needed.
    case needInodes(UInt64, free: UInt64)
    /// Making a file without a name, or with a temporary one.
    case create
    /// `ftruncate`.
    case setSize
    /// `fallocate`.
    case allocate
    /// `FICLONE`.
    case shareExtents
    /// `linkat` or `renameat2` of a complete file to its name.
    case publish
    /// `mkdirat`.
    case makeDirectory
    /// `symlinkat` or `linkat`.
    case makeLink
    /// `linkat` to another name of the same file, which is copied instead.
    case copyInsteadOfLink(to: FilePath)
    /// Nothing: the target takes the name for another one of the source, which is there.
    case nameIsTaken(by: FilePath)
    /// `mknodat`.
    case makeNode
    /// `unlinkat` of a directory that has the name of something else.
    case replaceDirectory
    /// Nothing: what has the name, or its directory, is set to be left as it is.
    case replaceProtected(Protection)
    /// `getdents64` of a directory of the target, to find what the source lacks.
    case readTargetDirectory
    /// `unlinkat` of a name that the source lacks.
    case delete
    /// `openat2`, `getdents64` or `unlinkat` of a directory that the source lacks.
    case deleteDirectory
    /// Nothing: something is mounted on a directory that the source lacks.
    case deleteMounted
    /// Nothing: something in a directory has to stay whose name is needed.
    case makeWay
    /// `unlinkat` of a source that is at the target.
    case removeSource
    /// Nothing: a source that was to be removed has changed since it was copied.
    case removeChangedSource
    /// Nothing: a source that was to be removed is what is at the target.
    case removeSourceOfItself
    /// `fchownat` of the owner.
    case setOwner
    /// `fchownat` of the group.
    case setGroup
    /// `fchownat` of both.
    case setOwnerAndGroup
    /// `fchmodat2`.
    case setPermissions
    /// `fchmodat2`, after which these of setuid and setgid are not set, without an error.
    case keepSpecialPermissions(UInt32)
    /// `utimensat`.
    case setTimes
    /// `listxattr`.
    case listAttributes
    /// `getxattr` of the named attribute.
    case readAttribute(EntryName)
    /// `setxattr` of the named attribute.
    case setAttribute(EntryName)
    /// `removexattr` of the named attribute.
    case removeAttribute(EntryName)
    /// Anything at all: the filesystem or its disk does not answer.
    case reachFilesystem
    /// `syncfs` or `fsync`.
    case sync
    /// The target has no room for so many files.
    case leaveOut(files: Int)
    /// The disk does not have what it was given, though it said so; the file was removed.
    case keepData
    /// The same, and the file could not be removed.
    case removeWrong
    /// Opening the directory for temporary names.
    case openTemporaryDirectory
    /// Keeping what there is of a file whose copy was interrupted.
    case keepPartial
    /// Putting aside what is replaced or deleted.
    case backUp
    /// Removing a name, such as what another tree has as well, failed.
    case remove
    /// The source has become shorter, and was not copied.
    case sourceShrank(from: UInt64, to: UInt64)
    /// The source has another size than when its copying began.
    case sourceResized(from: UInt64, to: UInt64)
    /// The source was written to while it was copied.
    case sourceChanged
    /// A device or image ended early.
    case sourceEnded(at: UInt64, size: UInt64)
    /// The target directory lies in what is copied, and is left out.
    case copyIntoItself
    /// A source operand cannot be opened.
    case openSource
    /// The target operand cannot be opened.
    case openTarget
    /// Operands do not go together.
    case refuse(OperandRefusal)
    /// Filter rules cannot be followed.
    case filter(FilterError)
    /// io_uring cannot be had.
    case setUpRing
    /// io_uring failed.
    case useRing
    /// There is no memory for the buffers.
    case allocateBuffers
    /// There is no thread that would end the run when its time is over.
    case watchTime
  }

  /// What keeps something from being replaced, whoever asks (`chattr`).
  public enum Protection: Equatable, Sendable {
    /// It is immutable.
    case isImmutable
    /// It only grows.
    case isAppendOnly
    /// Its directory is immutable.
    case liesInImmutable
    /// Its directory only gets more names.
    case liesInAppendOnly
  }
}

extension CopyError {
  /// Whether it is about something that was to be removed from the target.
  var isOfDeletion: Bool {
    let all: [Operation] = [.readTargetDirectory, .delete, .deleteDirectory, .deleteMounted]
    return all.contains(operation)
  }

  /// Whether names may be there that were not seen, or cannot be told to be.
  var hidesNames: Bool {
    switch operation {
    case .stat, .open, .openDirectory, .readDirectory, .readLink, .read, .readRanges,
      .listAttributes, .readAttribute, .reachFilesystem, .readTargetDirectory, .findReferent,
      .followLink:
      severity != .vanished
    case .findArgument: errno != .noSuchFileOrDirectory
    default: false
    }
  }
}

extension CopyError.Operation {
  /// Whether an errno that else says that nothing more can be written is about one entry here.
  ///
  /// An inode has room for so many attributes (one block on ext4, one leaf on btrfs) however empty
  /// the disk is, and a new owner's quota is nobody else's. A disk that is full is told by the
  /// calls that write data or make names.
  fileprivate func isAboutOneEntry(_ errno: Errno) -> Bool {
    switch self {
    case .setAttribute, .removeAttribute: errno == .noSpace || errno == .diskQuotaExceeded
    case .setOwner, .setGroup, .setOwnerAndGroup: errno == .diskQuotaExceeded
    default: false
    }
  }
}

extension Errno {
  /// Whether nothing more can be written to the target after this.
  var stopsRun: Bool {
    self == .noSpace || self == .diskQuotaExceeded || self == .readOnlyFileSystem
  }
}
