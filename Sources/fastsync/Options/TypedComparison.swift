// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// The options that say which files count as changed, as they were typed.
struct TypedComparison {
  var comparesContents = false
  var isBySizeAlone = false
  var ignoresTimes = false
  /// `--modify-window`: whole seconds, or where it is negative nanoseconds.
  var modifyWindow: Int?
  /// What `--checksum-choice` says of files that are copied, and of those that are compared.
  private var chosen: (copied: Checksum, compared: Checksum) = (.automatic, .automatic)

  /// Notes the choice of a checksum, or of two.
  ///
  /// Where both sides are at hand they are compared byte by byte, so that it is only shown (`%C`).
  mutating func choose(_ typed: TypedOption) throws(Refusal) {
    let words = typed.value.split(
      separator: UInt8(ascii: ","),
      maxSplits: 1,
      omittingEmptySubsequences: false
    )
    let names = words.map { String(decoding: $0, as: UTF8.self).lowercased() }
    // As in rsync, beside the name of another one it is the one that all versions have.
    let automatic = names.allSatisfy { $0 == "auto" } ? Checksum.automatic : .md5
    for (word, name) in zip(words, names) {
      guard let checksum = name == "auto" ? automatic : Checksum(name: name) else {
        let shown = word.isEmpty && word.startIndex == 0 ? typed.value : Array(word)
        throw Refusal(Array("unknown checksum name: ".utf8) + shown, "", .unsupported)
      }
      if word.startIndex == 0 { chosen.copied = checksum }
      chosen.compared = checksum
    }
  }

  /// The checksum that is shown.
  var checksum: Checksum { comparesContents ? chosen.compared : chosen.copied }
}

extension Comparison {
  /// What was typed, in the engine's terms.
  init(_ typed: TypedComparison) throws(Refusal) {
    self.init()
    if typed.comparesContents && typed.checksum == .none {
      throw Refusal(
        "--checksum (-c) cannot do without a checksum, and none was chosen",
        .unsupported
      )
    }
    comparesContents = typed.comparesContents
    isBySizeAlone = typed.isBySizeAlone
    ignoresTimes = typed.ignoresTimes
    if let seconds = typed.modifyWindow, seconds >= 0 { window = .seconds(Int64(seconds)) }
  }
}
