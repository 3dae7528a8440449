// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import SystemPackage

/// A line of rsync's `--itemize-changes`, or one that says that something is left out.
struct ItemizedLine: Hashable, Comparable, CustomStringConvertible {
  /// The 11 characters `YXcstpoguax`; `skipped` or `failed` for other lines.
  var flags: String
  /// The path as rsync prints it, with a slash after a directory.
  var name: String
  /// Where a link leads.
  var suffix = ""

  var description: String { "\(flags) \(name)\(suffix)" }

  /// Whether it has the letters, and says not only that nothing is done.
  var isItemized: Bool { flags.count == 11 }

  /// The first character.
  var update: Character {
    get { flags.first ?? " " }
    set { letter(at: 0, is: newValue) }
  }

  /// The letter of the kind.
  var kind: Character { flags.dropFirst().first ?? " " }

  /// Replaces one of the letters; blanks are what no letter at all is shown as.
  mutating func letter(at position: Int, is letter: Character) {
    var letters = Array(flags.replacing(" ", with: "."))
    letters[position] = letter
    let isBlank = letters[0] != ">" && letters.dropFirst(2).allSatisfy { $0 == "." }
    if isBlank { letters.replaceSubrange(2..., with: Array(repeating: " ", count: 9)) }
    flags = String(letters)
  }

  static func < (one: ItemizedLine, other: ItemizedLine) -> Bool {
    (one.name, one.flags) < (other.name, other.flags)
  }
}

// What rsync prints.
extension ItemizedLine {
  private static let skippedFile = "skipping non-regular file \""
  private static let skippedDirectory = "skipping directory "
  private static let inTheWay = "cannot delete non-empty directory: "

  /// Reads a line.
  init(rsync line: Substring) {
    if line.hasPrefix(Self.skippedFile) {
      self.init(flags: "skipped", name: "\(line.dropFirst(Self.skippedFile.count).dropLast())")
    } else if line.hasPrefix(Self.skippedDirectory) {
      self.init(flags: "skipped", name: "\(line.dropFirst(Self.skippedDirectory.count))/")
    } else if line.hasPrefix(Self.inTheWay) {
      self.init(flags: "failed", name: "\(line.dropFirst(Self.inTheWay.count))")
    } else {
      let words = line.dropFirst(12).split(separator: " ")
      self.init(
        flags: "\(line.prefix(11))",
        name: words.first.map { "\($0)" } ?? "",
        suffix: words.dropFirst().map { " \($0)" }.joined()
      )
    }
  }
}

// What rsync would print for an event.
extension ItemizedLine {
  init?(_ event: RunEvent, target: String, linkKind: (FilePath) -> Character) {
    switch event {
    case .entry(let entry): self.init(entry, linkKind: linkKind)
    case .skipped(let entry):
      self.init(flags: "skipped", name: entry.path.string + (entry.isDirectory ? "/" : ""))
    case .failed(let error):
      let isInTheWay = error.operation == .replaceDirectory
      let path = error.path.string
      self.init(
        flags: isInTheWay ? "failed" : "\(error.operation)",
        name: path.hasPrefix("\(target)/") ? "\(path.dropFirst(target.count + 1))" : path
      )
    case .deletion, .backedUp, .createdTarget, .filtered: return nil
    case .started, .warning, .note, .explanation: return nil
    }
  }

  private init(_ entry: EntryEvent, linkKind: (FilePath) -> Character) {
    let change = entry.change
    let isDone = change.contains(.contents)
    var name = entry.path.string
    var suffix = ""
    let (update, kind): (Character, Character)
    switch entry.kind {
    case .file: (update, kind) = (">", "f")
    case .directory:
      (update, kind) = ("c", "d")
      name += "/"
    case .symbolicLink(let contents):
      (update, kind) = ("c", "L")
      suffix = " -> \(contents)"
    case .hardLink(let first):
      (update, kind) = ("h", linkKind(entry.path))
      suffix = " => \(first)"
    case .device: (update, kind) = ("c", "D")
    case .special: (update, kind) = ("c", "S")
    }
    let shown = isDone ? update : "."
    var letters = change.contains(.isNew) ? "+++++++++" : Self.letters(change)
    // rsync leaves blanks where nothing but a link is made.
    if shown != ">" && letters == "........." { letters = "         " }
    self.init(flags: "\(shown)\(kind)\(letters)", name: name, suffix: suffix)
  }

  private static func letters(_ change: EntryChange) -> String {
    let positions: [[(EntryChange, Character)]] = [
      [(.value, "c")], [(.size, "s")], [(.time, "t"), (.timeOfCopy, "T")], [(.permissions, "p")],
      [(.owner, "o")], [(.group, "g")], [], [(.accessControlLists, "a")],
      [(.extendedAttributes, "x")],
    ]
    return String(
      positions.map { position in position.first { change.contains($0.0) }?.1 ?? "." }
    )
  }
}
