// SPDX-License-Identifier: Apache-2.0

/// What a request carries through the kernel and back in `user_data`: who asked, and for what.
///
/// Packed into 64 bits: generation (32), slot (16), block (8), operation (8).
public struct Tag: RawRepresentable, Equatable, Sendable {
  /// The packed value, as it stands in `io_uring_sqe.user_data`.
  public let rawValue: UInt64

  /// Takes the value of an `io_uring_cqe.user_data` apart.
  public init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// Packs a tag.
  ///
  /// - Parameters:
  ///   - slot: The slot of the file that asks, less than 65,536.
  ///   - generation: How often that slot was given out; a late completion of an earlier owner
  ///     differs.
  ///   - block: Which block or request of the file, less than 256.
  ///   - operation: What was asked.
  public init(slot: Int, generation: UInt32, block: Int, operation: Submission.Operation) {
    precondition(slot >= 0 && slot <= 0xffff && block >= 0 && block <= 0xff)
    rawValue =
      UInt64(generation) << 32 | UInt64(slot) << 16 | UInt64(block) << 8
      | UInt64(operation.rawValue)
  }

  /// The slot of the file that asked.
  public var slot: Int { Int(rawValue >> 16 & 0xffff) }
  /// The generation of the slot when it asked.
  public var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }
  /// Which block or request of the file.
  public var block: Int { Int(rawValue >> 8 & 0xff) }
  /// What was asked, or `nil` for a value that no `Tag` was packed into.
  public var operation: Submission.Operation? {
    Submission.Operation(rawValue: UInt8(truncatingIfNeeded: rawValue))
  }
}
