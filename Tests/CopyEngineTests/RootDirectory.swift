// SPDX-License-Identifier: Apache-2.0

import FileTree
import Kernel
import SystemPackage

@testable import CopyEngine

extension CopyDirectory {
  /// A root that is open already, as one that a source operand named becomes.
  ///
  /// - Parameter sides: What it keeps open.
  /// - Returns: The root.
  static func root(_ sides: DirectorySides) -> CopyDirectory {
    let directory = CopyDirectory(
      source: "/s",
      target: "/t",
      root: Root(identity: InodeIdentity(device: 0, inode: 0), isPathOnly: false, target: nil),
      identity: nil,
      metadata: nil,
      isNew: false
    )
    _ = directory.keep(sides)
    return directory
  }
}
