// SPDX-License-Identifier: Apache-2.0

/// What kind of disk a source or the target lies on.
public enum DiskProfile: String, Sendable, CaseIterable {
  /// What the disk claims, or turns out to be.
  case auto
  /// A solid disk with many deep queues.
  case nvme
  /// A solid disk.
  case ssd
  /// A disk with heads.
  case hdd
  /// A disk with heads and overlapping tracks: what it writes out of order it has to write again.
  case smr

  /// Whether it takes time to get from one place to another.
  public var seeks: Bool { self == .hdd || self == .smr }

  /// Of several disks the slowest one counts.
  package var slowness: Int {
    switch self {
    case .auto, .nvme: 0
    case .ssd: 1
    case .hdd: 2
    case .smr: 3
    }
  }
}
