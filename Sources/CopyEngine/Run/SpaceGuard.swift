// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import Synchronization
internal import SystemPackage

/// What a run has learned of how much still fits on its target's filesystems, and into quotas.
///
/// A file that finds no room does not end the run while smaller ones may find some: as many files
/// as fit are copied. Where next to nothing is left there is no point in going on.
final class SpaceGuard: Sendable {
  private struct Shortage {
    /// The size of the smallest file that found no room, in bytes.
    var bound = UInt64.max
    var refusals = 0
    /// How many files were not tried.
    var filesLeftOut = 0
    let path: FilePath
  }
  private let shortages = Lock<[GivenUp.Part: Shortage]>([:])
  private let hasShortage = Atomic<Bool>(false)

  /// With less free than this a target counts as full, in bytes.
  private static let freeBytesMin: UInt64 = 1 << 20
  /// So many files may find no room, each smaller than those before.
  private static let refusalsMax = 32

  /// Whether any file found no room.
  var isShort: Bool { hasShortage.load(ordering: .relaxed) }

  /// Notes that a file found no room.
  ///
  /// - Parameters:
  ///   - bytes: Its size.
  ///   - limit: What has no room.
  ///   - free: How much there still is, in bytes.
  ///   - path: Where what has no room begins.
  /// - Returns: Whether smaller files may find some.
  func refused(
    _ bytes: UInt64,
    by limit: GivenUp.Part,
    free: UInt64,
    path: @autoclosure () -> FilePath
  ) -> Bool {
    hasShortage.store(true, ordering: .relaxed)
    return shortages.withLock { shortages in
      var shortage = shortages[limit] ?? Shortage(path: path())
      shortage.bound = min(shortage.bound, bytes)
      shortage.refusals += 1
      shortages[limit] = shortage
      return free >= Self.freeBytesMin && shortage.refusals <= Self.refusalsMax
    }
  }

  /// Counts a file that found no room with those that were not tried, unless it was the first.
  ///
  /// - Returns: Whether it did.
  func countsAgain(_ limit: GivenUp.Part) -> Bool {
    shortages.withLock { shortages in
      guard let found = shortages[limit], found.refusals > 1 else { return false }
      shortages[limit]?.filesLeftOut += 1
      return true
    }
  }

  /// Whether a file has no chance, since a smaller one found no room; it is counted then.
  ///
  /// - Parameters:
  ///   - bytes: Its size.
  ///   - limits: What it needs room of; asked only where there is a shortage.
  /// - Returns: Whether it has none.
  func leavesOut(_ bytes: UInt64, limits: () -> [GivenUp.Part]) -> Bool {
    guard isShort, shortages.withLock({ $0.values.contains { bytes >= $0.bound } }) else {
      return false
    }
    let limits = limits()
    return shortages.withLock { shortages in
      let found = limits.first { bytes >= shortages[$0]?.bound ?? .max }
      guard let found else { return false }
      shortages[found]?.filesLeftOut += 1
      return true
    }
  }

  /// What left files out that were not tried: where it begins, and how many.
  var leftOut: [(limit: GivenUp.Part, path: FilePath, files: Int)] {
    shortages.withLock { shortages in
      shortages.filter { $0.value.filesLeftOut > 0 }.map { ($0, $1.path, $1.filesLeftOut) }
    }
  }
}
