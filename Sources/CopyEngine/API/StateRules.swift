// SPDX-License-Identifier: Apache-2.0

/// Which entries are left out for what is at the target, or for their size.
public struct StateRules: Equatable, Sendable {
  /// What has no name at the target yet is left out (`--existing`).
  public var leavesOutNew = false
  /// What has a name at the target is left as it is, directories aside (`--ignore-existing`).
  public var leavesExisting = false
  /// Files that are newer at the target are left as they are (`-u`).
  public var leavesNewer = false
  /// Smaller files are left out (`--min-size`), in bytes.
  public var bytesMin: UInt64?
  /// Larger files are left out (`--max-size`), in bytes.
  public var bytesMax: UInt64?

  /// Rules that leave nothing out.
  public init() {}
}
