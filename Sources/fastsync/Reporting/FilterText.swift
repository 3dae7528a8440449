// SPDX-License-Identifier: Apache-2.0

import FileTree
import SystemPackage

extension FilterError {
  /// What is wrong, in rsync's words.
  ///
  /// What a file has is not shown: who sees the message may not be allowed to read the file.
  var sentence: [UInt8] {
    switch problem {
    case .unknownRule: Array("Unknown filter rule: ".utf8) + shown
    case .invalidModifier(let letter, let position):
      Array("invalid modifier".utf8) + place(letter, position) + Array(" in filter rule: ".utf8)
        + shown
    case .sidesTwice:
      Array("specified-side merge file contains specified-side filter: ".utf8) + shown
    case .trailingCharacters: Array("'!' rule has trailing characters: ".utf8) + shown
    case .unexpectedEnd: Array("unexpected end of filter rule: ".utf8) + shown
    case .tooLong: Array("over-long filter: ".utf8) + shown
    case .cannotOpen(let errno):
      Array("failed to open exclude file ".utf8) + shown
        + (origin == .argument ? Array(": \(errno.description)".utf8) : [])
    case .tooDeep: Array("merge-file include depth limit (32) exceeded at ".utf8) + shown
    }
  }

  private func place(_ letter: UInt8, _ position: Int) -> [UInt8] {
    guard origin == .argument else { return [] }
    return Array(" '".utf8) + [letter] + Array("' at position \(position)".utf8)
  }

  private var shown: [UInt8] {
    switch origin {
    case .argument: text
    case .file(let path, let line):
      Array("<rule from ".utf8) + path + Array((line.map { " line \($0)>" } ?? ">").utf8)
    case .nestedFile: Array("<rule from a file that a rule named>".utf8)
    }
  }
}
