// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// Something that was removed, or was to be and stays.
public enum DeletionEvent: Equatable, Sendable {
  /// A name of the target was removed, or would be in a dry run.
  case deleted(path: FilePath, isDirectory: Bool)
  /// A source was removed since it is at the target.
  case removedSource(path: FilePath)
  /// A source that was to be removed is gone already.
  case sourceIsGone(path: FilePath)
  /// A directory stays, since something in it does.
  case keptDirectory(path: FilePath)
  /// A directory stays, since something is mounted on it.
  case keptMountPoint(path: FilePath)
  /// Nothing more is removed, since the source could not be read in full.
  case heldBack

  /// Whether it is what was asked for, and told like an entry; else it is a warning.
  var isRoutine: Bool {
    switch self {
    case .deleted, .removedSource: true
    case .sourceIsGone, .keptDirectory, .keptMountPoint, .heldBack: false
    }
  }
}
