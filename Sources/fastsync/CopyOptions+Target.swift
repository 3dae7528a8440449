// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import FileTree
import Kernel
import SystemPackage

extension CopyOptions {
  /// What is at the target, and beside it, in the engine's terms.
  mutating func setTarget(_ typed: TypedTarget) throws(Refusal) {
    basis = typed.basis
    publish.inPlace = try typed.inPlace()
    publish.writesDevices = typed.writesDevices
    staging = try typed.staging(Environment.nonEmptyVariable("RSYNC_PARTIAL_DIR"))
    backup = try typed.backup()
    // What is put beside the files changes the times of their directories in any case, as in rsync.
    if backup != nil && typed.backupDirectory == nil { metadata.omitsDirectoryTimes = true }
  }
}

extension StagingOptions {
  /// Leaves out directories beside the files, as rsync does.
  var rules: [FilterDirective] {
    guard let path = partialDirectory, path.isRelative else { return [] }
    return [FilterDirective(.directory, path.bytes)]
  }
}
