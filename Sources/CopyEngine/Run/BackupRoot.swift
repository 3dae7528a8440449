// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// The directory that backups of a run go to, which is made for the first of them.
final class BackupRoot: Sendable {
  private let path: FilePath
  /// What the path is relative to.
  private let target: OpenDirectory
  private let followsAll: Bool
  private let opened = Lock<OpenDirectory?>(nil)

  /// Names the directory.
  ///
  /// - Parameters:
  ///   - path: Its path.
  ///   - target: What that is relative to.
  ///   - followsAll: Whether links of others on the way are followed.
  init(_ path: FilePath, beside target: OpenDirectory, followsAll: Bool) {
    self.path = path
    self.followsAll = followsAll
    self.target = target
  }

  /// Whether something else than a directory is there.
  var isNoDirectory: Bool {
    do throws(Errno) {
      _ = try TrustedPath(path, from: target.descriptor.rawValue, followsAll: true).openDirectory()
      return false
    } catch {
      return error == .notDirectory
    }
  }

  /// The open directory.
  func open() throws(Errno) -> OpenDirectory {
    var failure: Errno?
    let found = opened.withLock { opened -> OpenDirectory? in
      if let opened { return opened }
      let place = TrustedPath(
        path,
        from: target.descriptor.rawValue,
        followsAll: followsAll
      )
      do throws(Errno) {
        opened = OpenDirectory(try place.openDirectory(making: 0o777))
      } catch {
        failure = error
      }
      return opened
    }
    guard let found else { throw failure ?? .noSuchFileOrDirectory }
    return found
  }
}
