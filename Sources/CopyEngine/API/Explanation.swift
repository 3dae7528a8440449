// SPDX-License-Identifier: Apache-2.0

public import Storage
public import SystemPackage

/// What a run chose, and why.
public enum Explanation: Equatable, Sendable {
  /// What a source or the target lies on; a device that is itself copied has a size, in bytes.
  case location(StorageLocation, deviceBytes: UInt64?)
  /// Whether source and target are on one physical disk.
  case sameDisk(SameDisk)
  /// All buffers are filled, then written, since one disk that seeks is read and written; with
  /// several workers, by each for itself.
  case takesTurns(isOneWorker: Bool)
  /// In which order disks that seek are read and written.
  case order(Order)
  /// How many workers there are.
  case workers(Int, WorkersReason)
  /// The buffers: how many, of how many bytes each, for rows of an array of so many bytes (or 0).
  case buffers(count: Int, bytesEach: Int, stripeBytes: Int, areShared: Bool)
  /// Buffers, workers and dirty data follow what the control group of the process may have of
  /// memory, and what the process may still map, in bytes.
  case memoryLimit(controlGroupBytes: Int?, addressBytes: Int?)
  /// Who carries out reads and writes.
  case engine(Engine)
  /// How a filesystem is read or written.
  case access(Direction, Filesystem, TransferOptions.CacheMode, AccessReason)
  /// How a filesystem would be written is told by a file alone, and a dry run makes none.
  case accessUnknown(Filesystem)
  /// How a device or image is read or written.
  case deviceAccess(Direction, FilePath, TransferOptions.CacheMode, AccessReason)
  /// Extents are shared on a filesystem, where they can be.
  case sharesExtents(Filesystem, isCertain: Bool)
  /// What has to happen on a filesystem before a file may have its name.
  case publishOrder(Filesystem, PublishOrder)

  /// In which order a filesystem brings to the disk what is done to it.
  public enum PublishOrder: Equatable, Sendable {
    /// Nothing of it outlasts a power cut.
    case none
    /// What is noted later comes to the disk later.
    case journal
    /// Anything may come first, until the filesystem is brought to stable storage.
    case anyOrder
    /// What is written goes to a server or process.
    case server
  }

  /// Whether source and target share a physical disk.
  public enum SameDisk: Sendable {
    /// They do.
    case yes
    /// They do not.
    case no
    /// No disk tells.
    case unknown
    /// Virtual disks may be parts of one.
    case unknownVirtual
  }

  /// In which order disks that seek are read and written.
  public enum Order: Equatable, Sendable {
    /// By inodes and places of data, one file written at a time.
    case oneStream
    /// By inodes and places of data, by so many workers; the target is written by all of them.
    case streams(Int, areWritten: Bool)
    /// A device from its beginning to its end.
    case sequential
  }

  /// Why there are as many workers as there are.
  public enum WorkersReason: Equatable, Sendable {
    /// The user asked for them.
    case asked
    /// A disk seeks.
    case seeks
    /// One for each processor, within bounds.
    case processors(min: Int, max: Int)
    /// Of so many wanted, since each needs a page of the buffers.
    case memory(wanted: Int)
    /// Of so many wanted, since the limit on open files allows no more.
    case descriptors(wanted: Int)
    /// Of so many wanted, since the control group has memory for no more.
    case controlGroup(wanted: Int)
    /// Of so many wanted, since the limit on mapped memory allows no more.
    case addressSpace(wanted: Int)
    /// No more threads could be started.
    case threads(Errno)
  }

  /// Who carries out reads and writes.
  public enum Engine: Equatable, Sendable {
    /// io_uring.
    case ring
    /// Plain calls, as the user asked.
    case callsAsked
    /// Plain calls, since io_uring cannot be had.
    case callsWithoutRing(Errno)
    /// Plain calls, since the kernel may start no thread for io_uring.
    case callsWithoutRingThreads
  }

  /// The two directions.
  public enum Direction: Sendable {
    /// Of sources.
    case reading
    /// Of the target.
    case writing
  }

  /// A filesystem, as people know it; `nil` where it is not known.
  public typealias Filesystem = MountTable.Mount?
}

/// Why a way of access was chosen.
public enum AccessReason: Equatable, Sendable {
  /// The user asked for it.
  case asked
  /// It passes by the page cache.
  case passesCache
  /// Something stands against direct I/O.
  case obstacle(DirectObstacle)
  /// Something stands against direct I/O, and RWF_DONTCACHE is not supported.
  case obstacleWithoutDontCache(DirectObstacle)
  /// RWF_DONTCACHE is not supported.
  case noDontCache
}

/// What stands against direct I/O.
public enum DirectObstacle: Equatable, Sendable {
  /// It was refused.
  case refused
  /// btrfs writes through the page cache whatever it is asked.
  case btrfsWrites
  /// btrfs hands direct reads to threads, out of order, and the disk seeks.
  case btrfsReadsOutOfOrder
  /// The blocks are no multiple of what btrfs wants.
  case oddBlocks
  /// The filesystem offers none.
  case notOffered
  /// It wants blocks of so many bytes.
  case wantsBlocks(of: Int)
  /// Direct writes into holes wait for each other.
  case holes
  /// Direct writes that make a file longer wait for each other.
  case growth
}
