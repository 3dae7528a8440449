// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel
import SystemPackage

/// What may help against a failure, told once in a run.
enum Hint: CaseIterable {
  case owners
  case nodes
  case privilegedAttributes
  case accessLists
  case attributes
  case attributesRoom
  case readOnly
  case full
  case quota
  case openFiles
  case immutable
  case appendOnly
  case unreadableSource
  case closedTarget
  case badSectors
  case busySource
  case fileTooLarge
  case nameNotTaken
  case modesOfFilesystem
  case links

  /// What helps against a failure, if anything that is known does.
  ///
  /// - Parameters:
  ///   - error: What failed.
  ///   - isPrivileged: Whether root has failed, whom permissions do not stop.
  init?(_ error: CopyError, isPrivileged: Bool) {
    let found =
      error.errno.flatMap { Self.of(error.operation, $0, isPrivileged) }
      ?? Self.of(error.operation)
    guard let found else { return nil }
    self = found
  }

  /// What follows from what was tried.
  private static func of(_ operation: CopyError.Operation) -> Hint? {
    switch operation {
    case .needRoom, .needInodes, .leaveOut: .full
    case .replaceProtected(.isImmutable), .replaceProtected(.liesInImmutable): .immutable
    case .replaceProtected(.isAppendOnly), .replaceProtected(.liesInAppendOnly): .appendOnly
    case .sourceChanged, .sourceShrank, .sourceResized: .busySource
    default: nil
    }
  }

  /// What follows from the reason.
  private static func of(
    _ operation: CopyError.Operation,
    _ errno: Errno,
    _ isPrivileged: Bool
  ) -> Hint? {
    switch errno {
    case .readOnlyFileSystem: .readOnly
    case .tooManyOpenFiles, .tooManyOpenFilesInSystem: .openFiles
    case .fileTooLarge: .fileTooLarge
    case .diskQuotaExceeded: operation.isAboutAttributes ? .attributesRoom : .quota
    case .noSpace: operation.isAboutAttributes ? .attributesRoom : .full
    case .notSupported: unsupported(operation)
    case .notPermitted: forbidden(operation, isPrivileged)
    case .permissionDenied where !isPrivileged:
      operation.isAboutSource ? .unreadableSource : .closedTarget
    case .ioError where operation == .read: .badSectors
    case .invalidArgument where operation.makesNames, .fileNameTooLong where operation.makesNames,
      .illegalByteSequence where operation.makesNames:
      .nameNotTaken
    default: nil
    }
  }

  private static func unsupported(_ operation: CopyError.Operation) -> Hint? {
    switch operation {
    case .setAttribute(let name): name.isAccessList ? .accessLists : .attributes
    case .setOwner, .setGroup, .setOwnerAndGroup, .setPermissions: .modesOfFilesystem
    default: nil
    }
  }

  private static func forbidden(_ operation: CopyError.Operation, _ isPrivileged: Bool) -> Hint? {
    switch operation {
    case .setOwner, .setGroup, .setOwnerAndGroup: isPrivileged ? .modesOfFilesystem : .owners
    case .makeNode: isPrivileged ? nil : .nodes
    case .setAttribute(let name): isPrivileged || name.isOfUser ? nil : .privilegedAttributes
    case .setPermissions: isPrivileged ? .immutable : .closedTarget
    case .makeLink: .links
    case .publish, .delete, .deleteDirectory, .replaceDirectory, .create, .makeDirectory, .remove,
      .removeSource, .backUp:
      isPrivileged ? .immutable : .closedTarget
    default: nil
    }
  }
}

// The table of sentences.
extension Hint {
  /// What it says.
  var text: String {
    switch self {
    case .owners:
      "it needs root to keep owners and groups; -aHAXS --no-o --no-g copies without them"
    case .nodes: "it needs root to make devices; -aHAXS --no-devices copies without them"
    case .privilegedAttributes:
      "it needs root to keep attributes of security and trusted, such as capabilities; "
        + "-aHAXS copies without them"
    case .accessLists:
      "the target's filesystem has no ACLs, or is mounted without; -aHXS copies without them"
    case .attributes:
      "the target's filesystem has no such attributes; -aHAS copies without them"
    case .attributesRoom:
      "an inode has room for only so many attributes at the target; other filesystems have more"
    case .readOnly:
      "the filesystem is mounted read-only, or became so after an error, which dmesg tells then"
    case .full:
      "the target is full, of bytes (df) or of inodes (df -i); when there is room, the same "
        + "command goes on where it stopped, and --check-space asks before it begins"
    case .quota: "a quota is used up at the target (quota, repquota)"
    case .openFiles: "too few files may be open: ulimit -n 4096 raises that, --jobs=1 needs fewer"
    case .immutable: "lsattr tells what is immutable or append-only, chattr -i -a ends it"
    case .appendOnly: "lsattr tells what is append-only, chattr -a ends it"
    case .unreadableSource:
      "this user may not read some of it; root may (sudo), and --exclude leaves it out"
    case .closedTarget: "this user may not change that at the target; root may (sudo)"
    case .badSectors:
      "--on-read-error=skip copies what can be read; of a dying disk ddrescue gets more"
    case .busySource:
      "what is written to meanwhile is best copied from a snapshot (LVM, btrfs), or once more"
    case .fileTooLarge:
      "the target's filesystem has no files of that size (FAT: less than 4 GiB), or ulimit -f "
        + "forbids them"
    case .nameNotTaken:
      "the target's filesystem does not take such names (FAT and the like: no \\ : * ? \" < > |)"
    case .modesOfFilesystem:
      "the target's filesystem, or its server, has no owners or permissions to be set; "
        + "-rlt copies without them"
    case .links:
      "the target's filesystem has no links of that kind, as FAT has none; -rt copies without them"
    }
  }
}

extension EntryName {
  fileprivate var isAccessList: Bool { bytes.starts(with: "system.posix_acl_".utf8) }
  fileprivate var isOfUser: Bool { bytes.starts(with: "user.".utf8) }
}

extension CopyError.Operation {
  fileprivate var isAboutAttributes: Bool {
    switch self {
    case .listAttributes, .readAttribute, .setAttribute, .removeAttribute: true
    default: false
    }
  }

  /// Whether something is looked up or read at the source.
  fileprivate var isAboutSource: Bool {
    switch self {
    case .stat, .findArgument, .findReferent, .followLink, .open, .openDirectory, .readDirectory,
      .readLink, .read, .readRanges, .openSource, .listAttributes, .readAttribute:
      true
    default: false
    }
  }

  /// Whether a name is given to something.
  fileprivate var makesNames: Bool {
    switch self {
    case .create, .publish, .makeDirectory, .makeLink, .makeNode: true
    default: false
    }
  }
}
