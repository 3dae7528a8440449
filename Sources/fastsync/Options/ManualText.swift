// SPDX-License-Identifier: Apache-2.0

/// The descriptions of all options in troff, for the manual page: docs/fastsync.1 has them from its
/// first `.SS` on, and a test compares the two.
enum ManualText {
  /// A subsection for each group, and one for what is refused.
  static var options: String {
    var text = ""
    for group in OptionGroup.allCases {
      text += ".SS \"\(group.rawValue)\"\n"
      for row in OptionTable.rows(of: group) {
        text += ".TP\n\(heading(row))\n\(wrapped(row.manual ?? escaped(row.help)))\n"
      }
    }
    text += ".SS \"Options of rsync that are refused\"\n"
    for reason in RefusalReason.allCases {
      text += ".TP\n\(heading(reason))\n\(refused(reason))\n"
    }
    return text
  }

  /// How an option is typed, in bold; the name of its value in italics.
  private static func heading(_ row: OptionRow) -> String {
    let words = row.spellings.filter(\.isOn).map { escaped($0.text) }
    if let value = row.value, value.isOptional {
      return ".BR \(words.joined(separator: ", ")) [=\\fI\(value.name)\\fR]"
    }
    if let value = row.value {
      let quote = words.count > 1 ? "\"" : ""
      return ".BI \(quote)\(words.joined(separator: ", "))=\(quote) \(value.name)"
    }
    if words.count == 1 { return ".B \(words[0])" }
    return ".BR " + words.joined(separator: " \", \" ")
  }

  private static func heading(_ reason: RefusalReason) -> String {
    switch reason {
    case .remote: "For transfers between machines (exit status 4)"
    case .delta: "For delta transfer (exit status 4)"
    case .birthTimes: "Impossible on Linux (exit status 1, as of rsync there)"
    }
  }

  /// The options that are refused for a reason, one a line.
  private static func refused(_ reason: RefusalReason) -> String {
    let labels = OptionTable.rows.compactMap { row -> String? in
      guard case .refused(reason) = row.effect else { return nil }
      return escaped(row.spellings.filter(\.isOn).map(\.text).joined(separator: ", "))
    }
    return labels.joined(separator: ";\n") + "."
  }

  /// What a line of text may have, in bytes: mandoc complains of longer ones.
  private static let lineBytesMax = 80

  /// A text whose lines are broken between words where they are too long; those of macros stay.
  private static func wrapped(_ text: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.map { $0.hasPrefix(".") ? String($0) : wrapped(line: $0) }.joined(separator: "\n")
  }

  private static func wrapped(line: Substring) -> String {
    var text = ""
    var length = 0
    for word in line.split(separator: " ", omittingEmptySubsequences: false) {
      let joined = length + 1 + word.utf8.count
      let isFirst = text.isEmpty
      // A word that began a line with one of these would be taken for a macro.
      let staysBehind = word.hasPrefix(".") || word.hasPrefix("'")
      let breaks = !isFirst && joined > lineBytesMax && !staysBehind
      text += (isFirst ? "" : breaks ? "\n" : " ") + word
      length = isFirst || breaks ? word.utf8.count : joined
    }
    return text
  }

  /// A text in which each `-` is a minus sign, as what is typed has to have it.
  private static func escaped(_ text: String) -> String {
    text.split(separator: "-", omittingEmptySubsequences: false).joined(separator: "\\-")
  }
}
