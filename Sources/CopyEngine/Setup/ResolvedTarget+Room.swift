// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

extension ResolvedTarget {
  /// What the filesystem of the target has too little of, if that is to be checked.
  func lack(of growth: Growth, _ plan: CopyPlan) -> CopyError? {
    let publish = plan.options.publish
    guard publish.checksRoom,
      let room = FilesystemCalls.room(of: nearest.descriptor.rawValue)
    else { return nil }
    var free = room.bytes(isPrivileged: ProcessFacts.isPrivileged)
    if let kept = publish.minFreeBytes {
      free = room.availableBytes - min(room.availableBytes, UInt64(kept))
    }
    let (bytes, inodes) = (UInt64(clamping: growth.neededBytes), UInt64(clamping: growth.inodes))
    if bytes > free {
      return CopyError(.needRoom(bytes: bytes, free: free), plan.target, nil, .stop)
    }
    guard let freeInodes = room.freeInodes, inodes > freeInodes else { return nil }
    return CopyError(.needInodes(inodes, free: freeInodes), plan.target, nil, .stop)
  }
}
