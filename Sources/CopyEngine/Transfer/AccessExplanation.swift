// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage

/// What `--explain` says of the filesystems of a run, each thing once.
struct AccessExplanation {
  let run: RunContext

  /// Says what was chosen for a filesystem, and why.
  func tell(
    _ direction: Explanation.Direction,
    _ metadata: EntryMetadata,
    _ access: Access
  ) {
    run.explain(.access(direction, run.mounts.mount(metadata.mount), access.mode, access.reason))
  }

  /// Says how a target would be written, without making a file there.
  func tellWriting(
    to directory: Int32,
    _ metadata: EntryMetadata,
    _ policies: AccessPolicies
  ) {
    guard let access = policies.expectation(ofWritingTo: directory) else {
      return run.explain(.accessUnknown(run.mounts.mount(metadata.mount)))
    }
    tell(.writing, metadata, access)
  }

  /// Says that files need not be read and written, if they may share extents.
  func tellSharing(_ source: EntryMetadata, with target: EntryMetadata?) {
    let wanted = run.options.transfer.reflink
    guard wanted != .never, let target,
      wanted == .always || run.mounts.mayShareExtents(source, target)
    else { return }
    run.explain(.sharesExtents(run.mounts.mount(target.mount), isCertain: false))
  }
}
