// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree
internal import Glibc
internal import SystemPackage
internal import Uring

// Regular files: opening, and publishing when their data is there.
extension Worker where Queue: ~Copyable {
  mutating func copyFile(_ entry: FoundEntry) {
    if isUpToDate(entry) {
      report.bytesVisited += entry.metadata.size
      explainAccess(entry)
      return settle(entry, repair(entry, .file))
    }
    if isGathering {
      gatheredFiles.append(entry)
    } else if !handOver(entry) {
      copyContents(entry)
    }
  }

  /// Copies a file that is to be copied.
  mutating func copyContents(_ entry: FoundEntry) {
    report.bytesVisited += entry.metadata.size
    guard clear(entry) else { return settle(entry, false) }
    guard !run.options.isDryRun else {
      report.filesCopied += 1
      explainAccess(entry)
      note(.file, entry.directory, entry.targetName, isNew: true)
      return settle(entry, true)
    }
    while mustWaitForSlot() && !run.shouldStop { turn() }
    guard !run.shouldStop else { return complete(entry.directory) }
    do {
      if isSmall(entry) { try load(entry) } else { try copyInBlocks(entry) }
    } catch {
      fail(error)
      settle(entry, false)
    }
  }

  /// Leaves a large file to another worker, when this one has one under way and the other nothing.
  private func handOver(_ entry: FoundEntry) -> Bool {
    guard entry.metadata.size >= Self.handOverBytesMin, loop.copiesUnderWay > 0,
      run.stack.lacksWork
    else { return false }
    run.stack.push([.file(entry)])
    return true
  }

  /// Smaller files are copied before another worker has woken, in bytes.
  private static var handOverBytesMin: UInt64 { 4 << 20 }

  /// Copies a file block by block.
  mutating func copyInBlocks(_ entry: FoundEntry) throws(CopyError) {
    while mustWaitForSlot() && !run.shouldStop { turn() }
    let file = try open(entry)
    if try reflink(file) {
      publish(file, change: nil)
    } else {
      try admit(file)
    }
  }

  private mutating func open(_ entry: FoundEntry) throws(CopyError) -> OpenFile {
    let source = try openSource(entry, isDirect: false)
    let opened: EntryMetadata
    do throws(Errno) {
      opened = try EntryLocation(open: source.rawValue).metadata()
      // Something else has taken the name since it was found.
      guard opened.identity == entry.metadata.identity, opened.kind == .file else {
        throw .noSuchFileOrDirectory
      }
    } catch {
      throw .source("cannot open", entry.sourcePath, error)
    }
    var file = OpenFile(entry: entry, opened: opened, source: source)
    file.attach(try openTarget(entry, opened))
    return file
  }

  /// Creates what will be the target, with its final mode where that is how it is created.
  mutating func openTarget(
    _ entry: FoundEntry,
    _ opened: EntryMetadata
  ) throws(CopyError) -> TargetFile {
    let mode = run.preservation.contains(.permissions) ? opened.permissions & 0o777 : 0o600
    do throws(Errno) {
      do {
        return try TargetFile(
          in: entry.handles,
          for: entry.targetName,
          mode: mode,
          creationMask: run.creationMask,
          random: &random
        )
      } catch {
        guard error == .noSpace else { throw error }
        makeRoom(entry)
        return try TargetFile(
          in: entry.handles,
          for: entry.targetName,
          mode: mode,
          creationMask: run.creationMask,
          random: &random
        )
      }
    } catch {
      throw .target("cannot create", entry.targetPath, error)
    }
  }

  /// Opens a source for reading, with O_DIRECT if that is how it will be read.
  func openSource(_ entry: FoundEntry, isDirect: Bool) throws(CopyError) -> Descriptor {
    do throws(Errno) {
      do {
        return try entry.source.openForReading(direct: isDirect)
      } catch {
        // Read through the cache it is the same, though not as fast.
        guard isDirect && error == .invalidArgument else { throw error }
        return try entry.source.openForReading()
      }
    } catch {
      throw .source("cannot open", entry.sourcePath, error)
    }
  }

  /// Hands the file to the event loop.
  private mutating func admit(_ open: consuming OpenFile) throws(CopyError) {
    var file = open
    let size = file.opened.size
    let source = file.source.rawValue
    let target = file.targetNumber
    let map = DataMap(of: source, file.opened, keepsHoles: run.preservation.contains(.holes))
    var plan = FileTask.Plan(source: source, target: target, map: map)
    var mayAllocate = false
    switch map {
    case .sparse(let size):
      guard ftruncate(target, Int(size)) == 0 else {
        throw .target("cannot set size", file.entry.targetPath, Errno(rawValue: errno))
      }
    case .whole(let size):
      // What is kept in the cache is published before it is written, and shows by its size what of
      // it has come to the disk when the power fails.
      mayAllocate =
        size >= AllocationPolicy.fileBytesMin && writing(file.entry)?.mode != .keep
        && allocation.allows(target)
      if mayAllocate { plan.allocateBytes = size }
    case .unknownSize:
      break
    }
    let residency = planReading(&plan, file)
    let pacesTarget = planWriting(&plan, file, mayAllocate: mayAllocate)
    if size > 0 && (pacesTarget || residency != .unknown) {
      plan.advisor = CacheAdvisor(
        size: size,
        residency: residency,
        pacesTarget: pacesTarget,
        windowBytes: run.windowBytes
      )
    }
    if plan.writing.isDirect && size <= UInt64(loop.pool.blockBytes) {
      try allocateNow(&plan, file)
    }
    file.triesDontCache = (plan.reading.dontCache, plan.writing.dontCache)
    if run.options.advisesNoReuse {
      _ = posix_fadvise(source, 0, 0, FileAdvice.noReuse)
      _ = posix_fadvise(target, 0, 0, FileAdvice.noReuse)
    }
    loop.admit(plan, file: file)
    // On its way while the next one is looked for.
    turn(waits: false)
  }

  /// Takes a file whose data has been moved, or not.
  mutating func finish(_ finished: consuming Finished<OpenFile>) {
    var finished = finished
    let (outcome, place, contents) = (finished.outcome, finished.place, finished.contents)
    let end = finished.takeEnd()
    let file = finished.takeFile()
    guard outcome == .loaded else {
      guard case .copied = outcome, !end.isEmpty else { return finish(file, outcome) }
      return writeEnd(end, file, outcome)
    }
    if run.disks.targetSeeks { return hold(file, contents, place) }
    writeLoaded(file, contents)
    if let place { loop.release(place) }
  }

  /// Writes the end of a file, which was kept back since it is no whole sector (`pwrite`).
  ///
  /// Its space is allocated and not written yet, so that nothing has to be read for it. To write a
  /// whole sector and to cut the file would have the filesystem read it again, and wait.
  private mutating func writeEnd(
    _ end: [UInt8],
    _ file: consuming OpenFile,
    _ outcome: FileTask.Outcome
  ) {
    let target = file.targetNumber
    if let (_, errno) = FileEnd.write(end, upTo: file.opened.size, of: target) {
      return finish(file, .failed(.write(errno)))
    }
    // Until it is on the disk it reads as zeros there, in a file that looks complete to the next run.
    var plan = FileTask.Plan(source: file.source.rawValue, target: target, map: .whole(0))
    plan.advisor = CacheAdvisor(settling: file.opened.size - UInt64(end.count)..<file.opened.size)
    if case .copied(let bytes) = outcome { report.bytesWritten += bytes }
    loop.admit(plan, file: file)
  }

  private mutating func finish(_ file: consuming OpenFile, _ outcome: FileTask.Outcome) {
    let entry = file.entry
    switch outcome {
    case .loaded:
      return
    case .copied(let bytes):
      report.bytesWritten += bytes
      return publish(file, change: describeChange(file))
    case .notAllocated(.noSpace) where !file.hasMadeRoom && !run.shouldStop:
      makeRoom(entry)
      file.hasMadeRoom = true
      return tryAgain(file)
    case _ where outcome.isCanceled && !file.wasCanceled && !run.shouldStop:
      file.wasCanceled = true
      useCalls()
      return tryAgain(file)
    case .failed(.read(.invalidArgument)) where !file.avoidsDirect && !run.shouldStop,
      .failed(.write(.invalidArgument)) where !file.avoidsDirect && !run.shouldStop:
      file.avoidsDirect = true
      return tryAgain(file)
    case .failed(.read(.notSupported)) where file.triesDontCache.reading:
      refuseReading(.dontcache, entry)
      return tryAgain(file)
    case .failed(.write(.notSupported)) where file.triesDontCache.writing:
      refuseWriting(.dontcache, entry)
      return tryAgain(file)
    case .failed(.sourceEnded) where file.isLoading && !run.shouldStop:
      return tryAgain(file)
    case .failed(.read(let errno)):
      fail(CopyError("cannot read", entry.sourcePath, errno, .entry))
    case .failed(.write(let errno)), .notWrittenBack(let errno):
      fail(.target("cannot write", entry.targetPath, errno))
    case .failed(.wroteNothing):
      fail(.target("cannot write", entry.targetPath, .ioError))
    case .notAllocated(let errno):
      fail(.target("cannot allocate", entry.targetPath, errno))
    case .failed(.sourceEnded(let offset)):
      fail(
        CopyError(
          "shrank from \(file.opened.size) to \(offset) bytes while it was copied; not copied",
          entry.sourcePath,
          nil,
          .entry
        )
      )
    case .failed(.stopped):
      return complete(entry.directory)
    }
    settle(entry, false)
  }

  /// Begins a file again, another way.
  private mutating func tryAgain(_ file: consuming OpenFile) {
    let entry = file.entry
    do {
      if file.isLoading { try copyInBlocks(entry) } else { try admit(file) }
    } catch {
      fail(error)
      settle(entry, false)
    }
  }

  /// Gives a file whose data is there its metadata and its name.
  mutating func publish(_ published: consuming OpenFile, change: String?) {
    var file = published
    let entry = file.entry
    guard var target = file.takeTarget() else { return settle(entry, false) }
    _ = apply(
      MetadataChange(
        directory: entry.directory,
        name: entry.name,
        targetName: entry.targetName,
        source: EntryLocation(open: file.source.rawValue),
        target: EntryLocation(open: target.rawValue),
        wanted: file.opened,
        current: entry.existing?.kind == .file ? entry.existing : nil,
        isNew: true,
        created: target.created
      )
    )
    do {
      try target.publish(
        as: entry.targetName,
        replaces: entry.existing != nil && entry.existing?.kind != .directory,
        random: &random
      )
    } catch {
      fail(.target("cannot publish", entry.targetPath, error))
      return settle(entry, false)
    }
    report.filesCopied += 1
    if let change { fail(CopyError(change, entry.sourcePath, nil, .entry)) }
    note(.file, entry.directory, entry.targetName, isNew: true)
    if let load = file.settling, let descriptor = target.takeDescriptor() {
      for failure in run.settler.add(descriptor, load) { fail(failure) }
    }
    settle(entry, true)
  }

  /// Says how the source changed since it was opened, if it did.
  ///
  /// The target then has the modification time from before, so that the next run copies it again.
  private func describeChange(_ file: borrowing OpenFile) -> String? {
    guard let now = try? EntryLocation(open: file.source.rawValue).metadata() else { return nil }
    let before = file.opened
    if now.size != before.size {
      return "changed from \(before.size) to \(now.size) bytes while it was copied"
    }
    return now.modificationTime == before.modificationTime ? nil : "changed while it was copied"
  }
}
