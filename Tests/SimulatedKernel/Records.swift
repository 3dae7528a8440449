// SPDX-License-Identifier: Apache-2.0

public import Uring

/// An operation that was carried out, for tests that look at what was asked and in which order.
public struct OperationRecord: Equatable, Sendable {
  /// The kind.
  public let operation: Submission.Operation
  /// The open file.
  public let descriptor: Int32
  /// The start of the range, in bytes.
  public let offset: UInt64
  /// The length of the range, in bytes.
  public let length: UInt64
  /// The advice, the `SYNC_FILE_RANGE_*` flags, or the `fallocate` mode.
  public let argument: Int32
  /// The count of bytes, 0, or a negated errno.
  public let result: Int32
}

/// Linked requests, or one without a link, on the way.
struct Chain {
  let number: Int
  let members: [Submission]
  var next = 0
  /// The last member that posted a completion, or -1.
  var lastPosted = -1
}

/// A completion that waits to be taken.
struct PostedCompletion {
  let completion: Completion
  let chain: Int
  let member: Int
  /// Whether the rest of the chain was cancelled by it.
  let endsChain: Bool
}

/// A request that its owner must believe to be in flight: its file and buffer are in use.
struct Hold {
  let chain: Int
  let member: Int
  let submission: Submission

  /// Whether two requests use a common part of the memory.
  func sharesBuffer(with other: Submission) -> Bool {
    guard let mine = submission.buffer, let theirs = other.buffer else { return false }
    let (start, otherStart) = unsafe (UInt(bitPattern: mine.start), UInt(bitPattern: theirs.start))
    return start < otherStart + UInt(theirs.count) && otherStart < start + UInt(mine.count)
  }

  /// Whether both write to a common part of one file.
  func writesSameRange(as other: Submission) -> Bool {
    submission.operation == .write && other.operation == .write
      && submission.descriptor == other.descriptor
      && submission.offset < other.offset + other.length
      && other.offset < submission.offset + submission.length
  }
}
