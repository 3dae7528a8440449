// SPDX-License-Identifier: Apache-2.0

internal import Kernel

/// How many entries there were of each kind: the figures in brackets of rsync's `--stats`.
public struct EntryCounts: Equatable, Sendable {
  /// Regular files.
  public var files = 0
  /// Directories.
  public var directories = 0
  /// Symbolic links.
  public var symbolicLinks = 0
  /// Character and block devices.
  public var devices = 0
  /// FIFOs and sockets.
  public var specials = 0

  /// No entries.
  public init() {}

  /// All of them.
  public var total: Int { files + directories + symbolicLinks + devices + specials }

  /// Counts an entry.
  @inline(__always)
  mutating func note(_ kind: EntryKind) {
    switch kind {
    case .file: files += 1
    case .directory: directories += 1
    case .symbolicLink: symbolicLinks += 1
    case .device: devices += 1
    case .special: specials += 1
    }
  }

  /// Adds what another worker counted.
  public static func += (sum: inout EntryCounts, other: EntryCounts) {
    sum.files += other.files
    sum.directories += other.directories
    sum.symbolicLinks += other.symbolicLinks
    sum.devices += other.devices
    sum.specials += other.specials
  }
}
