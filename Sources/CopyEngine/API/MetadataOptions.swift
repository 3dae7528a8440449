// SPDX-License-Identifier: Apache-2.0

/// How metadata is carried over, beyond what of it is.
///
/// It has no arrays, since it goes along with every entry.
public struct MetadataOptions: Equatable, Sendable {
  /// Whether it is tried to give what only root can give: owners, devices, any group.
  public enum SuperUser: Equatable, Sendable {
    /// If the process is root's.
    case asProcess
    /// In any case (`--super`).
    case always
    /// In no case (`--no-super`).
    case never
    /// It is kept in attributes instead, and taken from there on both sides (`--fake-super`).
    case stored
  }

  /// Whether files become executable or not, as at the source, where permissions are not carried
  /// over (`-E`).
  public var keepsExecutability = false
  /// Whether directories keep their times (`-O`).
  public var omitsDirectoryTimes = false
  /// Whether symbolic links keep their times (`-J`).
  public var omitsLinkTimes = false
  /// Whether access times that differ are a difference of what is no directory, and those of
  /// directories are left alone (`-U`).
  public var comparesAccessTimes = false
  /// Whether what only root can give is tried.
  public var superUser = SuperUser.asProcess
  /// Whether the attributes in which rsync stores metadata (`user.rsync.%stat` and the like) are
  /// carried over as any other (`-XX`).
  public var keepsStoredMetadata = true

  /// The options of the bare command.
  public init() {}

  /// Whether what only root can give is tried by a process that is root's, or not.
  func isSuperUser(isPrivileged: Bool) -> Bool {
    switch superUser {
    case .asProcess: isPrivileged
    case .always, .stored: true
    case .never: false
    }
  }
}

extension MetadataOptions {
  /// Whether what only root can give is kept in attributes of the target, and taken from those of
  /// the source.
  var isStored: Bool { superUser == .stored }
}

extension CopyOptions {
  /// What is carried over by a process that is root's, or not.
  func preservation(isPrivileged: Bool) -> Preservation {
    let isSuperUser = metadata.isSuperUser(isPrivileged: isPrivileged)
    return skipsPrivileged && !isSuperUser
      ? preservation.subtracting([.owner, .devices]) : preservation
  }
}
