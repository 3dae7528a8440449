// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// What is said of deletions, in rsync's words.
enum DeletionText {
  /// What was removed, or was to be, in rsync's words; `nil` where nobody wants to know.
  static func line(_ event: DeletionEvent, _ verbosity: Verbosity) -> Message? {
    var message = Message()
    switch event {
    case .deleted(let path, let isDirectory):
      message.append("deleting ")
      message.append(path)
      if isDirectory { message.append("/") }
    case .removedSource(let path):
      guard verbosity.level > 1 else { return nil }
      message.append("sender removed ")
      message.append(path)
    case .sourceIsGone(let path):
      message.append("sender file already removed: ")
      message.append(path)
    case .keptDirectory(let path):
      message.append("cannot delete non-empty directory: ")
      message.append(path)
    case .keptMountPoint(let path):
      guard verbosity.level > 1 else { return nil }
      message.append("cannot delete mount point: ")
      message.append(path)
    case .heldBack:
      message.append("IO error encountered -- skipping file deletion")
    }
    return message
  }
}
