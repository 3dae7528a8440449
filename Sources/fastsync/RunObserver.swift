// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import SystemPackage

/// Says what happens during a run, as far as it was asked for.
struct RunObserver: CopyObserver {
  let output: Output
  let verbosity: Verbosity

  func updated(_ update: EntryUpdate) {
    if verbosity.level > 0 { output.write(Message.update(update).line) }
  }

  func failed(_ error: CopyError) {
    output.writeError(Message.failure(error).line)
  }

  func skipped(_ path: FilePath, isDirectory: Bool) {
    if !verbosity.isQuiet { output.write(Message.skip(path, isDirectory: isDirectory).line) }
  }

  func explained(_ text: String) { output.write(Message.explanation(text).line) }

  func warned(_ text: String) {
    if !verbosity.isQuiet { output.writeError(Message.error(text.utf8).line) }
  }

  func noted(_ text: String) {
    guard verbosity.level > 0 else { return }
    output.write(Message.error(text.utf8).line)
  }
}
