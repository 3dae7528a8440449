// SPDX-License-Identifier: Apache-2.0

/// What is done with symbolic links beyond copying them.
public struct LinkRules: Equatable, Sendable {
  /// What they lead to is copied in their place (`-L`).
  public var followsAll = false
  /// The same of links to directories (`-k`).
  public var followsDirectories = false
  /// The same of links that lead out of what is copied (`--copy-unsafe-links`).
  public var followsUnsafe = false
  /// Links that lead out of what is copied are left out (`--safe-links`).
  public var leavesOutUnsafe = false
  /// Links that were made useless get their contents back (`--munge-links`).
  public var unmunges = false
  /// Links to directories at the target stay where the source has a directory (`-K`).
  public var keepsTargetDirectories = false

  /// Rules that change nothing.
  public init() {}

  /// Whether links of the source may be followed.
  var followsSource: Bool { followsAll || followsDirectories || followsUnsafe }
}
