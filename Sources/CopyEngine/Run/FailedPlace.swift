// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel

/// Where something failed, so that it can be asked what the failure is about.
struct FailedPlace {
  /// The directory, for its path.
  let directory: CopyDirectory
  let sides: DirectorySides
  /// What failed at the target, and may not be there; else the directory.
  let target: EntryLocation

  init(_ directory: CopyDirectory, _ sides: DirectorySides, target: EntryLocation? = nil) {
    self.directory = directory
    self.sides = sides
    self.target = target ?? EntryLocation(open: sides.target)
  }

  /// An entry.
  init(_ entry: FoundEntry) {
    self.init(entry.directory, entry.sides, target: entry.target)
  }

  /// A directory, or where that is not open the nearest one above that is.
  init?(nearest directory: CopyDirectory, target: EntryLocation? = nil) {
    var nearest: CopyDirectory? = directory
    while let candidate = nearest {
      if let sides = candidate.openSides {
        self.init(candidate, sides, target: target)
        return
      }
      nearest = candidate.parent
    }
    return nil
  }
}

/// A failure of a whole filesystem of the target.
struct FilesystemFailure {
  let error: CopyError
  /// The number of its device.
  let device: UInt64
  /// A directory on it.
  let place: FailedPlace
}
