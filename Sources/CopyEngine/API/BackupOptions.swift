// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// Where what is replaced or deleted at the target is put aside (`--backup`).
public struct BackupOptions: Equatable, Sendable {
  /// The directory, relative to the target; `nil` puts it beside its old name.
  public var directory: FilePath?
  /// What is put behind its name, in bytes.
  public var suffix: [UInt8]

  /// Puts it there; one of both must not be empty.
  public init(directory: FilePath? = nil, suffix: [UInt8]) {
    self.directory = directory
    self.suffix = suffix
  }
}
