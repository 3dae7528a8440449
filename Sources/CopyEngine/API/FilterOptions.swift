// SPDX-License-Identifier: Apache-2.0

public import FileTree

/// Which names are left out of a run, and which are kept from being removed.
public struct FilterOptions: Equatable, Sendable {
  /// The options that give rules, in their order.
  public var directives: [FilterDirective] = []
  /// What the rules depend on beside themselves.
  public var settings = FilterSettings()
  /// Whether directories are left out in which nothing but directories is copied (`-m`).
  public var prunesEmptyDirectories = false

  /// The options of the bare command.
  public init() {}
}
