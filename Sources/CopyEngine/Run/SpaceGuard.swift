// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import Synchronization

/// What a run has learned of how much still fits on its target's filesystems.
///
/// A file that finds no room does not end the run while smaller ones may find some: as many files
/// as fit are copied. Where next to nothing is left there is no point in going on.
final class SpaceGuard: Sendable {
  private struct State {
    /// The size of the smallest file that found no room, by device, in bytes.
    var bounds: [UInt64: UInt64] = [:]
    var refusals = 0
    var filesLeftOut = 0
  }
  private let state = Lock(State())
  private let isShort = Atomic<Bool>(false)

  /// With less free than this a target counts as full, in bytes.
  private static let freeBytesMin: UInt64 = 1 << 20
  /// So many files may find no room, each smaller than those before.
  private static let refusalsMax = 32

  /// Notes that a file found no room.
  ///
  /// - Parameters:
  ///   - bytes: Its size.
  ///   - device: The target's filesystem.
  ///   - free: How much the filesystem still has, in bytes.
  /// - Returns: Whether smaller files may find some.
  func refused(_ bytes: UInt64, on device: UInt64, free: UInt64) -> Bool {
    isShort.store(true, ordering: .relaxed)
    return state.withLock { state in
      state.bounds[device] = min(state.bounds[device] ?? .max, bytes)
      state.refusals += 1
      return free >= Self.freeBytesMin && state.refusals <= Self.refusalsMax
    }
  }

  /// Whether a file has no chance, since a smaller one found no room; it is counted then.
  func leavesOut(_ bytes: UInt64, on device: UInt64) -> Bool {
    guard isShort.load(ordering: .relaxed) else { return false }
    return state.withLock { state in
      guard let bound = state.bounds[device], bytes >= bound else { return false }
      state.filesLeftOut += 1
      return true
    }
  }

  /// How many files were not tried.
  var filesLeftOut: Int { state.withLock { $0.filesLeftOut } }
}
