// SPDX-License-Identifier: Apache-2.0

internal import CLiburing

/// One request, as it is queued (`struct io_uring_sqe`).
public struct Submission {
  /// The ring ops that fastsync uses.
  public enum Operation: UInt8, Sendable, CaseIterable {
    /// `IORING_OP_READ_FIXED`, or `IORING_OP_READ` for a buffer that is not registered.
    case read = 1
    /// `IORING_OP_WRITE_FIXED`, or `IORING_OP_WRITE` for a buffer that is not registered.
    case write
    /// `IORING_OP_FADVISE`.
    case advise
    /// `IORING_OP_SYNC_FILE_RANGE`.
    case syncRange
    /// `IORING_OP_FALLOCATE`.
    case allocate
  }

  /// How a request relates to the one queued after it, and to its completion.
  public struct Flags: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt8
    /// Makes a set of flags.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// The next request starts when this one has succeeded in full (`IOSQE_IO_LINK`).
    ///
    /// It is cancelled when this one fails or comes up short. Links do not span submits.
    public static let link = Flags(rawValue: UInt8(CL_REQUEST_LINK))
    /// There is no completion when it succeeds in full (`IOSQE_CQE_SKIP_SUCCESS`).
    ///
    /// When it does not, its own completion is the only one of it and of what is linked behind it.
    public static let skipSuccess = Flags(rawValue: UInt8(CL_REQUEST_SKIP_SUCCESS))
    /// What a buffered read or write brings into the page cache goes again when it is done
    /// (`RWF_DONTCACHE`, Linux 6.14); `EOPNOTSUPP` where kernel or filesystem cannot.
    public static let dontCache = Flags(rawValue: UInt8(CL_REQUEST_DONT_CACHE))
  }

  /// What is asked.
  public var operation: Operation
  /// Links and completion flags.
  public var flags: Flags = []
  /// The open file.
  public var descriptor: Int32
  /// The offset in the file, in bytes.
  public var offset: UInt64
  /// The length of the range, in bytes; 0 in `advise` means up to the end of the file.
  public var length: UInt64
  /// The buffer of a read or write.
  public var buffer: BufferSlice?
  /// The advice, the `SYNC_FILE_RANGE_*` flags, or the `fallocate` mode.
  public var argument: Int32 = 0
  /// Comes back with the completion.
  public var tag: Tag

  private init(
    _ operation: Operation,
    _ descriptor: Int32,
    _ offset: UInt64,
    _ length: UInt64,
    _ tag: Tag
  ) {
    self.operation = operation
    self.descriptor = descriptor
    self.offset = offset
    self.length = length
    self.tag = tag
  }

  /// The buffer of a request that is known to be a read or write.
  var requiredBuffer: BufferSlice {
    guard let buffer else { preconditionFailure("a read or write without a buffer") }
    return buffer
  }

  /// A read of `buffer.count` bytes at `offset` (`IORING_OP_READ_FIXED`, `pread`).
  public static func read(
    _ descriptor: Int32,
    into buffer: BufferSlice,
    at offset: UInt64,
    flags: Flags = [],
    tag: Tag
  ) -> Submission {
    var submission = Submission(.read, descriptor, offset, UInt64(buffer.count), tag)
    submission.buffer = buffer
    submission.flags = flags
    return submission
  }

  /// A write of `buffer.count` bytes at `offset` (`IORING_OP_WRITE_FIXED`, `pwrite`).
  public static func write(
    _ descriptor: Int32,
    from buffer: BufferSlice,
    at offset: UInt64,
    flags: Flags = [],
    tag: Tag
  ) -> Submission {
    var submission = Submission(.write, descriptor, offset, UInt64(buffer.count), tag)
    submission.buffer = buffer
    submission.flags = flags
    return submission
  }

  /// Advice for a range (`IORING_OP_FADVISE`, `posix_fadvise`), one of the `POSIX_FADV_*` values.
  public static func advise(
    _ descriptor: Int32,
    offset: UInt64,
    length: UInt64,
    advice: Int32,
    flags: Flags = [],
    tag: Tag
  ) -> Submission {
    var submission = Submission(.advise, descriptor, offset, length, tag)
    submission.argument = advice
    submission.flags = flags
    return submission
  }

  /// Starts or awaits the writeback of a range, by the `SYNC_FILE_RANGE_*` bits of the mode
  /// (`IORING_OP_SYNC_FILE_RANGE`, `sync_file_range`).
  public static func syncRange(
    _ descriptor: Int32,
    offset: UInt64,
    length: UInt64,
    mode: Int32,
    flags: Flags = [],
    tag: Tag
  ) -> Submission {
    var submission = Submission(.syncRange, descriptor, offset, length, tag)
    submission.argument = mode
    submission.flags = flags
    return submission
  }

  /// Allocates the blocks of a range (`IORING_OP_FALLOCATE`, mode 0).
  public static func allocate(
    _ descriptor: Int32,
    offset: UInt64,
    length: UInt64,
    tag: Tag
  ) -> Submission {
    Submission(.allocate, descriptor, offset, length, tag)
  }
}
