// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Glibc
import Kernel
import SystemPackage

/// What of an entry a line can show.
struct OutputItem {
  /// Why it is shown.
  enum Operation: String {
    case send
    case delete = "del."
  }

  var operation = Operation.send
  /// The path in the transfer.
  let path: FilePath
  let isDirectory: Bool
  /// The path at the source, where a format asks for it.
  var sourcePath: FilePath?
  /// What it is at the source, where it is there.
  var source: EntryMetadata?
  /// The letters of `--itemize-changes`.
  let flags: String
  /// Where a link leads, and the arrow before it.
  var link: (arrow: String, path: FilePath)?
  /// Whether its contents are transferred.
  var isTransferred = false
  /// Its checksum, where a format asks for it and it has one.
  var checksum: [UInt8]?
}

/// A format of `--out-format` or `--log-file-format`.
struct OutputFormat: Equatable, Sendable {
  private struct Escape: Equatable {
    /// As it was typed.
    let text: [UInt8]
    let letter: UInt8
    let width: Int
    let isLeft: Bool
    /// How often `'` was typed, which is how readable a number is.
    let quotes: Int
  }

  private enum Piece: Equatable {
    case text([UInt8])
    case escape(Escape)
  }

  /// What the process tells of itself and of what it preserves.
  struct Context: Sendable {
    var keepsOwner = true
    var keepsGroup = true
    /// What the paths at the source are relative to in what is told (`--files-from`).
    var listRoot: [UInt8]?
    /// Which checksum is shown.
    var checksum = ShownChecksum()
  }

  /// What `--itemize-changes` prints, and a log file without a format of its own.
  static let itemized = OutputFormat(Array("%i %n%L".utf8))
  /// What `-v` prints.
  static let names = OutputFormat(Array("%n%L".utf8))
  /// Longer widths are cut, in characters.
  private static let widthDigitsMax = 6

  private var pieces: [Piece] = []

  /// Reads a format; what is no escape stands for itself.
  init(_ format: [UInt8]) {
    var rest = format[...]
    var text: [UInt8] = []
    while let byte = rest.first {
      guard byte == UInt8(ascii: "%"), let escape = Self.escape(&rest) else {
        text.append(byte)
        rest = rest.dropFirst()
        continue
      }
      if !text.isEmpty { pieces.append(.text(text)) }
      text = []
      pieces.append(.escape(escape))
    }
    if !text.isEmpty { pieces.append(.text(text)) }
  }

  /// Takes an escape off the beginning of a format; `nil`, and nothing, where it ends too early.
  private static func escape(_ rest: inout ArraySlice<UInt8>) -> Escape? {
    var end = rest.dropFirst()
    var quotes = 0
    func takeQuotes() {
      while end.first == UInt8(ascii: "'") {
        quotes += 1
        end = end.dropFirst()
      }
    }
    takeQuotes()
    let isLeft = end.first == UInt8(ascii: "-")
    if isLeft { end = end.dropFirst() }
    let digits = end.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    end = end.dropFirst(digits.count)
    takeQuotes()
    guard let letter = end.first else { return nil }
    let text = Array(rest[..<(end.startIndex + 1)])
    rest = end.dropFirst()
    let width = Int(String(decoding: digits.prefix(widthDigitsMax), as: UTF8.self)) ?? 0
    return Escape(text: text, letter: letter, width: width, isLeft: isLeft, quotes: quotes)
  }

  /// Whether one of some escapes is there.
  func has(_ letters: String) -> Bool {
    pieces.contains { piece in
      if case .escape(let escape) = piece { letters.utf8.contains(escape.letter) } else { false }
    }
  }

  /// The line of an entry, before anything in it is escaped.
  func line(_ item: OutputItem, _ context: Context) -> [UInt8] {
    var line: [UInt8] = []
    for piece in pieces {
      switch piece {
      case .text(let text): line += text
      case .escape(let escape): line += Self.text(of: escape, item, context)
      }
    }
    return line
  }

  private static func text(
    of escape: Escape,
    _ item: OutputItem,
    _ context: Context
  ) -> [UInt8] {
    if escape.letter == UInt8(ascii: "L") { return linkText(escape, item) }
    if escape.letter == UInt8(ascii: "C") {
      // As in rsync, what is blank has a width of its own.
      return item.checksum.map { padded($0, escape) } ?? context.checksum.kind.blank
    }
    guard let value = value(of: escape, item, context) else { return escape.text }
    return padded(value, escape)
  }

  /// The arrow stays outside of the width, as in rsync.
  private static func linkText(_ escape: Escape, _ item: OutputItem) -> [UInt8] {
    guard let link = item.link else {
      return escape.width > 0 || escape.isLeft ? Array("    ".utf8) + padded([], escape) : []
    }
    return Array(link.arrow.utf8) + padded(link.path.bytes, escape)
  }

  private static func padded(_ text: [UInt8], _ escape: Escape) -> [UInt8] {
    let blanks = [UInt8](repeating: UInt8(ascii: " "), count: max(escape.width - text.count, 0))
    return escape.isLeft ? text + blanks : blanks + text
  }

  /// What stands in place of an escape; `nil` where that stays as it is.
  private static func value(
    of escape: Escape,
    _ item: OutputItem,
    _ context: Context
  ) -> [UInt8]? {
    let source = item.source
    switch escape.letter {
    case UInt8(ascii: "b"): return number(item.isTransferred ? source?.size ?? 0 : 0, escape)
    case UInt8(ascii: "B"):
      return Array(ModeText.permissions(source?.mode ?? 0).utf8)
    case UInt8(ascii: "c"): return number(0, escape)
    case UInt8(ascii: "f"): return sourceText(item, context)
    case UInt8(ascii: "G"):
      return Array((context.keepsGroup ? String(source?.group ?? 0) : "DEFAULT").utf8)
    case UInt8(ascii: "i"): return Array(item.flags.utf8)
    case UInt8(ascii: "l"): return number(source?.size ?? 0, escape)
    case UInt8(ascii: "m"): return []
    case UInt8(ascii: "M"):
      let seconds = source?.modificationTime.seconds ?? 0
      return Array(ModeText.time(Int(seconds), separator: "-").utf8)
    case UInt8(ascii: "n"): return item.path.bytes + (item.isDirectory ? [UInt8(ascii: "/")] : [])
    case UInt8(ascii: "o"): return Array(item.operation.rawValue.utf8)
    case UInt8(ascii: "p"): return Array(String(getpid()).utf8)
    case UInt8(ascii: "t"):
      return Array(ModeText.time(Clock.wallSeconds, separator: " ").utf8)
    case UInt8(ascii: "U"): return Array(String(context.keepsOwner ? source?.owner ?? 0 : 0).utf8)
    case UInt8(ascii: "%"): return [UInt8(ascii: "%")]
    default: return nil
    }
  }

  private static func number(_ number: UInt64, _ escape: Escape) -> [UInt8] {
    Array((FigureStyle(rawValue: min(escape.quotes, 3)) ?? .plain).text(number).utf8)
  }

  /// The path at the source, without the slash at its beginning.
  private static func sourceText(_ item: OutputItem, _ context: Context) -> [UInt8] {
    let slash = UInt8(ascii: "/")
    // As rsync has it, without `.` in between.
    func split(_ path: [UInt8]) -> [ArraySlice<UInt8>] {
      path.split(separator: slash).filter { !$0.elementsEqual([UInt8(ascii: ".")]) }
    }
    var names = split((item.sourcePath ?? item.path).bytes)
    let above = context.listRoot.map(split) ?? []
    if names.starts(with: above) { names.removeFirst(above.count) }
    var bytes = Array(names.joined(separator: [slash]))
    if item.path == ".", item.sourcePath != nil { bytes += Array("/.".utf8) }
    return bytes.first == slash ? Array(bytes.dropFirst()) : bytes
  }
}

/// How permissions and times look in a listing.
enum ModeText {
  /// The kind of an entry, as the letter before its permissions.
  static func kind(_ mode: UInt32) -> Character {
    switch mode & 0o170000 {
    case 0o040000: "d"
    case 0o120000: "l"
    case 0o060000: "b"
    case 0o020000: "c"
    case 0o140000: "s"
    case 0o010000: "p"
    default: "-"
    }
  }

  /// The permissions: `rwxr-xr-x`.
  static func permissions(_ mode: UInt32) -> String {
    var letters = Array("rwxrwxrwx")
    for bit in 0..<9 where mode & (1 << UInt32(bit)) == 0 { letters[8 - bit] = "-" }
    func mark(_ bit: UInt32, _ place: Int, _ letter: Character) {
      guard mode & bit != 0 else { return }
      letters[place] = letters[place] == "x" ? letter : Character(letter.uppercased())
    }
    mark(0o4000, 2, "s")
    mark(0o2000, 5, "s")
    mark(0o1000, 8, "t")
    return String(letters)
  }

  /// A point in time by the user's clock: `2026/11/27 10:00:00`.
  static func time(_ seconds: Int, separator: String) -> String {
    var moment = seconds
    var parts = unsafe tm()
    unsafe localtime_r(&moment, &parts)
    let year = unsafe zeroPadded(parts.tm_year + 1900, 4)
    let day = unsafe "\(year)/\(zeroPadded(parts.tm_mon + 1, 2))/\(zeroPadded(parts.tm_mday, 2))"
    let clock = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map { zeroPadded($0, 2) }
    return day + separator + clock.joined(separator: ":")
  }
}
