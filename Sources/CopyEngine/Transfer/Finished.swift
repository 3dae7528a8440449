// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage
internal import Uring

/// The bytes of a request that failed.
struct FailedRange: Equatable {
  let offset: UInt64
  let length: UInt64
  /// Everything below this offset was written when it failed, in bytes.
  var resumesAt: UInt64 = 0
}

/// A file whose data has been moved, or not.
struct Finished<File: ~Copyable>: ~Copyable {
  let outcome: FileTask.Outcome
  /// What the request was to move that failed, if one did.
  let failedRange: FailedRange?
  /// Where it failed, everything below this offset was written, in bytes.
  let writtenUpTo: UInt64
  /// How much of it was told to be under way, in bytes.
  let bytesTold: UInt64
  /// What was loaded; valid until its place is released.
  let contents: BufferSlice?
  /// The place of a file that was to be loaded, to be released.
  let slot: LoadSlot?
  /// The last bytes of a file that is written directly, where they are no whole sector: they are
  /// still to be written, through the cache.
  private var tail: [UInt8]
  var file: File

  init(
    outcome: FileTask.Outcome,
    failedRange: FailedRange?,
    writtenUpTo: UInt64,
    bytesTold: UInt64,
    contents: BufferSlice?,
    slot: LoadSlot?,
    tail: [UInt8],
    file: consuming File
  ) {
    self.outcome = outcome
    self.failedRange = failedRange
    self.writtenUpTo = writtenUpTo
    self.bytesTold = bytesTold
    self.contents = contents
    self.slot = slot
    self.tail = tail
    self.file = file
  }

  /// Takes the last bytes out, rather than copying them: the optimizer of Swift 6.3 would let go of
  /// the copy when the file is taken.
  mutating func takeTail() -> [UInt8] {
    let taken = tail
    tail = []
    return taken
  }

  consuming func takeFile() -> File { file }
}

extension CopyError {
  /// Describes the failure of a request.
  init(
    _ operation: Operation,
    _ path: FilePath,
    _ errno: Errno,
    _ severity: Severity,
    _ failed: FailedRange?
  ) {
    self.init(
      operation,
      path,
      errno,
      severity,
      offset: failed?.offset,
      length: failed?.length
    )
  }

  /// Describes the failure of a request at the target, whose severity follows from the errno.
  static func target(
    _ operation: Operation,
    _ path: FilePath,
    _ errno: Errno,
    _ failed: FailedRange?
  ) -> CopyError {
    CopyError(operation, path, errno, severity(operation, errno), failed)
  }
}
