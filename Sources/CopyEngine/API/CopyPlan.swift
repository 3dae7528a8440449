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
    /// Paths below the directory, of which each is copied together with the directories above it;
    /// `nil` where the source is no list of them (`-R`, `--files-from`).
    public var names: Names?

    /// Paths below a source.
    public struct Names: Sendable, Equatable {
      /// Relative paths without `.` and `..`, each with a NUL at its end; a slash before that means
      /// the contents of a directory.
      public var paths: [UInt8]
      /// Whether the metadata of the source itself is kept.
      public var keepsRoot: Bool

      /// Lists paths.
      public init(paths: [UInt8], keepsRoot: Bool = false) {
        self.paths = paths
        self.keepsRoot = keepsRoot
      }
    }

    /// Names a source.
    public init(path: FilePath, isContents: Bool = false, names: Names? = nil) {
      self.path = path
      self.isContents = isContents
      self.names = names
    }
  }

  /// What is copied, in the order given; without any a run does nothing.
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
