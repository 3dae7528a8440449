// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import Glibc
public import SystemPackage

/// System calls on an open regular file or block device, whose number its owner lends.
public enum FileCalls {
  /// The advice of `posix_fadvise`; the values are those of every Linux but s390.
  public enum Advice: Int32, Sendable {
    /// POSIX_FADV_RANDOM.
    case random = 1
    /// POSIX_FADV_SEQUENTIAL.
    case sequential = 2
    /// POSIX_FADV_WILLNEED.
    case willNeed = 3
    /// POSIX_FADV_DONTNEED.
    case dontNeed = 4
    /// POSIX_FADV_NOREUSE.
    case noReuse = 5
  }

  /// What `sync_file_range` does.
  public enum SyncRange: Int32, Sendable {
    /// SYNC_FILE_RANGE_WRITE: sends off what is dirty.
    case write = 2
    /// WAIT_BEFORE, WRITE and WAIT_AFTER: sends off what is dirty and waits for it.
    case writeAndWait = 7
  }

  /// Reads (`pread`, or `preadv2` with RWF_DONTCACHE).
  ///
  /// - Returns: How many bytes were read, 0 at the end of the file.
  public static func read(
    _ file: Int32,
    into buffer: UnsafeMutableRawBufferPointer,
    at offset: UInt64,
    dontCache: Bool = false
  ) throws(Errno) -> Int {
    let count = unsafe cl_call_read(
      file,
      buffer.baseAddress,
      UInt32(clamping: buffer.count),
      offset,
      dontCache
    )
    return Int(try value(of: count))
  }

  /// Writes (`pwrite`, or `pwritev2` with RWF_DONTCACHE).
  ///
  /// - Returns: How many bytes were written, which may be fewer than asked.
  public static func write(
    _ file: Int32,
    from buffer: UnsafeRawBufferPointer,
    at offset: UInt64,
    dontCache: Bool = false
  ) throws(Errno) -> Int {
    let count = unsafe cl_call_write(
      file,
      buffer.baseAddress,
      UInt32(clamping: buffer.count),
      offset,
      dontCache
    )
    return Int(try value(of: count))
  }

  /// Gives advice for a range; a length of 0 means up to the end (`posix_fadvise`).
  ///
  /// Advice that is not taken costs speed at most, so errors are not told.
  public static func advise(
    _ file: Int32,
    _ advice: Advice,
    offset: UInt64 = 0,
    length: UInt64 = 0
  ) {
    _ = cl_call_advise(file, offset, length, advice.rawValue)
  }

  /// Starts or awaits the writeback of a range; a length of 0 means up to the end
  /// (`sync_file_range`).
  public static func syncRange(
    _ file: Int32,
    _ mode: SyncRange,
    offset: UInt64 = 0,
    length: UInt64 = 0
  ) throws(Errno) {
    try value(of: cl_call_sync_range(file, offset, length, UInt32(mode.rawValue)))
  }

  /// Brings data and metadata to stable storage (`fsync`).
  public static func sync(_ file: Int32) throws(Errno) {
    guard fsync(file) == 0 else { throw Errno(rawValue: errno) }
  }

  /// Sends off and awaits all data, and what the filesystem does after the disk has it before it
  /// counts (`FS_IOC_FIEMAP` with FIEMAP_FLAG_SYNC): btrfs notes where data lies when the wait of
  /// `sync_file_range` is over already.
  public static func awaitExtents(_ file: Int32) throws(Errno) {
    try value(of: cl_await_extents(file))
  }

  /// Has the filesystem tell what it would tell of a file when it is closed, as FUSE and NFS do,
  /// and keeps the file open (`fcntl` with F_DUPFD_CLOEXEC, `close`).
  public static func flush(_ file: Int32) throws(Errno) {
    let copy = fcntl(file, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0, Glibc.close(copy) == 0 || errno == EINTR else {
      throw Errno(rawValue: errno)
    }
  }

  /// Locks a file or directory as long as its description is open (`flock`), unless somebody else
  /// has it locked in a way that does not go together with this one.
  public static func lock(_ file: Int32, isShared: Bool) throws(Errno) {
    guard flock(file, (isShared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 else {
      throw Errno(rawValue: errno)
    }
  }

  /// Allocates the blocks of a range (`fallocate`).
  public static func allocate(_ file: Int32, offset: UInt64, length: UInt64) throws(Errno) {
    try value(of: cl_call_allocate(file, 0, offset, length))
  }

  /// Sets the size, in bytes (`ftruncate`).
  public static func setSize(_ file: Int32, _ size: UInt64) throws(Errno) {
    guard ftruncate(file, off_t(size)) == 0 else { throw Errno(rawValue: errno) }
  }

  /// Shares all extents of a source with a target on the same filesystem (`FICLONE`).
  public static func clone(_ source: Int32, to target: Int32) throws(Errno) {
    try value(of: cl_clone(target, source))
  }

  /// Whether kernel or filesystem refuse to read a file without keeping it in the cache (`preadv2`
  /// with RWF_DONTCACHE, far behind its end, so that nothing is read).
  public static func refusesDontCache(_ file: Int32) -> Bool {
    var byte: UInt8 = 0
    return unsafe cl_call_read(file, &byte, 1, 1 << 62, true) == -Errno.notSupported.rawValue
  }

  /// Sets or clears direct I/O of an open file (`fcntl` with F_SETFL and O_DIRECT).
  public static func setDirect(_ file: Int32, _ isDirect: Bool) throws(Errno) {
    try value(of: cl_set_direct(file, isDirect ? 1 : 0))
  }

  /// What direct I/O has to be aligned to, in bytes (STATX_DIOALIGN); 0 where there is none, or the
  /// kernel does not tell.
  public static func directAlignment(of file: Int32) -> Int { Int(cl_direct_alignment(file)) }

  /// How many pages of a range are in the page cache (`cachestat`, Linux 6.5); `nil` where the
  /// kernel does not tell.
  public static func cachedPages(of file: Int32, offset: UInt64, length: UInt64) -> Int64? {
    let count = cl_cached_pages(file, offset, length)
    return count < 0 ? nil : count
  }

  /// Where the first extent lies on its disk, in bytes (FS_IOC_FIEMAP); 0 where it has no place of
  /// its own or that cannot be told.
  public static func firstPhysicalOffset(of file: Int32) -> UInt64 {
    UInt64(max(0, cl_first_physical(file)))
  }

  /// Whether the inode is set to be compressed (FS_IOC_GETFLAGS, FS_COMPR_FL).
  public static func isCompressed(_ file: Int32) -> Bool { cl_is_compressed(file) == 1 }

  /// Whether the inode's data is written over in its place, which btrfs then does not compress
  /// (FS_IOC_GETFLAGS, FS_NOCOW_FL).
  public static func isWrittenInPlace(_ file: Int32) -> Bool { cl_is_written_in_place(file) == 1 }

  /// Whether space is allocated for the inode in units of its own, larger than blocks
  /// (FS_IOC_FSGETXATTR, FS_XFLAG_EXTSIZE).
  public static func hasExtentSize(_ file: Int32) -> Bool {
    var flags = cl_extended_flags()
    return unsafe cl_get_extended_flags(file, &flags) == 0 && flags.has_extent_size != 0
  }

  /// The next offset with data at or after one; `nil` where there is none (`lseek` with SEEK_DATA).
  public static func nextData(of file: Int32, from offset: UInt64) throws(Errno) -> UInt64? {
    let found = cl_seek_data(file, Int64(offset))
    if found == -Int64(ENXIO) { return nil }
    return UInt64(try value(of: found))
  }

  /// The next offset that is in a hole at or after one, or the end (`lseek` with SEEK_HOLE).
  public static func nextHole(of file: Int32, from offset: UInt64) throws(Errno) -> UInt64 {
    UInt64(try value(of: cl_seek_hole(file, Int64(offset))))
  }

  /// Closes a descriptor that nobody owns any more (`close`).
  public static func close(_ file: Int32) { _ = Glibc.close(file) }
}
