// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import FileTree
import SystemPackage

/// What happens beside copying, in rsync's words, which scripts look for.
enum LeftOutText {
  /// What was left out, and why.
  static func skip(_ entry: SkippedEntry) -> Message {
    switch entry.reason {
    case .kind where entry.isDirectory: words("skipping directory ", entry.path)
    case .kind: words("skipping non-regular file \"", entry.path, "\"")
    case .isNewer: words("", entry.path, " is newer")
    case .exists(let difference): words("", entry.path, " exists\(difference.text)")
    case .isMissing:
      words("not creating new \(entry.isDirectory ? "directory" : "file") \"", entry.path, "\"")
    case .isOverMaxSize: words("", entry.path, " is over max-size")
    case .isUnderMinSize: words("", entry.path, " is under min-size")
    case .unsafeLink(let contents):
      words("ignoring unsafe symlink \"", entry.path, "\" -> \"", contents, "\"")
    case .mountPoint: words("[sender] skipping mount-point dir ", entry.path)
    }
  }

  /// What a rule says of a name.
  static func filtered(_ name: FilteredName) -> Message {
    let (who, deed) =
      switch (name.side, name.match.isIncluded) {
      case (.sender, true): ("sender", "showing")
      case (.sender, false): ("sender", "hiding")
      case (.receiver, true): ("generator", "risking")
      case (.receiver, false): ("generator", "protecting")
      }
    var message = words(
      "[\(who)] \(deed) \(name.isDirectory ? "directory" : "file") ",
      name.path,
      " because of pattern "
    )
    // As in rsync, whoever may not read a file with rules does not get them told.
    if let pattern = name.match.pattern {
      message.append(bytes: pattern)
    } else {
      message.append("<rule from a file read earlier>")
    }
    switch name.match.origin {
    case .commandLine: break
    case .directory(let file):
      message.append(" [per-dir ")
      message.append(bytes: file)
      message.append("]")
    case .cvs: message.append(" [global CVS]")
    }
    return message
  }

  /// What was kept under another name.
  static func backedUp(_ path: FilePath, to kept: FilePath) -> Message {
    words("backed up ", path, " to ", kept)
  }

  /// The target directory that is made.
  static func createdTarget(_ path: FilePath, _ count: Int?) -> Message {
    guard let count else { return words("created directory ", path) }
    return words("created \(count) director\(count == 1 ? "y" : "ies") for ", path)
  }

  private static func words(
    _ before: String,
    _ path: FilePath,
    _ between: String = "",
    _ other: FilePath = FilePath(),
    _ after: String = ""
  ) -> Message {
    var message = Message()
    message.append(before)
    message.append(path)
    message.append(between)
    message.append(other)
    message.append(after)
    return message
  }
}

extension SkippedEntry.Difference {
  /// What rsync's second level of `--info=skip` adds.
  fileprivate var text: String {
    switch self {
    case .unknown: ""
    case .kind: " (type change)"
    case .checksum: " (sum change)"
    case .contents: " (file change)"
    case .metadata: " (attr change)"
    case .none: " (uptodate)"
    }
  }
}
