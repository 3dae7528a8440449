// SPDX-License-Identifier: Apache-2.0

public import FileTree
public import SystemPackage

/// A name that a filter rule decides about.
public struct FilteredName: Equatable, Sendable {
  /// The path in the transfer.
  public let path: FilePath
  /// Whether it is a directory.
  public let isDirectory: Bool
  /// Whether it is about what is copied, or about what is removed.
  public let side: FilterSide
  /// The rule.
  public let match: FilterMatch
}
