// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import SystemPackage
internal import Uring

/// A small file that was read, and waits to be written.
struct HeldFile: ~Copyable {
  var file: OpenFile
  let contents: BufferSlice?
  let place: LoadArena.Place?

  consuming func takeFile() -> OpenFile { file }
}

/// Where a file that is held back comes when it is written.
struct HeldPlace: Comparable {
  /// Whether the filesystem puts it apart from smaller ones.
  let isApart: Bool
  /// The inode of its directory at the target.
  let directory: UInt64
  /// How many came before it.
  let number: Int
  /// Its place in the table of held files.
  let index: Int

  static func < (one: HeldPlace, other: HeldPlace) -> Bool {
    guard one.isApart == other.isApart else { return other.isApart }
    return (one.directory, one.number) < (other.directory, other.number)
  }
}

// Small files for a target that seeks are held back until the buffers are full, and then made in the
// order of their directories: filesystems put what is in one directory together, and find places in
// the order in which data is sent off.
extension Worker where Queue: ~Copyable {
  /// ext4 puts files up to this size one after the other, whatever their directories
  /// (`mb_stream_req`), and larger ones near their inodes: to take turns between the two is to seek.
  private static var groupedBytesMaxOfExt4: Int { 64 << 10 }

  /// Holds back a small file that was read.
  mutating func hold(
    _ file: consuming OpenFile,
    _ contents: BufferSlice?,
    _ place: LoadArena.Place?
  ) {
    let directory = file.entry.handles.targetMetadata?.identity.inode ?? 0
    let isApart =
      (contents?.count ?? 0) > Self.groupedBytesMaxOfExt4 && writing(file.entry)?.kind == .ext4
    if held.isFull { writeHeld() }
    guard let index = held.insert(HeldFile(file: file, contents: contents, place: place)) else {
      preconditionFailure("no place in an empty table")
    }
    heldPlaces.append(
      HeldPlace(isApart: isApart, directory: directory, number: heldPlaces.count, index: index)
    )
  }

  /// Writes the files that were held back.
  mutating func writeHeld() {
    guard !heldPlaces.isEmpty else { return }
    let order = heldPlaces.sorted().map(\.index)
    heldPlaces = []
    let step = min(WriteBatch.countMax, held.capacity)
    for start in stride(from: 0, to: order.count, by: step) {
      writeHeld(order[start..<min(start + step, order.count)])
    }
  }

  /// Creates some of them, writes them together, and publishes them.
  private mutating func writeHeld(_ indices: ArraySlice<Int>) {
    var created = SlotTable<HeldFile>(capacity: indices.count)
    for index in indices {
      var next = held.remove(index)
      let (contents, place) = (next.contents, next.place)
      if run.shouldStop {
        complete(next.file.entry.directory)
      } else if let contents, sendsOff(next.file.entry) {
        if begin(&next.file) {
          writes.add(contents, to: next.file.targetNumber, dontCache: true)
          _ = created.insert(next)
          continue
        }
      } else {
        writeLoaded(next.takeFile(), contents)
      }
      release(place)
    }
    let results = writes.run()
    for index in 0..<created.count {
      let next = created.remove(index)
      let (contents, place) = (next.contents, next.place)
      if let contents { finishWriting(next.takeFile(), contents, results[index]) }
      release(place)
    }
  }

  /// Whether what is written to a file is sent to the disk at once, in the order of writing.
  private mutating func sendsOff(_ entry: FoundEntry) -> Bool {
    guard let access = writing(entry) else { return false }
    return access.mode != .keep && access.mayDontCache && access.kind != .btrfs
  }

  /// Publishes a file that was written with others, or writes it by itself if that failed.
  private mutating func finishWriting(
    _ file: consuming OpenFile,
    _ contents: BufferSlice,
    _ result: Int32
  ) {
    let entry = file.entry
    if result == -Errno.notSupported.rawValue && sendsOff(entry) {
      refuseWriting(.dontcache, entry)
    }
    do {
      let written = max(Int(result), 0)
      try write(contents, from: written, to: file)
      finishLoaded(file, contents, written == contents.count && sendsOff(entry) ? .sent : nil)
    } catch {
      fail(error)
      settle(entry, false)
    }
  }

  private mutating func release(_ place: LoadArena.Place?) {
    // A loop whose queue has failed has no buffers any more.
    if let place, !queueFailed { loop.release(place) }
  }
}
