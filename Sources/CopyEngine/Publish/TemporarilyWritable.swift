// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Target directories that have other permissions while the run goes on: open to their owner, where
/// an ordinary user has closed them, and closed to others as far as they will be when all is done.
///
/// Several sources may merge into one directory: its own metadata comes with the last. Where
/// nothing gives a directory its metadata, since the run was stopped or only entries were put into
/// it, what it had before comes back at the end of the run, but for what it is to lose.
final class TemporarilyWritable: Sendable {
  /// How a directory is to be while the run goes on.
  struct Interim {
    /// The permissions; an ordinary user gets those of the owner as well.
    let permissions: UInt32
    /// The owner and the group that it will have; `nil` where they are right.
    var owner: UInt32?
    var group: UInt32?
  }

  private struct Entry {
    /// What it was before the run.
    let found: EntryMetadata
    /// The permissions that it gets at the end of the run, if it has not got its own before.
    var permissions: UInt32
    /// Whether it was made another one for the run.
    let isChanged: Bool
    /// Who is not done with it.
    var users: [CopyDirectory]
  }

  private let entries = Lock<[InodeIdentity: Entry]>([:])
  private let isPrivileged: Bool

  /// Starts with none.
  ///
  /// - Parameter isPrivileged: Whether permissions do not count for this process.
  init(isPrivileged: Bool) {
    self.isPrivileged = isPrivileged
  }

  /// Read, write and search permission for the owner.
  private static let ownerPermissions: UInt32 = 0o700

  /// Makes a directory what it is to be while it is filled, and remembers what it was (`fchmod`,
  /// `fchown`).
  ///
  /// Where that cannot be done, because it belongs to somebody else, writing to it will tell, or
  /// giving it its metadata.
  func prepare(
    _ directory: CopyDirectory,
    _ target: EntryLocation,
    _ found: EntryMetadata,
    _ interim: Interim
  ) {
    let wanted = interim.permissions | (isPrivileged ? 0 : Self.ownerPermissions)
    entries.withLock { entries in
      if entries[found.identity]?.users.contains(where: { $0 === directory }) == true { return }
      if entries[found.identity] != nil {
        entries[found.identity]?.users.append(directory)
        return
      }
      let hasOwner = interim.owner == nil && interim.group == nil
      // Who is done first with one that others fill must not close it.
      let mayBeClosed = directory.isMerged && !isPrivileged
      guard wanted != found.permissions || !hasOwner || mayBeClosed else { return }
      guard wanted == found.permissions || (try? target.setPermissions(wanted)) != nil else {
        return
      }
      if !hasOwner && (try? target.setOwner(interim.owner, group: interim.group)) == nil {
        // An ordinary user may give it to a group of his.
        try? target.setOwner(nil, group: interim.group)
      }
      entries[found.identity] = Entry(
        found: found,
        permissions: interim.permissions,
        isChanged: wanted != found.permissions || !hasOwner,
        users: [directory]
      )
    }
  }

  /// What `release` found.
  struct Release {
    /// What the directory was before the run.
    let found: EntryMetadata
    /// Whether it was made another one for the run.
    let isChanged: Bool
    /// Whether others will give it its metadata.
    let isShared: Bool
    /// Whether it has to be open until the run ends, and gets its permissions then.
    let staysOpen: Bool
  }

  /// Notes that a directory is done; if nobody else will, whoever asks gives it its metadata.
  ///
  /// - Parameters:
  ///   - directory: The directory.
  ///   - identity: The inode at the target.
  ///   - wanted: The permissions that it is to have; `nil` for those that it had.
  /// - Returns: What is left to be done, or `nil` for a directory that was left alone.
  func release(
    _ directory: CopyDirectory,
    _ identity: InodeIdentity,
    wanted: UInt32?
  ) -> Release? {
    entries.withLock { entries in
      guard var entry = entries[identity] else { return nil }
      entry.users.removeAll { $0 === directory }
      // Entries that were named one by one are put into it until the run ends.
      let isShared = entry.users.contains { $0.metadata != nil }
      let staysOpen = !isShared && !entry.users.isEmpty && !isPrivileged
      if staysOpen, let wanted { entry.permissions = wanted }
      entries[identity] = isShared || staysOpen ? entry : nil
      return Release(
        found: entry.found,
        isChanged: entry.isChanged,
        isShared: isShared,
        staysOpen: staysOpen
      )
    }
  }

  /// Gives all that are left the permissions that they are to have, the deepest first: what is
  /// above has to be passed through.
  ///
  /// - Returns: What failed.
  func restoreAll(
    _ opener: DirectoryOpener
  ) -> [(error: CopyError, directory: CopyDirectory)] {
    let left = entries.withLock { entries in
      defer { entries = [:] }
      // What is not ours to change, and was not, stays.
      return entries.values.compactMap { entry in
        let isRight = !entry.isChanged && entry.permissions == entry.found.permissions
        return isRight ? nil : entry.users.first.map { ($0, entry.permissions) }
      }
    }
    return left.sorted { $0.0.depth > $1.0.depth }.compactMap { directory, permissions in
      // What lies above is next.
      defer { opener.close(directory) }
      do throws(CopyError) {
        try restore(directory, permissions, opener)
        return nil
      } catch {
        return (error, directory)
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
    } else if let target = directory.root?.target {
      (sides, name) = (DirectorySides(source: target, target: target), .itself)
    } else {
      return
    }
    defer { withExtendedLifetime(sides) {} }
    let lost: UInt32
    do {
      lost = try EntryLocation(directory: sides.target, name: name)
        .setPermissionsReadingBack(permissions)
    } catch {
      throw .target(.setPermissions, directory.targetPath(), error)
    }
    guard lost == 0 else {
      throw .target(.keepSpecialPermissions(lost), directory.targetPath(), .notPermitted)
    }
  }
}
