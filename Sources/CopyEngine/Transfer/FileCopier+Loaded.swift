// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage
internal import SystemPackage
internal import Uring

// Small files: reading.
extension FileCopier where Queue: ~Copyable {
  /// Opens a small file and has it read.
  mutating func load(
    _ entry: FoundEntry,
    _ publisher: inout Publisher
  ) throws(CopyError) {
    let known = planner.knownReading(entry)
    let source = try opener.openSource(entry, isDirect: known?.mode == .direct)
    let size = entry.metadata.size
    let metadata = entry.contentsMetadata
    if metadata.mayHaveHoles && run.preservation.contains(.holes) {
      let map = DataMap(of: source.rawValue, metadata, keepsHoles: true)
      guard isWhole(map, source.rawValue) else { return try copyInBlocks(entry, &publisher) }
    }
    let access = known ?? planner.reading(entry, source.rawValue)
    var plan = TransferPlan(
      source: source.rawValue,
      target: nil,
      map: size > 0 ? .whole(size) : .unknownSize,
      reading: access.transfer
    )
    plan.device = metadata.readDevice
    // Whole pages, so that requests for neighbours touch and become one.
    if plan.reading.isDirect { plan.reading.alignment = LoadArena.alignment }
    // What somebody has in the cache is read from there, and stays.
    let isKept = access.mode == .keep
    let cached =
      isKept ? 0 : FileCalls.cachedPages(of: source.rawValue, offset: 0, length: size) ?? -1
    if cached > 0 { plan.reading.alignment = 1 }
    if plan.reading.isDirect != (known?.mode == .direct) {
      try? FileCalls.setDirect(source.rawValue, plan.reading.isDirect)
    }
    var file = OpenFile(entry: entry, opened: metadata, source: source)
    file.triesDontCache.reading = plan.reading.dontCache
    file.dropsSource = (access.mode == .advise || access.fillsCache) && cached == 0
    if size > 0 { loop.admit(plan, file: file) } else { try finishEmpty(file, &publisher) }
  }

  /// Whether a file that occupies less than its size has no holes all the same.
  private func isWhole(_ map: DataMap, _ source: Int32) -> Bool {
    guard case .sparse(let size) = map else { return true }
    return (try? map.extent(from: 0, in: source)) == DataExtent(offset: 0, length: size)
  }

  /// A file that says to be empty is so, unless it is one of those that do not tell, as in `/proc`.
  private mutating func finishEmpty(
    _ file: consuming OpenFile,
    _ publisher: inout Publisher
  ) throws(CopyError) {
    var byte: UInt8 = 0
    let count = unsafe withUnsafeMutableBytes(of: &byte) { buffer in
      unsafe try? FileCalls.read(file.source.rawValue, into: buffer, at: 0)
    }
    guard count == 0 else { return try copyInBlocks(file.entry, &publisher) }
    writeAlone(file, nil, &publisher)
  }
}

// Small files that were read: creating, writing, and handing them on.
extension FileCopier where Queue: ~Copyable {
  /// ext4 puts files up to this size one after the other, whatever their directories
  /// (`mb_stream_req`), and larger ones near their inodes: to take turns between the two is to
  /// seek.
  private static var groupedBytesMaxOfExt4: Int { 64 << 10 }

  /// Holds back a small file that was read.
  mutating func hold(
    _ file: consuming OpenFile,
    _ contents: BufferSlice?,
    _ slot: LoadSlot?,
    _ publisher: inout Publisher
  ) {
    if loaded.isFull { writeLoaded(&publisher) }
    let isApart =
      (contents?.count ?? 0) > Self.groupedBytesMaxOfExt4
      && planner.writing(file.entry)?.kind == .ext4
    loaded.add(LoadedFile(file: file, contents: contents, slot: slot), isApart: isApart)
  }

  /// Whether small files are held back until the buffers are full, for a disk that seeks; not where
  /// that takes longer than a second at the rate that is wanted: they are lost if the run stops.
  var holdsLoaded: Bool {
    guard run.disks.targetSeeks else { return false }
    guard let rate = run.options.transfer.bytesPerSecond else { return true }
    return rate >= loop.pool.count * loop.pool.blockBytes
  }

  /// Writes the files that were held back.
  mutating func writeLoaded(_ publisher: inout Publisher) {
    let order = loaded.takeOrder()
    let step = min(AioWriteBatch.countMax, loaded.capacity)
    for start in stride(from: 0, to: order.count, by: step) {
      writeBatch(order[start..<min(start + step, order.count)], &publisher)
    }
  }

  /// What measures the target, if anybody wants to know.
  private var measured: MeasuredDevice? { run.meter.measuredTarget }

  /// Creates some of them, writes them together, and hands them on.
  private mutating func writeBatch(_ indices: ArraySlice<Int>, _ publisher: inout Publisher) {
    var created = SlotTable<LoadedFile>(capacity: indices.count)
    for index in indices {
      var next = loaded.take(index)
      let (contents, slot) = (next.contents, next.slot)
      if run.shouldStop {
        end(next.file.entry)
      } else if let contents, isSentOff(next.file.entry), !leavesHoles(contents) {
        if createTarget(&next.file, &publisher) {
          loaded.writes.add(contents, to: next.file.targetNumber, dontCache: true)
          _ = created.insert(next)
          continue
        }
      } else {
        writeAlone(next.takeFile(), contents, &publisher)
      }
      if let slot { loop.release(slot) }
    }
    let results = measured.timeWrites(created.count) { loaded.writes.run() }
    for index in 0..<created.count {
      let next = created.remove(index)
      let (contents, slot) = (next.contents, next.slot)
      if let contents { finishWriting(next.takeFile(), contents, results[index], &publisher) }
      if let slot { loop.release(slot) }
    }
  }

  /// Whether what is written to a file is sent to the disk at once, in the order of writing.
  private mutating func isSentOff(_ entry: FoundEntry) -> Bool {
    guard let access = planner.writing(entry) else { return false }
    return access.mode != .keep && access.mayDontCache && access.kind != .btrfs
  }

  /// Hands on a file that was written with others, or writes it by itself if that failed.
  private mutating func finishWriting(
    _ file: consuming OpenFile,
    _ contents: BufferSlice,
    _ result: Int32,
    _ publisher: inout Publisher
  ) {
    let entry = file.entry
    if result == -Errno.notSupported.rawValue && isSentOff(entry) {
      planner.refuseWriting(.dontcache, entry)
    }
    do {
      let written = max(Int(result), 0)
      try write(contents, written..<contents.count, to: file)
      let isSent = written == contents.count && isSentOff(entry)
      handOn(file, byteCount: contents.count, isSentOff: isSent, &publisher)
    } catch {
      fail(entry, error)
    }
  }

  /// Creates and writes one small file that was read.
  mutating func writeAlone(
    _ loaded: consuming OpenFile,
    _ contents: BufferSlice?,
    _ publisher: inout Publisher
  ) {
    var file = loaded
    guard createTarget(&file, &publisher) else { return }
    var byteCount = 0
    do {
      if let contents { byteCount = try write(contents, to: file) }
    } catch {
      return fail(file.entry, error)
    }
    handOn(file, byteCount: byteCount, isSentOff: false, &publisher)
  }

  /// Whether some of a small file becomes a hole.
  private func leavesHoles(_ contents: BufferSlice) -> Bool {
    guard run.preservation.contains(.zerosAsHoles) else { return false }
    let granuleBytes = TransferPlan.zeroGranuleBytes
    return contents.run(ofZeros: false, granuleBytes: granuleBytes) < contents.count
  }

  /// Writes a file from memory; with `-S` all but runs of zeros.
  ///
  /// - Parameters:
  ///   - contents: All of the file.
  ///   - file: The file, with nothing in it.
  /// - Returns: How many bytes were written.
  /// - Throws: The error of a call.
  private mutating func write(
    _ contents: BufferSlice,
    to file: borrowing OpenFile
  ) throws(CopyError) -> Int {
    guard leavesHoles(contents) else {
      try write(contents, 0..<contents.count, to: file)
      return contents.count
    }
    do throws(Errno) {
      try FileCalls.setSize(file.targetNumber, UInt64(contents.count))
    } catch {
      throw .target(.setSize, file.entry.targetPath, error)
    }
    let granuleBytes = TransferPlan.zeroGranuleBytes
    var (position, written) = (0, 0)
    while position < contents.count {
      position += contents.run(from: position, ofZeros: true, granuleBytes: granuleBytes)
      let end = position + contents.run(from: position, ofZeros: false, granuleBytes: granuleBytes)
      try write(contents, position..<end, to: file)
      written += end - position
      position = end
    }
    return written
  }

  /// Creates the target of a small file that was read.
  ///
  /// - Returns: Whether it is there; else the file has been dealt with.
  private mutating func createTarget(
    _ file: inout OpenFile,
    _ publisher: inout Publisher
  ) -> Bool {
    // Only what the scan found may have been read; else it is begun again, with all that belongs to
    // a file that changes.
    let now = try? EntryLocation(open: file.source.rawValue).metadata()
    guard let now, now.isSameFile(as: file.opened) else {
      changed.append(file.entry)
      return false
    }
    file.opened = now
    if file.dropsSource { FileCalls.advise(file.source.rawValue, .dontNeed) }
    do {
      let source = file.source.rawValue
      file.attach(try opener.createTarget(file.entry, now, source: source, &publisher))
      return true
    } catch {
      fail(file.entry, error)
      return false
    }
  }

  /// Hands a small file that was written to the publisher.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - byteCount: How much was written to it, in bytes.
  ///   - isSentOff: Whether its data is on its way to the disk.
  ///   - publisher: Who gives it its name.
  private mutating func handOn(
    _ file: consuming OpenFile,
    byteCount: Int,
    isSentOff: Bool,
    _ publisher: inout Publisher
  ) {
    let cached = DataPlace.inCache(byteCount: byteCount, isSentOff: isSentOff)
    let isDropped = planner.writing(file.entry)?.mode != .keep
    countWritten(UInt64(byteCount))
    publisher.add(
      file.completed(byteCount == 0 ? .onDisk : cached, isDropped: isDropped, change: nil)
    )
  }

  /// Writes a part of a file from memory (`pwrite`).
  private mutating func write(
    _ contents: BufferSlice,
    _ range: Range<Int>,
    to file: borrowing OpenFile
  ) throws(CopyError) {
    var written = range.lowerBound
    while written < range.upperBound {
      let dontCache = planner.writing(file.entry)?.mode == .dontcache
      let rest = unsafe UnsafeRawBufferPointer(
        start: contents.start + written,
        count: range.upperBound - written
      )
      do throws(Errno) {
        let (target, offset) = (file.targetNumber, UInt64(written))
        let count = try measured.time(.write) { () throws(Errno) in
          unsafe try FileCalls.write(target, from: rest, at: offset, dontCache: dontCache)
        }
        guard count > 0 else { throw .ioError }
        written += count
      } catch {
        guard dontCache && error == .notSupported else {
          throw .target(.write, file.entry.targetPath, error, offset: UInt64(written))
        }
        planner.refuseWriting(.dontcache, file.entry)
      }
    }
  }
}

// Files that are written where they are, and files that are left partial.
extension FileCopier where Queue: ~Copyable {
  /// Whether a file gets more of what it has, or is no file.
  func isAppended(_ entry: FoundEntry) -> Bool {
    guard let mode = run.options.publish.inPlace, let existing = entry.existing else {
      return false
    }
    return mode.appends && existing.kind == .file || existing.kind == .device
  }

  /// Keeps what there is of a file whose copy was interrupted, if that is wanted (`ftruncate`).
  func keepPartial(
    _ interrupted: consuming OpenFile,
    _ bytes: UInt64,
    _ publisher: inout Publisher
  ) {
    let file = interrupted
    if run.options.publish.inPlace?.appends == true, !file.isDevice, !file.isLoading {
      // By its size the next run goes on with it.
      try? FileCalls.setSize(file.targetNumber, max(bytes, file.keptBytes))
      return
    }
    guard run.options.staging.keepsPartial, bytes > 0, !file.isLoading,
      run.options.publish.inPlace == nil,
      (try? FileCalls.setSize(file.targetNumber, bytes)) != nil
    else { return }
    publisher.keepPartial(file.completed(.onDisk, change: nil))
  }
}
