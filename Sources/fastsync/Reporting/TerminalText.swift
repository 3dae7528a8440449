// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// Text as a terminal shows it: in columns, of which a character may take none, one or two.
enum TerminalText {
  /// Characters that take two columns: East Asian wide ones and emoji, in coarse ranges, of which
  /// what is unassigned would be one column too wide at most.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115f, 0x231a...0x231b, 0x2329...0x232a, 0x23e9...0x23ec, 0x25fd...0x25fe,
    0x2614...0x2615, 0x2648...0x2653, 0x26a1...0x26a1, 0x26bd...0x26be, 0x2705...0x2705,
    0x270a...0x270b, 0x274c...0x274c, 0x2753...0x2755, 0x2795...0x2797, 0x2b1b...0x2b1c,
    0x2b50...0x2b50, 0x2e80...0x303e, 0x3041...0xa4cf, 0xa960...0xa97c, 0xac00...0xd7a3,
    0xf900...0xfaff, 0xfe10...0xfe19, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6,
    0x1_6fe0...0x1_b2fb, 0x1_f004...0x1_f004, 0x1_f0cf...0x1_f0cf, 0x1_f18e...0x1_f19a,
    0x1_f200...0x1_f320, 0x1_f32d...0x1_f335, 0x1_f337...0x1_f64f, 0x1_f680...0x1_f6ff,
    0x1_f7e0...0x1_f7f0, 0x1_f90c...0x1_f9ff, 0x1_fa70...0x1_faff, 0x2_0000...0x3_fffd,
  ]

  /// How many columns a character takes.
  static func columns(of scalar: Unicode.Scalar) -> Int {
    // Marks of no width come after what they are put on.
    if scalar.value < 0x300 { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: return 0
    default: return wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }
  }

  /// How many columns a text takes.
  static func columns(of text: String) -> Int {
    text.unicodeScalars.reduce(0) { $0 + columns(of: $1) }
  }

  /// A text in lines of so many columns at the most, which are broken between words; all but the
  /// first begin with the indent.
  static func wrapped(_ text: String, to columns: Int, indent: String = "  ") -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ").map(String.init) {
      if line.isEmpty {
        line = word
      } else if self.columns(of: line) + 1 + self.columns(of: word) <= columns {
        line += " " + word
      } else {
        lines.append(line)
        line = indent + word
      }
    }
    return line.isEmpty ? lines : lines + [line]
  }

  /// A path as it may be shown: what would move the cursor, or turn the text around, is escaped.
  static func shown(_ path: FilePath, _ highBits: HighBits) -> String {
    var message = Message()
    message.append(path)
    var shown = ""
    for scalar in String(decoding: highBits.shown(message.bytes), as: UTF8.self).unicodeScalars {
      let isFormat = scalar.properties.generalCategory == .format
      if isFormat || (0x7f...0x9f).contains(scalar.value) || scalar == "\t" {
        let bytes = String(scalar).utf8.flatMap { Message.octal($0) }
        shown += String(decoding: bytes, as: UTF8.self)
      } else {
        shown.unicodeScalars.append(scalar)
      }
    }
    return shown
  }

  /// A text that takes so many columns at the most: of one that is longer the middle is left out,
  /// and of the end more is kept than of the beginning.
  static func shortened(_ text: String, to columns: Int, gap: String) -> String {
    guard self.columns(of: text) > columns else { return text }
    let room = columns - self.columns(of: gap)
    guard room > 0 else { return String(repeating: ".", count: max(columns, 0)) }
    let scalars = Array(text.unicodeScalars)
    let head = prefix(scalars, room / 3)
    let tail = suffix(scalars, room - room / 3)
    return head + gap + tail
  }

  private static func prefix(_ scalars: [Unicode.Scalar], _ columns: Int) -> String {
    var (kept, used) = (String.UnicodeScalarView(), 0)
    for scalar in scalars {
      used += self.columns(of: scalar)
      guard used <= columns else { break }
      kept.append(scalar)
    }
    return String(kept)
  }

  private static func suffix(_ scalars: [Unicode.Scalar], _ columns: Int) -> String {
    var (start, used) = (scalars.count, 0)
    while start > 0 {
      used += self.columns(of: scalars[start - 1])
      guard used <= columns else { break }
      start -= 1
    }
    // What follows the gap must not be put on it.
    while start < scalars.count, self.columns(of: scalars[start]) == 0 { start += 1 }
    var kept = String.UnicodeScalarView()
    kept.append(contentsOf: scalars[start...])
    return String(kept)
  }
}
