// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import SystemPackage

/// What is said of deletions, in rsync's words.
enum DeletionText {
  /// What was removed, or was to be; `nil` where nobody wants to know.
  static func line(_ event: DeletionEvent, _ verbosity: Verbosity) -> Message? {
    switch event {
    case .deleted(let path, let isDirectory): line(of: path, isDirectory: isDirectory)
    case .removedSource(let path):
      verbosity.info[.remove] > 0 ? line("sender removed ", path) : nil
    case .sourceIsGone(let path): line("sender file already removed: ", path)
    case .keptDirectory(let path): line("cannot delete non-empty directory: ", path)
    case .keptMountPoint(let path):
      verbosity.info[.mount] > 0 ? line("cannot delete mount point: ", path) : nil
    case .heldBack: line("IO error encountered -- skipping file deletion", FilePath())
    }
  }

  /// What was removed.
  static func line(of path: FilePath, isDirectory: Bool) -> Message {
    line("deleting ", path, isDirectory ? "/" : "")
  }

  private static func line(_ before: String, _ path: FilePath, _ after: String = "") -> Message {
    var message = Message()
    message.append(before)
    message.append(path)
    message.append(after)
    return message
  }
}
