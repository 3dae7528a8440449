// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel

/// One entry whose metadata is written.
struct MetadataPlace {
  /// The directory and names, for messages.
  let directory: CopyDirectory
  let name: EntryName
  let targetName: EntryName
  /// Where attributes are read from; `nil` where they cannot be.
  let source: EntryLocation?
  let target: EntryLocation

  /// Where it is, if something fails there.
  var failedPlace: FailedPlace? { FailedPlace(nearest: directory, target: target) }
}

extension MetadataPlace {
  /// An entry that is reached by its name at the source and some way at the target.
  init(_ entry: FoundEntry, at target: EntryLocation) {
    self.init(
      directory: entry.directory,
      name: entry.name,
      targetName: entry.targetName,
      source: entry.source,
      target: target
    )
  }

  /// A file that is open on both sides.
  init(_ entry: FoundEntry, source: Int32, target: Int32) {
    self.init(
      directory: entry.directory,
      name: entry.name,
      targetName: entry.targetName,
      source: entry.takesBasis ? entry.source : EntryLocation(open: source),
      target: EntryLocation(open: target)
    )
  }

  /// A directory; `source` is open, where attributes can be read.
  init(_ directory: CopyDirectory, source: Int32?, target: EntryLocation) {
    self.init(
      directory: directory,
      name: .itself,
      targetName: .itself,
      source: source.map { EntryLocation(open: $0) },
      target: target
    )
  }
}
