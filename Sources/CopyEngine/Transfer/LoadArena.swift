// SPDX-License-Identifier: Apache-2.0

internal import Kernel

/// A place in a buffer for the contents of one small file.
struct LoadSlot {
  /// The lease of the buffer.
  let lease: Int
  /// Where it starts in the buffer, in bytes.
  let start: Int
}

/// Cuts places for small files from leased buffers, one after the other, so that many share one.
///
/// A pure value: buffers are known by the number of their lease, and go back when nothing in them
/// is in use.
struct LoadArena {
  /// Places start at whole pages, which is enough for direct I/O.
  static let alignment = 4096

  private let blockBytes: Int
  private var current: Int?
  private var used = 0
  /// How many places of each lease are in use.
  private var users: [Int]

  init(blockBytes: Int, leasesMax: Int) {
    self.blockBytes = blockBytes
    users = Array(repeating: 0, count: leasesMax)
  }

  /// A place in the present buffer, or `nil` when there is none or it has no room for so many
  /// bytes.
  mutating func take(_ byteCount: Int) -> LoadSlot? {
    let needed = max(byteCount, 1).roundedUp(to: Self.alignment)
    guard let lease = current, used + needed <= blockBytes else { return nil }
    defer { used += needed }
    users[lease] += 1
    return LoadSlot(lease: lease, start: used)
  }

  /// Goes on in another buffer.
  ///
  /// - Precondition: What the next file needs fits into a buffer.
  mutating func begin(_ lease: Int) {
    current = lease
    used = 0
  }

  /// Ends the use of a place.
  ///
  /// - Returns: Whether nothing else in its buffer is in use, and the lease ends.
  mutating func release(_ slot: LoadSlot) -> Bool {
    users[slot.lease] -= 1
    guard users[slot.lease] == 0 else { return false }
    if current == slot.lease { current = nil }
    return true
  }
}
