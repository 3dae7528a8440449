// SPDX-License-Identifier: Apache-2.0

internal import FileTree

// What `--explain` says of the filesystems of a run, each thing once.
extension CopyRun {
  /// Says what was chosen for a filesystem, and why.
  func explain(
    _ direction: AccessTable.Direction,
    _ metadata: EntryMetadata,
    _ access: Access
  ) {
    explainOnce(
      "\(direction.rawValue) \(place(metadata)): \(access.mode.rawValue) (\(access.reason))"
    )
  }

  /// Says how a target would be written, without making a file there.
  func explainWriting(to directory: Int32, _ metadata: EntryMetadata) {
    if let access = self.access.expectation(ofWritingTo: directory) {
      return explain(.writing, metadata, access)
    }
    explainOnce(
      "writing \(place(metadata)): direct or advise (only a file tells of direct I/O, and a dry run "
        + "makes none)"
    )
  }

  /// Says that files need not be read and written, if they may share extents.
  func explainSharing(_ source: EntryMetadata, with target: EntryMetadata?) {
    guard options.reflink != .never, let target,
      options.reflink == .always
        || target.identity.device == source.identity.device && mayShare(target)
    else { return }
    explainOnce(
      "sharing extents on \(place(target)) where they can be shared: nothing is read and written then"
    )
  }

  /// Says that files were not read and written, since their extents are shared.
  func explainShared(_ target: EntryMetadata) {
    explainOnce("sharing extents on \(place(target)): nothing is read and written")
  }

  /// Whether there is something to it: some filesystems of these kinds can, and no others.
  private func mayShare(_ target: EntryMetadata) -> Bool {
    guard let mount = mounts.mount(target.mount) else { return false }
    return ["btrfs", "xfs", "bcachefs", "zfs", "ocfs2", "overlay", "nfs4"].contains(mount.type)
  }

  private func place(_ metadata: EntryMetadata) -> String {
    mounts.mount(metadata.mount).map { "\($0.type) on \($0.source)" }
      ?? "no filesystem that is known"
  }
}
