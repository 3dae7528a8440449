// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import FileTree
import Glibc
import Kernel
import SystemPackage

extension CopyOptions {
  /// What is at the target, and beside it, in the engine's terms.
  mutating func setTarget(_ typed: TypedTarget) throws(Refusal) {
    basis = typed.basis
    publish.inPlace = try typed.inPlace()
    publish.writesDevices = typed.writesDevices
    staging = try typed.staging(Self.variable("RSYNC_PARTIAL_DIR"))
    backup = try typed.backup()
    // What is put beside the files changes the times of their directories in any case, as in rsync.
    if backup != nil && typed.backupDirectory == nil { metadata.omitsDirectoryTimes = true }
  }

  /// A variable of the environment that is not empty, in bytes.
  private static func variable(_ name: String) -> [UInt8]? {
    guard let start = unsafe getenv(name), unsafe start.pointee != 0 else { return nil }
    return unsafe UnsafeBufferPointer(start: start, count: strlen(start)).map {
      UInt8(bitPattern: $0)
    }
  }
}

extension StagingOptions {
  /// Leaves out directories beside the files, as rsync does.
  var rules: [FilterDirective] {
    guard let path = partialDirectory, path.isRelative else { return [] }
    return [FilterDirective(.directory, path.bytes)]
  }
}
