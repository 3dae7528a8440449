// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage

// What `--explain` says of the filesystems of a run, each thing once.
extension RunContext {
  /// Says what was chosen for a filesystem, and why.
  func explain(
    _ direction: Explanation.Direction,
    _ metadata: EntryMetadata,
    _ access: Access
  ) {
    explain(.access(direction, mounts.mount(metadata.mount), access.mode, access.reason))
  }

  /// Says how a target would be written, without making a file there.
  func explainWriting(
    to directory: Int32,
    _ metadata: EntryMetadata,
    _ policies: AccessPolicies
  ) {
    guard let access = policies.expectation(ofWritingTo: directory) else {
      return explain(.accessUnknown(mounts.mount(metadata.mount)))
    }
    explain(.writing, metadata, access)
  }

  /// Says that files need not be read and written, if they may share extents.
  func explainSharing(_ source: EntryMetadata, with target: EntryMetadata?) {
    let wanted = options.transfer.reflink
    guard wanted != .never, let target,
      wanted == .always
        || target.identity.device == source.identity.device && mayShare(target)
    else { return }
    explain(.sharesExtents(mounts.mount(target.mount), isCertain: false))
  }

  /// Whether there is something to it: some filesystems of these kinds can, and no others.
  private func mayShare(_ target: EntryMetadata) -> Bool {
    guard let mount = mounts.mount(target.mount) else { return false }
    return ["btrfs", "xfs", "bcachefs", "zfs", "ocfs2", "overlay", "nfs4"].contains(mount.type)
  }
}
