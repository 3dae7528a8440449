// SPDX-License-Identifier: Apache-2.0

/// What files are sorted by, so that a disk reads them in one go.
struct ReadOrder: Comparable {
  let device: UInt64
  /// Where the data begins on the disk, in bytes.
  let offset: UInt64

  static func < (one: ReadOrder, other: ReadOrder) -> Bool {
    (one.device, one.offset) < (other.device, other.offset)
  }
}
