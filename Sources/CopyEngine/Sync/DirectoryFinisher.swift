// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// The places of a directory that is done, on both sides.
struct FinishedDirectory {
  let place: MetadataPlace
  let current: EntryMetadata
  /// Kept, since the place only knows numbers.
  let sides: DirectorySides
  let attributeSides: DirectorySides
}

/// Finds directories again whose entries are all done.
struct DirectoryFinisher {
  let run: RunContext
  let opener: DirectoryOpener

  /// Opens a directory, or where it cannot be read at the source reaches it from above.
  ///
  /// - Returns: `nil` where the target is missing, or not ours to change.
  func find(
    _ directory: CopyDirectory,
    isReadable: Bool,
    restoresTime: Bool = true
  ) throws(CopyError) -> FinishedDirectory? {
    guard let wanted = directory.metadata else { return nil }
    let sides: DirectorySides
    var attributeSides: DirectorySides?
    let target: EntryLocation
    if isReadable {
      sides = try opener.open(directory)
      attributeSides = try opener.openFirst(of: directory, sides)
      target = EntryLocation(open: sides.target)
    } else if let root = directory.root?.target {
      // Its mode and times are known all the same.
      sides = DirectorySides(source: root, target: root)
      target = EntryLocation(open: sides.target)
    } else {
      guard let parent = directory.parent else { return nil }
      sides = try opener.open(parent)
      target = EntryLocation(directory: sides.target, name: directory.name)
    }
    guard sides.target >= 0 else { return nil }
    // What was removed from it is no change of its own.
    if restoresTime, let before = directory.beforeSweep?.modificationTime,
      run.preservation.contains(.times), !run.options.metadata.omitsDirectoryTimes
    {
      try? target.setTimes(access: nil, modification: before)
    }
    do {
      let found = try run.options.metadata.taken(try target.metadata(), at: target)
      let current = run.targetTimes.asHeld(found, like: wanted, in: sides)
      return FinishedDirectory(
        place: MetadataPlace(directory, source: attributeSides?.source, target: target),
        current: current,
        sides: sides,
        attributeSides: attributeSides ?? sides
      )
    } catch {
      throw .target(.stat, directory.targetPath(), error)
    }
  }
}
