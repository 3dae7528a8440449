// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree
internal import Glibc
internal import SystemPackage
internal import Uring

// Small files: many are read at once through the queue, which is where a disk can be slow, and each
// is then written by plain calls, since creating and writing a small file only moves memory.
// bench/results has what the ways cost that were compared.
extension Worker where Queue: ~Copyable {
  /// Files up to this size are written through the page cache even where direct writes are possible:
  /// for them to wait for the disk costs more than to copy them once more, in bytes.
  private static var bufferedBytesMax: UInt64 { 128 << 10 }

  /// Whether a file is read into one buffer first; on a disk that seeks, whatever fits, since direct
  /// writes would come between the batches of the others.
  mutating func isSmall(_ entry: FoundEntry) -> Bool {
    let size = entry.metadata.size
    guard size <= UInt64(loop.pool.blockBytes), !mayReflink(entry) else { return false }
    return size <= Self.bufferedBytesMax || run.disks.targetSeeks
      || writing(entry)?.mode != .direct
  }

  /// Opens a small file and has it read.
  mutating func load(_ entry: FoundEntry) throws(CopyError) {
    let known = knownReading[entry.metadata.identity.device]
    let source = try openSource(entry, isDirect: known?.mode == .direct)
    let size = entry.metadata.size
    if entry.metadata.mayHaveHoles && run.preservation.contains(.holes) {
      let map = DataMap(of: source.rawValue, entry.metadata, keepsHoles: true)
      guard isWhole(map, source.rawValue) else { return try copyInBlocks(entry) }
    }
    let access = known ?? reading(entry, source.rawValue)
    var plan = FileTask.Plan(
      source: source.rawValue,
      target: nil,
      map: size > 0 ? .whole(size) : .unknownSize,
      reading: access.transfer
    )
    // Whole pages, so that requests for neighbours touch and become one.
    if plan.reading.isDirect { plan.reading.alignment = LoadArena.alignment }
    // What somebody has in the cache is read from there, and stays.
    let cachedPages = access.mode == .keep ? 0 : cl_cached_pages(source.rawValue, 0, size)
    if cachedPages > 0 { plan.reading.alignment = 1 }
    if plan.reading.isDirect != (known?.mode == .direct) {
      _ = cl_set_direct(source.rawValue, plan.reading.isDirect ? 1 : 0)
    }
    var file = OpenFile(entry: entry, opened: entry.metadata, source: source)
    file.triesDontCache.reading = plan.reading.dontCache
    file.dropsSource = (access.mode == .advise || access.fillsCache) && cachedPages == 0
    if size > 0 { loop.admit(plan, file: file) } else { try finishEmpty(file) }
  }

  /// Whether a file that occupies less than its size has no holes all the same.
  private func isWhole(_ map: DataMap, _ source: Int32) -> Bool {
    guard case .sparse(let size) = map else { return true }
    return (try? map.extent(from: 0, in: source)) == DataExtent(offset: 0, length: size)
  }

  /// A file that says to be empty is so, unless it is one of those that do not tell, as in `/proc`.
  private mutating func finishEmpty(_ file: consuming OpenFile) throws(CopyError) {
    var byte: UInt8 = 0
    let count = unsafe cl_call_read(file.source.rawValue, &byte, 1, 0, false)
    guard count == 0 else { return try copyInBlocks(file.entry) }
    writeLoaded(file, nil)
  }

  /// Writes a small file that was read, and publishes it.
  mutating func writeLoaded(_ loaded: consuming OpenFile, _ contents: BufferSlice?) {
    var file = loaded
    guard begin(&file) else { return }
    do {
      if let contents { try write(contents, to: file) }
    } catch {
      fail(error)
      return settle(file.entry, false)
    }
    finishLoaded(file, contents, nil)
  }

  /// Creates the target of a small file that was read.
  ///
  /// - Returns: Whether it is there; else the file has been dealt with.
  mutating func begin(_ file: inout OpenFile) -> Bool {
    do {
      // Only what the scan found may have been read; else it is begun again, with all that belongs
      // to a file that changes.
      let now = try? EntryLocation(open: file.source.rawValue).metadata()
      guard let now, now.isSameFile(as: file.opened) else {
        changedFiles.append(file.entry)
        return false
      }
      file.opened = now
      if file.dropsSource {
        _ = posix_fadvise(file.source.rawValue, 0, 0, FileAdvice.dontNeed)
      }
      file.attach(try openTarget(file.entry, now))
      return true
    } catch {
      fail(error)
      settle(file.entry, false)
      return false
    }
  }

  /// Copies a file block by block that was not what the scan had found when it was read.
  mutating func copyChanged(_ entry: FoundEntry) {
    do {
      try copyInBlocks(entry)
    } catch {
      fail(error)
      settle(entry, false)
    }
  }

  /// Publishes a small file that was written.
  ///
  /// - Parameters:
  ///   - written: The file.
  ///   - contents: What was written to it, or `nil` if it is empty.
  ///   - way: How its data gets to the disk, where that is not the filesystem's usual one.
  mutating func finishLoaded(
    _ written: consuming OpenFile,
    _ contents: BufferSlice?,
    _ way: Settler.Way?
  ) {
    var file = written
    if let contents, let access = writing(file.entry), access.mode != .keep {
      let usual: Settler.Way = access.kind == .btrfs ? .alone : .together
      file.settling = Settler.Load(byteCount: contents.count, way: way ?? usual)
    }
    report.bytesWritten += UInt64(contents?.count ?? 0)
    publish(file, change: nil)
  }

  /// Writes what is left of a file from memory (`pwrite`).
  mutating func write(
    _ contents: BufferSlice,
    from start: Int = 0,
    to file: borrowing OpenFile
  ) throws(CopyError) {
    var written = start
    while written < contents.count {
      let dontCache = writing(file.entry)?.mode == .dontcache
      let result = unsafe cl_call_write(
        file.targetNumber,
        contents.start + written,
        UInt32(contents.count - written),
        UInt64(written),
        dontCache
      )
      if dontCache && result == -Errno.notSupported.rawValue {
        refuseWriting(.dontcache, file.entry)
        continue
      }
      guard result > 0 else {
        let errno = result == 0 ? Errno.ioError : Errno(rawValue: -result)
        throw .target("cannot write", file.entry.targetPath, errno)
      }
      written += Int(result)
    }
  }
}

extension EntryMetadata {
  /// Whether it is the same inode, unchanged.
  fileprivate func isSameFile(as other: EntryMetadata) -> Bool {
    identity == other.identity && kind == other.kind && size == other.size
      && modificationTime == other.modificationTime
  }
}
