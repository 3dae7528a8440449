// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// The filesystems that a run writes to, to be brought to stable storage.
final class TargetFilesystems: Sendable {
  private struct Filesystem {
    let device: UInt64
    let place: FailedPlace

    func failure(_ errno: Errno) -> FilesystemFailure {
      let error = CopyError(.sync, place.directory.targetPath(), errno, .stop)
      return FilesystemFailure(error: error, device: device, place: place)
    }
  }
  private let known = Lock<[Filesystem]>([])

  /// Remembers a directory that is written to, if it is the first on its filesystem.
  func note(_ directory: CopyDirectory, _ sides: DirectorySides, device: UInt64) {
    known.withLock { known in
      guard !known.contains(where: { $0.device == device }) else { return }
      known.append(Filesystem(device: device, place: FailedPlace(directory, sides)))
    }
  }

  /// Brings everything that was written to stable storage (`syncfs`).
  ///
  /// - Returns: What failed. Each failure is told once, whoever asks.
  func sync() -> [FilesystemFailure] {
    // Not under the lock: workers enter directories meanwhile.
    known.withLock { $0 }.compactMap { filesystem in
      do throws(Errno) {
        try FilesystemCalls.sync(filesystem.place.sides.target)
        return nil
      } catch {
        return filesystem.failure(error)
      }
    }
  }

  /// An error of data that no file's name is known for, as a failure of its filesystem.
  ///
  /// - Parameters:
  ///   - errno: The error.
  ///   - device: The filesystem's; where that is not known, the first counts.
  /// - Returns: The failure; `nil` where nothing was written to.
  func failure(_ errno: Errno, of device: UInt64?) -> FilesystemFailure? {
    let known = known.withLock { $0 }
    return (known.first { $0.device == device } ?? known.first)?.failure(errno)
  }
}
