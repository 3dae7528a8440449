// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel
import SystemPackage

/// The letters of rsync's `--itemize-changes`.
enum Itemizer {
  /// What stands in place of the letters of what is removed.
  static let deletion = "*deleting  "

  /// The 11 characters `YXcstpoguax` of an entry.
  static func flags(_ entry: EntryEvent) -> String {
    let change = entry.change
    let update = update(entry)
    let start = String([update, kind(entry)])
    if change.contains(.isNew) { return start + "+++++++++" }
    let letters = letters(change)
    // Blanks say that nothing is changed; beside a transfer dots do.
    return start + (update != ">" && letters.allSatisfy { $0 == "." } ? blanks : letters)
  }

  private static let blanks = "         "

  private static func update(_ entry: EntryEvent) -> Character {
    let change = entry.change
    if change.contains(.linkedToBasis) { return "h" }
    if change.contains(.copiedFromBasis) { return "c" }
    guard change.contains(.contents) else { return "." }
    return switch entry.kind {
    case .hardLink: "h"
    case .file: ">"
    case .directory, .symbolicLink, .device, .special: "c"
    }
  }

  private static func kind(_ entry: EntryEvent) -> Character {
    if let source = entry.source {
      return switch source.kind {
      case .file: "f"
      case .directory: "d"
      case .symbolicLink: "L"
      case .device: "D"
      case .special: "S"
      }
    }
    return switch entry.kind {
    case .file, .hardLink: "f"
    case .directory: "d"
    case .symbolicLink: "L"
    case .device: "D"
    case .special: "S"
    }
  }

  private static func letters(_ change: EntryChange) -> String {
    func letter(_ choices: (EntryChange, Character)...) -> Character {
      choices.first { change.isSuperset(of: $0.0) }?.1 ?? "."
    }
    return String([
      letter((.value, "c")),
      letter((.size, "s")),
      letter((.timeOfCopy, "T"), (.time, "t")),
      letter((.permissions, "p")),
      letter((.owner, "o")),
      letter((.group, "g")),
      letter(([.accessTime, .creationTime], "b"), (.accessTime, "u"), (.creationTime, "n")),
      letter((.accessControlLists, "a")),
      letter((.extendedAttributes, "x")),
    ])
  }
}
