// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// The filesystems that a run writes to, to be brought to stable storage.
final class TargetFilesystems: Sendable {
  private struct Filesystem {
    let device: UInt64
    let path: FilePath
    let sides: DirectorySides
  }
  private let known = Lock<[Filesystem]>([])

  /// Remembers a directory that is written to, if it is the first on its filesystem.
  func note(_ directory: CopyDirectory, _ sides: DirectorySides, device: UInt64) {
    known.withLock { known in
      guard !known.contains(where: { $0.device == device }) else { return }
      known.append(
        Filesystem(device: device, path: directory.targetPath(), sides: sides)
      )
    }
  }

  /// Brings everything that was written to stable storage (`syncfs`).
  ///
  /// - Returns: What failed. Each failure is told once, whoever asks.
  func sync() -> [CopyError] {
    // Not under the lock: workers enter directories meanwhile.
    known.withLock { $0 }.compactMap { filesystem in
      do throws(Errno) {
        try FilesystemCalls.sync(filesystem.sides.target)
        return nil
      } catch {
        return CopyError(.sync, filesystem.path, error, .stop)
      }
    }
  }

  /// An error of data that no file's name is known for, as a failure of the first filesystem.
  func failures(_ errno: Errno) -> [CopyError] {
    known.withLock { known in
      known.prefix(1).map { CopyError(.sync, $0.path, errno, .stop) }
    }
  }
}
