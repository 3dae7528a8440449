// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// An entry of the source that was left out.
public struct SkippedEntry: Equatable, Sendable {
  /// Why it was.
  public enum Reason: Equatable, Sendable {
    /// The options do not ask for its kind.
    case kind
    /// What has its name at the target is newer (`--update`).
    case isNewer
    /// Something has its name at the target, and differs in this way (`--ignore-existing`).
    case exists(Difference)
    /// Nothing has its name at the target (`--existing`).
    case isMissing
    /// It is larger than `--max-size` allows.
    case isOverMaxSize
    /// It is smaller than `--min-size` allows.
    case isUnderMinSize
    /// It is a link that leads out of the tree, with these contents (`--safe-links`).
    case unsafeLink(FilePath)
    /// Something is mounted on it (`-xx`).
    case mountPoint
  }

  /// How what was left as it is differs from the source.
  public enum Difference: Sendable {
    /// Nobody wants to know, or it is not known.
    case unknown
    /// It is of another kind.
    case kind
    /// Its contents have another checksum.
    case checksum
    /// Its size or time differs.
    case contents
    /// Only its metadata differs.
    case metadata
    /// It does not.
    case none
  }

  /// The path in the transfer.
  public let path: FilePath
  /// Whether it is a directory.
  public let isDirectory: Bool
  /// Why it was left out.
  public let reason: Reason

  /// Describes an entry.
  public init(path: FilePath, isDirectory: Bool, reason: Reason) {
    self.path = path
    self.isDirectory = isDirectory
    self.reason = reason
  }
}
