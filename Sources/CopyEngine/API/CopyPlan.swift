// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// One run, validated in form: what is copied where, and how.
public struct CopyPlan: Sendable {
  /// One source operand.
  public struct Source: Sendable, Equatable {
    /// The path as given, without the slashes at its end.
    public var path: FilePath
    /// Whether the contents of the directory are copied, not the directory itself: `SRC/`, `SRC/.`.
    public var isContents: Bool

    /// Names a source.
    public init(path: FilePath, isContents: Bool = false) {
      self.path = path
      self.isContents = isContents
    }
  }

  /// What is copied, in the order given; at least one.
  public var sources: [Source]
  /// Where it is copied to.
  public var target: FilePath
  /// Whether the target must be a directory because it was written with a slash at its end.
  public var targetIsDirectory: Bool
  /// How it is copied.
  public var options: CopyOptions

  /// Plans a run.
  public init(
    sources: [Source],
    target: FilePath,
    targetIsDirectory: Bool = false,
    options: CopyOptions = CopyOptions()
  ) {
    self.sources = sources
    self.target = target
    self.targetIsDirectory = targetIsDirectory
    self.options = options
  }
}
