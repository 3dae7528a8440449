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

  /// Whether a name leads to the directory (`statx`): what is in it is never removed, since it
  /// would be put into it once more.
  func isAt(_ place: EntryLocation) -> Bool {
    guard let own = identity, let found = try? place.metadata() else { return false }
    return found.identity == own
  }

  /// Which directory it is, if it has been made.
  private var identity: InodeIdentity? {
    let known = opened.withLock { $0 }
    if let known {
      return try? EntryLocation(open: known.descriptor.rawValue).metadata().identity
    }
    let place = TrustedPath(path, from: target.descriptor.rawValue, followsAll: followsAll)
    guard let found = try? place.openDirectory() else { return nil }
    defer { withExtendedLifetime(found) {} }
    return try? EntryLocation(open: found.rawValue).metadata().identity
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
