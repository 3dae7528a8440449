// SPDX-License-Identifier: Apache-2.0

/// What `--help` prints, from the table of options.
enum HelpText {
  static let usage = "fastsync [OPTION]... SRC... DEST"

  private static let columnsMax = 80
  /// Where the descriptions begin.
  private static let descriptionColumn = 26

  private static let introduction = """
    Copies directory trees and files from one local disk to another.

    SRC/ with a slash at its end means the contents of a directory, SRC the
    directory itself. Without selection options everything is copied and kept, as
    -aHAXS would, with access times. With one of them, options mean what they mean
    in rsync; --no-OPTION (--no-owner, --no-o) takes an option back, and the later
    one wins.

    """

  /// The whole text.
  static var text: String {
    var lines = ["Usage: \(usage)", "", introduction]
    for group in OptionGroup.allCases {
      lines.append("\(group.rawValue):")
      for row in OptionTable.rows(of: group) { lines += self.lines(row) }
      lines.append("")
    }
    return lines.dropLast().joined(separator: "\n") + "\n"
  }

  /// A row: how it is typed, and beside that what it does.
  private static func lines(_ row: OptionRow) -> [String] {
    let label = "  " + row.label
    var description = row.help
    if let value = row.value, !value.words.isEmpty {
      description += " (values: \(value.words.joined(separator: ", "))"
      if let standard = value.standard { description += "; default: \(standard)" }
      description += ")"
    }
    let indent = String(repeating: " ", count: descriptionColumn)
    let columns = columnsMax - descriptionColumn
    var lines = TerminalText.wrapped(description, to: columns, indent: "").map { indent + $0 }
    if label.count < descriptionColumn, let first = lines.first {
      lines[0] = label + first.dropFirst(label.count)
    } else {
      lines.insert(label, at: 0)
    }
    return lines
  }
}

extension OptionRow {
  /// How it is typed: `-a, --archive` or `--jobs=N`.
  var label: String {
    let words = spellings.filter(\.isOn).map(\.text).joined(separator: ", ")
    guard let value else { return words }
    return value.isOptional ? "\(words)[=\(value.name)]" : "\(words)=\(value.name)"
  }
}
