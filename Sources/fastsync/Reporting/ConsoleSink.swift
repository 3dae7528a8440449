// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// Says on the standard output and the standard error what happens during a run, as far as it was
/// asked for.
struct ConsoleSink: EventSink {
  let output: Output
  let verbosity: Verbosity
  /// Whether the run says why it goes about it as it does (`--explain`).
  let explains: Bool

  var wants: RunEvent.Kinds {
    var wanted: RunEvent.Kinds = .failures
    if !verbosity.isQuiet { wanted.formUnion([.skips, .warnings]) }
    if verbosity.level > 0 { wanted.formUnion([.entries, .notes, .deletions]) }
    if verbosity.level > 1 { wanted.insert(.backups) }
    if explains { wanted.insert(.explanations) }
    return wanted
  }

  func receive(_ event: RunEvent) {
    switch event {
    case .entry(let entry): output.write(Message.entry(entry).line)
    case .skipped(let entry): output.write(LeftOutText.skip(entry).line)
    case .deletion(let deletion):
      if let message = DeletionText.line(deletion, verbosity) { output.write(message.line) }
    case .backedUp(let path, let kept): output.write(LeftOutText.backedUp(path, to: kept).line)
    case .filtered(let entry): output.write(LeftOutText.filtered(entry).line)
    case .createdTarget(let path): output.write(LeftOutText.createdTarget(path).line)
    case .failed(let error): output.writeError(Message.failure(error).line)
    case .warning(let warning): output.writeError(Message.warning(warning).line)
    case .note(let note): output.write(Message.note(note).line)
    case .explanation(let explanation):
      for line in explanation.lines { output.write(Message.explanation(line).line) }
    }
  }
}
