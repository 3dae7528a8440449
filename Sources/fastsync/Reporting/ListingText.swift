// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel
import SystemPackage

/// The lines of `--list-only`.
enum ListingText {
  /// A line: permissions, size, time and path, as in
  /// `-rw-r--r--         12,345 2026/11/27 10:00:00 name`.
  static func line(
    _ entry: EntryEvent,
    _ figures: FigureStyle,
    _ context: OutputFormat.Context
  ) -> Message {
    guard let source = entry.source else { return Message() }
    let size = figures.text(source.size)
    let width = figures == .plain ? 11 : 14
    let mode = String(ModeText.kind(source.mode)) + ModeText.permissions(source.mode)
    var text = mode + " " + String(repeating: " ", count: max(width - size.count, 0)) + size
    text += " " + ModeText.time(Int(source.modificationTime.seconds), separator: " ")
    if context.keepsAccessTimes {
      let time = ModeText.time(Int(source.accessTime.seconds), separator: " ")
      text += " " + (source.kind == .directory ? String(repeating: " ", count: time.count) : time)
    }
    var line = Array(text.utf8) + [UInt8(ascii: " ")] + entry.path.bytes
    if context.keepsLinks, case .symbolicLink(let contents) = entry.kind {
      line += Array(" -> ".utf8) + contents.bytes
    }
    return Message(escaping: line)
  }
}
