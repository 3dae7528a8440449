// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// The options that say which files count as changed, as they were typed.
struct TypedComparison {
  var comparesContents = false
  var isBySizeAlone = false
  var ignoresTimes = false
  /// `--modify-window`: whole seconds, or where it is negative nanoseconds.
  var modifyWindow: Int?
  /// Whether `--checksum-choice` leaves nothing to compare by.
  var hasNoChecksum = false

  /// Notes the choice of a checksum, or of two.
  ///
  /// Which one it is makes no difference where both sides are at hand: they are compared byte by
  /// byte.
  mutating func choose(_ typed: TypedOption) throws(Refusal) {
    let words = typed.value.split(
      separator: UInt8(ascii: ","),
      maxSplits: 1,
      omittingEmptySubsequences: false
    )
    for word in words {
      let name = String(decoding: word, as: UTF8.self).lowercased()
      let isAuto = name == "auto" && words.count == words.filter { $0.count == 4 }.count
      guard isAuto || Self.checksums.contains(name) else {
        let shown = word.isEmpty && word.startIndex == 0 ? typed.value : Array(word)
        throw Refusal(Array("unknown checksum name: ".utf8) + shown, "", .unsupported)
      }
      hasNoChecksum = name == "none"
    }
  }

  /// The names that rsync knows.
  private static let checksums: Set<String> = [
    "xxh128", "xxh3", "xxh64", "xxhash", "md5", "md4", "sha1", "none",
  ]
}

extension Comparison {
  /// What was typed, in the engine's terms.
  init(_ typed: TypedComparison) throws(Refusal) {
    self.init()
    if typed.comparesContents && typed.hasNoChecksum {
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
