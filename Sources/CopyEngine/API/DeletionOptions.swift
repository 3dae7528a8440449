// SPDX-License-Identifier: Apache-2.0

/// What a run removes, at the target and at the source.
public struct DeletionOptions: Equatable, Sendable {
  /// When names that the source lacks are removed from the target.
  public enum Moment: Sendable, CaseIterable {
    /// From each directory just before it is visited (`--delete-during`).
    case during
    /// All before the first file is copied (`--delete-before`).
    case before
    /// All when everything was copied (`--delete-after`).
    case after
    /// All when everything was copied, by the rules for names that held before (`--delete-delay`).
    case delay

    /// Whether it is a walk of its own behind the copy.
    var followsCopy: Bool { self == .after || self == .delay }
  }

  /// Which sources are removed when they are at the target.
  public enum SourceRemoval: Sendable {
    /// Also those that were there before (`--remove-source-files`).
    case synchronized
    /// Files that were copied, and links that were made (`--remove-sent-files`).
    case sent
  }

  /// When names that the source lacks are removed; `nil` for never.
  public var moment: Moment?
  /// Whether what an operand or a list names and the source does not have is removed
  /// (`--delete-missing-args`); then it is no failure that it is missing.
  public var removesMissing = false
  /// How many names may be removed (`--max-delete`); `nil` for any number.
  public var entriesMax: Int?
  /// Whether names are removed even after the source could not be read in full
  /// (`--ignore-errors`).
  public var ignoresReadErrors = false
  /// Whether what replaces a directory may do so when that is not empty (`--force`); so it is
  /// wherever names are removed.
  public var replacesTrees = false
  /// Whether names are removed though a source is empty, or what should be mounted there is not
  /// (`--force-delete`).
  public var isForced = false
  /// Which sources are removed.
  public var sources: SourceRemoval?

  /// The options of the bare command.
  public init() {}

  /// When names are looked for that the source lacks: after the copy it would also lack those that
  /// were removed since they had arrived; before that it is known whether all of it can be read.
  var sweep: Moment? { sources != nil && moment?.followsCopy == true ? .before : moment }

  /// Whether a directory goes with all that is in it where something else takes its name.
  var clearsTheWay: Bool { replacesTrees || moment != nil }
}

/// How many names of the target were removed.
public struct DeletionCounts: Equatable, Sendable {
  /// Those that were removed, by their kind.
  public var removed = EntryCounts()
  /// What `--max-delete` kept.
  public var skipped = 0

  /// Counts nothing yet.
  public init() {}

  /// Adds what another worker did.
  static func += (sum: inout DeletionCounts, other: DeletionCounts) {
    sum.removed += other.removed
    sum.skipped += other.skipped
  }
}
