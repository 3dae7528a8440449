// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// A completion copied out of the queue (`struct io_uring_cqe`).
public struct Completion: Equatable, Sendable {
  /// The tag of the request that completed.
  public let tag: Tag
  /// What the operation returned: a count of bytes or 0, or a negated errno.
  public let result: Int32
  /// How long the operation took where its queue carried it out itself and measured that; else 0.
  public let nanoseconds: UInt64

  /// Makes a completion.
  public init(tag: Tag, result: Int32, nanoseconds: UInt64 = 0) {
    self.tag = tag
    self.result = result
    self.nanoseconds = nanoseconds
  }

  /// The error of the operation, or `nil` when it succeeded.
  public var error: Errno? {
    result < 0 ? Errno(rawValue: -result) : nil
  }
}
