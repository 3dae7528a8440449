// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree
internal import SystemPackage
internal import Uring

/// A source and a target device.
struct DevicePair: Hashable {
  let source: UInt64
  let target: UInt64
}

// Files that share their extents with the source instead of a copy.
extension Worker where Queue: ~Copyable {
  /// Whether the two sides may share extents.
  func mayReflink(_ entry: FoundEntry) -> Bool {
    guard run.options.reflink != .never, entry.metadata.size > 0,
      let target = entry.handles.targetMetadata
    else { return false }
    let devices = DevicePair(
      source: entry.metadata.identity.device,
      target: target.identity.device
    )
    return run.options.reflink == .always || !cannotReflink.contains(devices)
  }

  /// Shares the extents of the source where both sides can (`FICLONE`).
  mutating func reflink(_ file: borrowing OpenFile) throws(CopyError) -> Bool {
    let entry = file.entry
    guard mayReflink(entry), let parent = entry.handles.targetMetadata else { return false }
    let result = cl_clone(file.targetNumber, file.source.rawValue)
    guard result < 0 else {
      if run.options.explains { run.explainShared(parent) }
      return true
    }
    let errno = Errno(rawValue: -result)
    guard run.options.reflink == .auto && !errno.stopsRun else {
      throw .target("cannot share extents", entry.targetPath, errno)
    }
    // EINVAL is about this file alone, such as one that is not checksummed on btrfs.
    if errno != .invalidArgument {
      cannotReflink.insert(
        DevicePair(source: file.opened.identity.device, target: parent.identity.device)
      )
    }
    return false
  }
}
