// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// Something that could not be done: what, with which path, and why.
public struct CopyError: Error, Equatable, Sendable {
  /// What a failure means for the run.
  public enum Severity: Sendable {
    /// One entry, or a part of it, was not carried over; the run goes on.
    case entry
    /// The source went away while it was copied; the run goes on.
    case vanished
    /// The target cannot take more (ENOSPC, EDQUOT, EROFS), or the ring broke: the run stops.
    case stop
    /// Source and target do not go together; nothing was copied.
    case selection
    /// An option asks for what cannot be done here; nothing was copied.
    case unsupported
    /// The memory for the buffers cannot be had.
    case memory
  }

  /// What failed, as words after the path: "cannot open".
  public let operation: String
  /// The path, as the user would write it.
  public let path: FilePath
  /// The reason that the kernel gave, where it gave one.
  public let errno: Errno?
  /// What it means for the run.
  public let severity: Severity

  /// Describes a failure.
  public init(_ operation: String, _ path: FilePath, _ errno: Errno?, _ severity: Severity) {
    self.operation = operation
    self.path = path
    self.errno = errno
    self.severity = severity
  }

  /// Describes a failure at the target, whose severity follows from the errno.
  public static func target(_ operation: String, _ path: FilePath, _ errno: Errno) -> CopyError {
    CopyError(operation, path, errno, errno.stopsRun ? .stop : .entry)
  }

  /// Describes a failure at the source: an entry that is gone has vanished.
  public static func source(_ operation: String, _ path: FilePath, _ errno: Errno) -> CopyError {
    CopyError(operation, path, errno, errno == .noSuchFileOrDirectory ? .vanished : .entry)
  }
}

extension Errno {
  /// Whether nothing more can be written to the target after this.
  var stopsRun: Bool {
    self == .noSpace || self == .diskQuotaExceeded || self == .readOnlyFileSystem
  }
}
