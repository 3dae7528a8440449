// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// Where files are before they have their names, and what becomes of those that never get them.
public struct StagingOptions: Equatable, Sendable {
  /// Where temporary names are made, relative to the target; `nil` beside the files
  /// (`--temp-dir`).
  public var temporaryDirectory: FilePath?
  /// Whether what there is of a file is kept when its copy is interrupted (`--partial`).
  public var keepsPartial = false
  /// Where it is kept: in a directory beside the file, or a single one; `nil` under the file's own
  /// name (`--partial-dir`).
  ///
  /// It takes a rule among those of `FilterOptions` for it to be neither copied nor removed.
  public var partialDirectory: FilePath?
  /// Whether all files get their names at the end of the run; until then they are in the directory
  /// for what is partial (`--delay-updates`).
  public var delaysNames = false

  /// The options of the bare command.
  public init() {}
}
