// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// Trees beside the target that may have what the source has (`--link-dest` and its kin).
public struct BasisOptions: Equatable, Sendable {
  /// What becomes of an entry that such a tree has exactly.
  public enum Use: String, Sendable, CaseIterable {
    /// Nothing is made of it at the target (`--compare-dest`).
    case compare
    /// It is copied from there (`--copy-dest`).
    case copy
    /// It becomes another name of what is there (`--link-dest`).
    case link
  }

  /// What they are used for.
  public var use: Use
  /// Where they are, those first that are asked first; relative to the target.
  public var directories: [FilePath]

  /// Names trees.
  public init(_ use: Use, _ directories: [FilePath]) {
    self.use = use
    self.directories = directories
  }
}
