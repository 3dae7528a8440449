// SPDX-License-Identifier: Apache-2.0

/// What the metadata of the source is taken for.
public struct MetadataMapping: Equatable, Sendable {
  /// Changes of permissions (`--chmod`).
  public var modeChanges: [ModeChange] = []
  /// What becomes of owners (`--usermap`).
  public var owners: [IdentityRule] = []
  /// What becomes of groups (`--groupmap`).
  public var groups: [IdentityRule] = []
  /// Whether numbers count as having no names there (`--numeric-ids`).
  public var isNumeric = false

  /// Takes everything for what it is.
  public init() {}
}
