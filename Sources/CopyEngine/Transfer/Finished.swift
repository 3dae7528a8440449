// SPDX-License-Identifier: Apache-2.0

internal import Uring

/// A file whose data has been moved, or not.
struct Finished<File: ~Copyable>: ~Copyable {
  let outcome: FileTask.Outcome
  /// Where the request began that failed, in bytes, if one did.
  let failedAt: UInt64?
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
    failedAt: UInt64?,
    contents: BufferSlice?,
    slot: LoadSlot?,
    tail: [UInt8],
    file: consuming File
  ) {
    self.outcome = outcome
    self.failedAt = failedAt
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
