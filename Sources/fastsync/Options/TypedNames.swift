// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// The options that say which names are copied, and where they go, as they were typed.
struct TypedNames {
  /// How directories are taken that are not descended into.
  enum Directories {
    /// `--no-dirs`
    case skipped
    /// `--dirs`, `--old-dirs`
    case made
    /// `--old-dirs`, which also takes `-r` back.
    case madeAlone
  }

  var directories: Directories?
  /// `--relative`, or that taken back.
  var isRelative: Bool?
  var keepsImplied = true
  /// The list of names, in bytes; `-` is the standard input.
  var filesFrom: [UInt8]?
  /// Whether the names of the list end with NULs.
  var endsInNUL = false
  var makesTargetPath = false
  var listsOnly = false
  var ignoresMissing = false
  var links = LinkRules()
  var state = StateRules()
}
