// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel

/// Keeps so much of each target filesystem free, by not beginning files that would not fit.
///
/// What was there when a filesystem was last asked is used up file by file, and it is asked again
/// only when that is gone. What is on its way may not have been allocated by then, and counts in
/// full; what a file replaces is free when it is published, and not before.
final class FreeSpace: Sendable {
  private struct Filesystem {
    /// What may still be begun, in bytes.
    var left: Int64 = 0
    /// What was begun and is not done, in bytes.
    var underWay: Int64 = 0
  }

  private let bytesMin: Int64
  private let keepsHoles: Bool
  private let filesystems = Lock<[UInt64: Filesystem]>([:])

  /// - Parameters:
  ///   - bytesMin: What has to stay free of each filesystem, in bytes.
  ///   - keepsHoles: Whether holes stay holes.
  init(keeping bytesMin: Int, keepsHoles: Bool) {
    self.bytesMin = Int64(bytesMin)
    self.keepsHoles = keepsHoles
  }

  /// Notes that a file is to be copied; `release` has to follow.
  ///
  /// - Returns: Whether enough stays free.
  func claim(_ entry: FoundEntry) -> Bool {
    guard let device = entry.sides.targetMetadata?.identity.device else { return true }
    let bytes = bytes(of: entry)
    return filesystems.withLock { filesystems in
      var found = filesystems[device, default: Filesystem()]
      defer { filesystems[device] = found }
      found.left -= bytes
      found.underWay += bytes
      guard found.left < 0 else { return true }
      // Whoever does not tell cannot be asked to keep anything.
      guard let room = FilesystemCalls.room(of: entry.sides.target) else { return true }
      found.left = Int64(clamping: room.availableBytes) - bytesMin - found.underWay
      return found.left >= 0
    }
  }

  /// Notes that a file is done.
  func release(_ entry: FoundEntry) {
    guard let device = entry.sides.targetMetadata?.identity.device else { return }
    let bytes = bytes(of: entry)
    filesystems.withLock { $0[device]?.underWay -= bytes }
  }

  private func bytes(of entry: FoundEntry) -> Int64 {
    Int64(clamping: entry.metadata.allocatedBytes(keepsHoles: keepsHoles))
  }
}
