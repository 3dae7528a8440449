// SPDX-License-Identifier: Apache-2.0

public import Kernel

/// What the disks of a run are like, as far as it decides how they are used.
public struct DiskTraits: Equatable, Sendable {
  /// Whether a source lies on a disk that seeks.
  public var sourceSeeks = false
  /// Whether the target does.
  public var targetSeeks = false
  /// Whether the two share a disk that seeks.
  public var sharesDisk = false
  /// The filesystem that the target is on.
  public var targetKind = FilesystemKind.other
  /// What one row of the target's array takes, in bytes; 0 where it is none.
  public var stripeBytes = 0

  /// Whether any disk seeks.
  public var seek: Bool { sourceSeeks || targetSeeks }
}

extension DiskTraits {
  /// No disk that seeks, and no array.
  package static var none: DiskTraits { DiskTraits() }

  /// Sums up the locations of a run.
  package init(_ locations: [StorageLocation]) {
    let sources = locations.filter { $0.role == .source }
    sourceSeeks = sources.contains { $0.profile.seeks }
    guard let target = locations.first(where: { $0.role == .target }) else { return }
    targetSeeks = target.profile.seeks
    stripeBytes = target.topology.disks.count > 1 ? target.topology.optimalBytes : 0
    // To take turns costs half of the speed where the disk does not seek after all.
    sharesDisk =
      targetSeeks && target.isCertain
      && sources.contains { $0.profile.seeks && $0.topology.sharesDisk(with: target.topology) }
  }
}
