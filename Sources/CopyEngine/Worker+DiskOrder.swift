// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree
internal import Uring

// Disks that seek: what is gathered of many directories is visited in the order of the inodes, and
// files are read in the order of their data, small ones before large ones, so that the target is
// written in one stream at a time.
extension Worker where Queue: ~Copyable {
  /// Puts aside the names that were just read.
  mutating func gather(in directory: CopyDirectory, _ handles: DirectoryHandles) {
    while let entry = reader.next() {
      directory.retainEntry()
      batch.add(NameBatch.Name(directory: directory, handles: handles, entry: entry))
    }
  }

  /// Visits what was gathered, and copies the files among it.
  ///
  /// Directories are made in the order in which the source lists them, as they once were there:
  /// filesystems that spread directories over the disk then spread them alike, and what lies
  /// together at the source does so at the target.
  mutating func visitBatch() {
    var directories: [(number: Int, entry: FoundEntry)] = []
    isGathering = true
    for gathered in batch.takeInOrder() {
      guard !run.shouldStop else { break }
      let (directory, name) = (gathered.directory, gathered.entry.name)
      if let entry = find(name, as: name, in: directory, gathered.handles) {
        if entry.metadata.kind == .directory {
          directories.append((gathered.number, entry))
        } else {
          _ = visit(entry)
        }
      }
      if directories.last?.number != gathered.number { complete(directory) }
    }
    isGathering = false
    enter(directories)
    copyGatheredFiles()
  }

  /// Makes directories in the order of the listing, and queues them in the order of their inodes.
  private mutating func enter(_ directories: [(number: Int, entry: FoundEntry)]) {
    var found: [(inode: UInt64, items: [WorkItem])] = []
    for (_, entry) in directories.sorted(by: { $0.number < $1.number }) {
      guard !run.shouldStop else { return }
      found.append((entry.metadata.identity.inode, visit(entry)))
      complete(entry.directory)
    }
    run.stack.push(found.sorted { $0.inode < $1.inode }.flatMap(\.items))
  }

  private mutating func copyGatheredFiles() {
    let files = gatheredFiles
    gatheredFiles = []
    var small: [(place: PlaceOfData, index: Int)] = []
    var large = small
    for index in files.indices {
      guard !run.shouldStop else { return }
      let place = PlaceOfData(of: files[index].metadata, position(files[index]))
      if isSmall(files[index]) {
        small.append((place, index))
      } else {
        large.append((place, index))
      }
    }
    for group in [small, large] where !group.isEmpty {
      for (_, index) in group.sorted(by: { $0.place < $1.place }) {
        guard !run.shouldStop else { return }
        copyContents(files[index])
      }
      if !large.isEmpty { endStream() }
    }
  }

  /// Where the data of a file begins on the disk of the source, in bytes (FS_IOC_FIEMAP); 0 where it
  /// does not matter or cannot be told.
  private mutating func position(_ entry: FoundEntry) -> UInt64 {
    guard run.disks.sourceSeeks, !run.options.isDryRun, entry.metadata.blocks > 0,
      let source = try? openSource(entry, isDirect: false)
    else { return 0 }
    let found = cl_first_physical(source.rawValue)
    withExtendedLifetime(source) {}
    return found > 0 ? UInt64(found) : 0
  }

  /// Waits until what was read is on its way to the disk, before another kind of writing begins.
  private mutating func endStream() {
    while !loop.isEmpty && !run.shouldStop { turn() }
    writeHeld()
    guard run.disks.targetSeeks else { return }
    for failure in run.settler.settle() { fail(failure) }
  }
}

/// What files are sorted by, so that a disk reads them in one go.
private struct PlaceOfData: Comparable {
  let device: UInt64
  let position: UInt64

  init(of metadata: EntryMetadata, _ position: UInt64) {
    device = metadata.identity.device
    self.position = position
  }

  static func < (one: PlaceOfData, other: PlaceOfData) -> Bool {
    (one.device, one.position) < (other.device, other.position)
  }
}
