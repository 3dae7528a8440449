// SPDX-License-Identifier: Apache-2.0

/// What the disks of a run are like, as far as it decides how they are used.
struct RunDisks: Equatable, Sendable {
  /// Whether a source lies on a disk that seeks.
  var sourceSeeks = false
  /// Whether the target does.
  var targetSeeks = false
  /// Whether the two share a disk that seeks.
  var sharesDisk = false
  /// The filesystem that the target is on.
  var targetKind = FilesystemKind.other
  /// What one row of the target's array takes, in bytes; 0 where it is none.
  var stripeBytes = 0

  /// Whether any disk seeks.
  var seek: Bool { sourceSeeks || targetSeeks }
}

extension RunDisks {
  /// Sums up the places of a run.
  init(_ places: [PlaceOnDisk]) {
    let sources = places.filter { $0.role == .source }
    sourceSeeks = sources.contains { $0.profile.seeks }
    guard let target = places.first(where: { $0.role == .target }) else { return }
    targetSeeks = target.profile.seeks
    stripeBytes = target.device.disks.count > 1 ? target.device.optimalBytes : 0
    // To take turns costs half of the speed where the disk does not seek after all.
    sharesDisk =
      targetSeeks && target.isCertain
      && sources.contains { $0.profile.seeks && $0.device.sharesDisk(with: target.device) }
  }
}
