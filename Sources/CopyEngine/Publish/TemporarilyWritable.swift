// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Synchronization
internal import SystemPackage

/// Directories of an ordinary user that are closed to their owner, and open while the run goes on.
///
/// Several sources may merge into one directory: its own permissions come back with the last. Where
/// nothing gives a directory its metadata, since the run was stopped or only entries were put into
/// it, they come back at the end of the run.
final class TemporarilyWritable: Sendable {
  private struct Entry {
    /// The permissions that it had before the run.
    let permissions: UInt32
    /// Who is not done with it.
    var users: [CopyDirectory]
  }

  private let entries = Mutex<[InodeIdentity: Entry]>([:])

  /// Read, write and search permission for the owner.
  private static let ownerPermissions: UInt32 = 0o700

  /// Opens a directory to its owner, if it is not, and remembers what it was (`fchmod`).
  ///
  /// Where that cannot be done, because it belongs to somebody else, writing to it will tell.
  func makeWritable(_ directory: CopyDirectory, _ target: EntryLocation, _ found: EntryMetadata) {
    entries.withLock { entries in
      if entries[found.identity]?.users.contains(where: { $0 === directory }) == true { return }
      if entries[found.identity] != nil {
        entries[found.identity]?.users.append(directory)
        return
      }
      let wanted = found.permissions | Self.ownerPermissions
      guard wanted != found.permissions, (try? target.setPermissions(wanted)) != nil else { return }
      entries[found.identity] = Entry(permissions: found.permissions, users: [directory])
    }
  }

  /// What `release` found.
  struct Release {
    /// The permissions that the directory had before the run.
    let permissions: UInt32
    /// Whether nobody else needs it to be open any more.
    let isLast: Bool
  }

  /// Notes that a directory is done; if it was the last user, whoever asks sets the permissions.
  ///
  /// - Parameters:
  ///   - directory: The directory.
  ///   - identity: The inode at the target.
  /// - Returns: What has to be set, or `nil` for a directory that was left alone.
  func release(_ directory: CopyDirectory, _ identity: InodeIdentity) -> Release? {
    entries.withLock { entries in
      guard var entry = entries[identity] else { return nil }
      entry.users.removeAll { $0 === directory }
      entries[identity] = entry.users.isEmpty ? nil : entry
      return Release(permissions: entry.permissions, isLast: entry.users.isEmpty)
    }
  }

  /// Gives all that are left their own permissions back, the deepest first: what is above has to be
  /// passed through.
  ///
  /// - Returns: What failed.
  func restoreAll(_ opener: DirectoryOpener) -> [CopyError] {
    let left = entries.withLock { entries in
      defer { entries = [:] }
      return entries.values.compactMap { entry in entry.users.first.map { ($0, entry.permissions) }
      }
    }
    return left.sorted { $0.0.depth > $1.0.depth }.compactMap { directory, permissions in
      do throws(CopyError) {
        try restore(directory, permissions, opener)
        return nil
      } catch {
        return error
      }
    }
  }

  private func restore(
    _ directory: CopyDirectory,
    _ permissions: UInt32,
    _ opener: DirectoryOpener
  ) throws(CopyError) {
    // By its name where it is not open any more: its source may be gone by now.
    let sides: DirectorySides
    let name: EntryName
    if let own = directory.openSides {
      (sides, name) = (own, .itself)
    } else if let parent = directory.parent {
      (sides, name) = (try opener.open(parent), directory.name)
    } else {
      return
    }
    defer { withExtendedLifetime(sides) {} }
    do {
      try EntryLocation(directory: sides.target, name: name).setPermissions(permissions)
    } catch {
      throw .target(.setPermissions, directory.targetPath(), error)
    }
  }
}
