// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// The options about what is removed, as they were typed.
struct TypedDeletion {
  /// Whether `--delete` was given.
  var isOn = false
  /// Whether `--delete-before` was given.
  var isBefore = false
  /// The later of `--delete-during` and `--delete-delay`.
  var during: DeletionOptions.Moment?
  /// Whether `--delete-after` was given.
  var isAfter = false
  /// Whether filter rules without a side are not about the target.
  var deletesExcluded = false
  /// Whether `--delete-missing-args` was given.
  var removesMissing = false
  var entriesMax: Int?
  var ignoresErrors = false
  var replacesTrees = false
  var isForced = false
  var sources: DeletionOptions.SourceRemoval?
}

extension CopyOptions {
  /// Carries over what was typed about what is removed, once it is known what is copied.
  ///
  /// - Parameters:
  ///   - typed: What was typed.
  ///   - isListing: Whether nothing is copied, and names are listed.
  /// - Throws: What does not go together.
  mutating func delete(_ typed: TypedDeletion, isListing: Bool) throws(Refusal) {
    let moments = [typed.isBefore ? .before : nil, typed.during, typed.isAfter ? .after : nil]
      .compactMap(\.self)
    guard moments.count <= 1 else {
      throw Refusal("You may not combine multiple --delete-WHEN options.")
    }
    deletion.moment = moments.first ?? (typed.isOn || typed.deletesExcluded ? .during : nil)
    let takesDirectories = rules.isRecursive || rules.makesDirectories || isListing
    guard deletion.moment == nil || takesDirectories else {
      throw Refusal("--delete does not work without --recursive (-r) or --dirs (-d).")
    }
    deletion.removesMissing = typed.removesMissing
    rules.ignoresMissing = rules.ignoresMissing || typed.removesMissing
    deletion.entriesMax = typed.entriesMax
    deletion.ignoresReadErrors = typed.ignoresErrors
    deletion.replacesTrees = typed.replacesTrees
    deletion.isForced = typed.isForced
    deletion.sources = typed.sources
  }
}
