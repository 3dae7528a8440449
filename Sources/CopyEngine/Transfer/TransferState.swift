// SPDX-License-Identifier: Apache-2.0

internal import Uring

/// What the file copiers of a run share.
struct TransferState: Sendable {
  /// The data buffers.
  let pool: BufferPool
  /// How each filesystem is read and written.
  let policies: AccessPolicies
  /// What limits the rate, if anything does.
  let pacer: Pacer?
}
