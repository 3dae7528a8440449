// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel
import SystemPackage

extension CopyError {
  /// What failed, as words behind the path.
  var text: String {
    let place = offset.map { " at offset \($0)" } ?? ""
    let reason = errno.map { ": \($0.description)" } ?? ""
    return operation.text + place + extent + reason + need
  }

  /// What would have to be there, where the kernel has no way.
  private var need: String {
    if operation == .openTarget && errno == .tooManySymbolicLinkLevels {
      return " (--insecure-links follows links of other users)"
    }
    guard errno == .noFunction else { return "" }
    return switch operation {
    case .setPermissions: " (it takes /proc, or Linux 6.6)"
    case .listAttributes, .readAttribute, .setAttribute, .removeAttribute:
      " (it takes /proc, or Linux 6.13)"
    default: ""
    }
  }

  /// How much cannot be read, behind the place where that begins.
  private var extent: String {
    switch operation {
    case .read, .readRanges: length.map { " (\($0) bytes)" } ?? ""
    default: ""
    }
  }
}

extension CopyError.Operation {
  /// The operation, as words behind a path.
  fileprivate var text: String {
    switch self {
    case .stat, .findArgument: "cannot stat"
    case .findReferent: "symlink has no referent"
    case .followLink: "cannot follow symlink"
    case .open: "cannot open"
    case .openDirectory: "cannot open directory"
    case .readDirectory: "cannot read directory"
    case .readLink: "cannot read link"
    case .read: "cannot read"
    case .readRanges(let count, let bytes, let areFilled):
      "\(areFilled ? "filled with zeros" : "left out") what cannot be read, \(bytes) bytes in "
        + "\(count) \(count == 1 ? "range" : "ranges"), the first"
    case .writeMapfile: "cannot write what could not be read"
    case .write: "cannot write"
    case .writeBelow: "cannot be written to, and was left out"
    case .writeZeros: "cannot write zeros"
    case .keepFree(let bytes): "not copied, since less than \(bytes) bytes would stay free"
    case .needRoom(let bytes, let free):
      "nothing was copied, since \(bytes) bytes are needed, and \(free) are free"
    case .needInodes(let count, let free):
      "nothing was copied, since \(count) inodes are needed, and \(free) are free"
    case .create: "cannot create"
    case .setSize: "cannot set size"
    case .allocate: "cannot allocate"
    case .shareExtents: "cannot share extents"
    case .publish: "cannot publish"
    case .makeDirectory: "cannot make directory"
    case .makeLink: "cannot make link"
    case .copyInsteadOfLink(let first): "copied, since it cannot be linked to \(first)"
    case .nameIsTaken(let other): "not copied, since the target takes its name for \(other)"
    case .makeNode: "cannot make node"
    case .replaceDirectory: "cannot replace directory"
    case .replaceProtected(let protection): "cannot be replaced, since \(protection.text)"
    case .readTargetDirectory: "cannot read directory"
    case .delete: "cannot delete"
    case .deleteDirectory: "cannot delete directory"
    case .deleteMounted: "cannot delete mount point"
    case .makeWay: "cannot be replaced, since something in it has to stay"
    case .removeSource: "sender failed to remove"
    case .removeChangedSource: "ERROR: Skipping sender remove for changed file"
    case .removeSourceOfItself: "ERROR: Skipping sender remove of destination file"
    case .setOwner: "cannot set owner"
    case .setGroup: "cannot set group"
    case .setOwnerAndGroup: "cannot set owner and group"
    case .setPermissions: "cannot set permissions"
    case .keepSpecialPermissions(let lost): "cannot set \(Self.names(ofSpecial: lost))"
    case .setTimes: "cannot set times"
    case .listAttributes: "cannot list attributes"
    case .readAttribute(let name): "cannot read attribute \(name.text)"
    case .setAttribute(let name): "cannot set attribute \(name.text)"
    case .removeAttribute(let name): "cannot remove attribute \(name.text)"
    case .reachFilesystem: "the filesystem or its disk does not answer"
    case .sync: "cannot bring to stable storage"
    case .leaveOut(let files):
      "\(files) \(files == 1 ? "file is" : "files are") left out, since others found no room"
    case .keepData: "is not what was written to it, and was removed"
    case .openTemporaryDirectory: "cannot be used by --temp-dir"
    case .keepPartial: "cannot keep what there is of it"
    case .backUp: "cannot be backed up"
    case .remove: "cannot remove"
    case .removeWrong: "is not what was written to it, and cannot be removed"
    case .sourceShrank(let before, let now):
      "shrank from \(before) to \(now) bytes while it was copied; not copied"
    case .sourceResized(let before, let now):
      "changed from \(before) to \(now) bytes while it was copied"
    case .sourceChanged: "changed while it was copied"
    case .sourceEnded(let offset, let size): "ended at \(offset) of \(size) bytes"
    case .copyIntoItself: "not copied into itself"
    case .openSource: "cannot open source"
    case .openTarget: "cannot open target"
    case .refuse(let refusal): refusal.text
    case .filter(let problem): String(decoding: problem.sentence, as: UTF8.self)
    case .setUpRing: "io_uring: cannot be had"
    case .useRing: "io_uring: the queue failed"
    case .allocateBuffers: "--memory: cannot get memory for buffers"
    case .watchTime: "no thread to end the run in time can be had"
    }
  }
}

extension CopyError.Operation {
  /// The same words for all of a kind, whatever they are about.
  var kindText: String {
    switch self {
    case .readRanges: "cannot be read in full"
    case .copyInsteadOfLink: "copied, since it cannot be linked"
    case .nameIsTaken: "not copied, since the target takes its name for another one"
    case .keepSpecialPermissions: "cannot set setuid or setgid"
    case .readAttribute: "cannot read an attribute"
    case .setAttribute: "cannot set an attribute"
    case .removeAttribute: "cannot remove an attribute"
    case .leaveOut: "left out, since others found no room"
    case .sourceShrank: "shrank while it was copied; not copied"
    case .sourceResized: "changed its size while it was copied"
    case .sourceEnded: "ended early"
    default: text
    }
  }

  /// What the permissions S_ISUID and S_ISGID are called.
  private static func names(ofSpecial permissions: UInt32) -> String {
    [(0o4000, "setuid"), (0o2000, "setgid")].filter { permissions & $0.0 != 0 }.map(\.1)
      .joined(separator: " and ")
  }
}

extension CopyError.Protection {
  /// The reason, as words behind a path.
  fileprivate var text: String {
    switch self {
    case .isImmutable: "it is immutable"
    case .isAppendOnly: "it is append-only"
    case .liesInImmutable: "its directory is immutable"
    case .liesInAppendOnly: "its directory is append-only"
    }
  }
}

extension OperandRefusal {
  /// The reason, as words behind a path.
  fileprivate var text: String {
    switch self {
    case .notADirectory: "is not a directory"
    case .backupDirectory: "is not a directory; --backup-dir needs one"
    case .fileOntoDevice:
      "is a device, and a file would take its place; --copy-devices writes onto block devices"
    case .targetInsideSource(let isOnOtherFilesystem):
      "target lies inside the source"
        + (isOnOtherFilesystem ? ", on another filesystem, which -x leaves out" : "")
    case .characterDevice: "is a character device, which has no contents to copy"
    case .directoryAmongDevices: "is a directory, which cannot be copied onto a device"
    case .notTheOnlySource: "is not the only source, and a device is copied alone"
    case .severalWorkers(let count):
      "--jobs: a device is copied by one worker, not \(count)"
    case .devicesShareNoExtents: "--reflink=always: a device shares no extents with anything"
    case .dontCacheDevices:
      "--cache=dontcache: is not for devices; advise leaves nothing in the cache either"
    case .directImage:
      "--cache=direct: an image is written through the page cache; direct:auto is possible"
    case .minFreeOfDevices: "--min-free: is for trees and files, not for devices and images"
    case .checkSpaceOfDevices:
      "--check-space: is for trees and files; the size of a device is compared in any case"
    case .discardsNoDevice: "is not a block device; --discard needs one"
    case .neitherDeviceNorFile: "is neither a block device nor a file"
    case .nothingToCopy(let isDevice):
      isDevice
        ? "has 0 bytes, as a device has without a medium, and was not copied"
        : "is an image of 0 bytes, and was not copied"
    case .slashAfterNoDirectory: "is no directory, and cannot have a slash behind it"
    case .inUse: "is in use (mounted, swap, or part of another device), and was not touched"
    case .tooSmall(let size, let needed):
      "is too small: it has \(size) bytes, the source \(needed)"
    case .sameDevice: "is source and target"
    case .sameBytes(let source): "lies on the same bytes as the source \(source)"
    case .mounted(let mounted): "\(mounted.text), and was not touched"
    case .missing: "is not there"
    case .emptySource:
      "is empty, and all that is at the target would be deleted (--force-delete does it)"
    case .unmountedSource(let point):
      "should be mounted at \(point) and is not, and what is at the target would be deleted "
        + "(--force-delete does it)"
    case .onCopiedDevice: "lies on the device that is copied"
    }
  }
}

extension MountedDevice {
  /// How much of a device is mounted, as words behind a path.
  var text: String { isAll ? "is mounted (\(type))" : "carries what is mounted (\(type))" }
}

extension EntryName {
  /// The name for a message; bytes that are no text are replaced.
  var text: String { String(decoding: bytes, as: UTF8.self) }
}
