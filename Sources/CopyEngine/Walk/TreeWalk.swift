// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage
internal import SystemPackage

/// Reads directories and has their names visited: at once, or where a disk seeks in the order of
/// the disk.
struct TreeWalk<Work: Executor & ~Copyable>: ~Copyable {
  let run: RunContext
  let opener: DirectoryOpener
  let stack: WorkStack
  private let similarNames: SimilarNames
  var reader = NameReader()
  /// Where a disk seeks, what is to be visited next.
  private var batch: NameBatch
  var visitor: EntryVisitor<Work>
  /// What this worker removes before it does anything else.
  var doomed = DoomedRanges()
  /// What waits until that is removed, or left to others.
  var afterRemoval: [WorkItem] = []
  /// Searches directories of the target, where names are removed that the source lacks.
  let sweep: TargetSweep?

  init(_ parts: RunParts, _ visitor: consuming EntryVisitor<Work>) {
    run = parts.run
    opener = parts.opener
    stack = parts.stack
    similarNames = parts.similarNames
    sweep =
      visitor.executor.sweeps
      ? TargetSweep(run, opener, share: { [run, stack] in stack.share(&$0, run.limits) }) : nil
    self.visitor = visitor
    batch = NameBatch(
      directoriesMax: run.limits.batchDirectoriesMax,
      namesMax: run.limits.batchNamesMax
    )
  }

  /// Whether names were read that nobody has visited.
  var hasGathered: Bool { !batch.isEmpty }

  /// Carries one item of the stack out.
  mutating func process(_ item: WorkItem) {
    switch item {
    case .directory(let directory, let position):
      if case .nobody = directory.names {
        run.tellSkipped(directory, .itself, isDirectory: true)
      } else {
        read(directory, from: position)
      }
    case .file(let entry):
      visitor.executor.copy(entry)
    case .entry(let directory, let name, let targetName):
      visitOperand(name, as: targetName, in: directory)
      // Nothing else of it is read.
      if directory.following != nil { visitor.complete(directory) }
    case .merged(let merged):
      merge(merged)
    case .late(let late):
      visitLate(late)
    case .delayed(let files):
      visitor.executor.release(files)
    case .doomed(let works):
      doomed.push(works)
    }
    if !batch.isEmpty && stack.isEmpty && afterRemoval.isEmpty { visitBatch() }
  }

  /// Visits a name, and has a file copied.
  ///
  /// - Returns: What has to be read next: the entry itself, if it is a directory.
  mutating func visit(
    _ name: EntryName,
    as targetName: EntryName,
    in directory: CopyDirectory,
    _ sides: DirectorySides
  ) -> WorkItem? {
    guard var entry = visitor.finder.find(name, as: targetName, in: directory, sides) else {
      return nil
    }
    return take(visitor.visit(&entry), entry)
  }

  /// Visits an entry that a source operand named.
  private mutating func visitOperand(
    _ name: EntryName,
    as targetName: EntryName,
    in directory: CopyDirectory
  ) {
    let sides: DirectorySides
    do {
      sides = try opener.open(directory)
    } catch {
      return run.fail(error)
    }
    defer { withExtendedLifetime(sides) {} }
    prepare(directory, sides)
    guard var entry = visitor.finder.find(name, as: targetName, in: directory, sides),
      !visitor.filter.hidesTelling(entry),
      !similarNames.putsOff(name, as: targetName, in: directory)
    else { return }
    if let item = take(visitor.visit(&entry), entry) { stack.push([item]) }
  }

  private mutating func prepare(_ directory: CopyDirectory, _ sides: DirectorySides) {
    visitor.executor.prepare(directory, sides)
    similarNames.watch(directory, sides)
  }

  /// Copies a name that was found before, and could not be linked.
  mutating func retry(_ retry: FoundEntry) {
    var entry = retry
    if let item = take(visitor.decide(&entry), entry) { stack.push([item]) }
    // It counts in its directory as the file that it was when it was visited first.
    if entry.metadata.kind == .directory { visitor.complete(entry.directory) }
  }

  /// Does what a visit leaves to the walk.
  private mutating func take(
    _ visit: EntryVisitor<Work>.Visit,
    _ entry: FoundEntry
  ) -> WorkItem? {
    defer { visitor.takeDone() }
    switch visit {
    case .done: return nil
    case .directory(let directory): return .directory(directory, position: 0)
    case .merged(let merged): return .merged(merged)
    case .file:
      if !handOver(entry) { visitor.executor.copy(entry) }
      return nil
    }
  }

  /// Leaves a large file to another worker, when this one has one under way and the other nothing.
  private func handOver(_ entry: FoundEntry) -> Bool {
    guard entry.metadata.size >= Self.handOverBytesMin, visitor.executor.isCopying, stack.lacksWork
    else { return false }
    stack.push([.file(entry)])
    return true
  }

  /// Smaller files are copied before another worker has woken, in bytes.
  private static var handOverBytesMin: UInt64 { 4 << 20 }
}

// Reading.
extension TreeWalk where Work: ~Copyable {
  /// Reads a directory until subdirectories turn up, or its end.
  private mutating func read(_ directory: CopyDirectory, from position: Int64) {
    let sides: DirectorySides
    do {
      sides = try opener.open(directory)
    } catch {
      run.fail(error, at: FailedPlace(nearest: directory))
      endReading(directory, isReadable: false)
      return visitor.complete(directory, isReadable: false)
    }
    // Beyond the budget nobody else holds them, and what follows only knows their numbers.
    defer { withExtendedLifetime(sides) {} }
    if position == 0 {
      prepare(directory, sides)
      guard !removeSurplus(of: directory, sides) else { return }
      // A root is entered by nobody else.
      if directory.parent == nil, let root = directory.metadata { visitor.noteEntered(root) }
    }
    var found: [WorkItem] = []
    var isFirst = position == 0
    do throws(Errno) {
      try reader.seek(directory, sides, to: position)
      while !run.shouldStop {
        guard try reader.fill(from: sides) else { break }
        // Of a small directory nothing is left that could be shared.
        let isShared = !(isFirst && reader.hasRoom)
        guard try visitFilled(directory, sides, isShared: isShared, &found) else { return }
        isFirst = false
      }
    } catch {
      run.fail(.source(.readDirectory, directory.sourcePath(), error), in: directory, sides)
    }
    if !found.isEmpty { stack.push(found) }
    endReading(directory)
  }

  /// Beyond this many subdirectories a directory is read on later, however deep it lies.
  private static var foundMax: Int { 1024 }

  /// Visits the names that were read, or puts them aside.
  ///
  /// - Returns: Whether to read on; else somebody else does, or later.
  private mutating func visitFilled(
    _ directory: CopyDirectory,
    _ sides: DirectorySides,
    isShared: Bool,
    _ found: inout [WorkItem]
  ) throws(Errno) -> Bool {
    if run.disks.seek {
      gather(in: directory, sides)
      guard batch.isFull else { return true }
      // The rest lies under what is found in the batch.
      let rest = try reader.position(of: sides)
      stack.push([.directory(directory, position: rest)])
      visitBatch()
      return false
    }
    if opener.isDeep(directory) && found.count < Self.foundMax {
      // Who came back for the rest might have to go all the way from the root.
      found += visitNames(in: directory, sides)
      return true
    }
    if isShared && stack.lacksWork {
      let rest = try reader.position(of: sides)
      // Somebody else reads on. These names count by themselves, or the directory could be done
      // before they are.
      directory.retainEntry()
      stack.push([.directory(directory, position: rest)])
      stack.push(found + visitNames(in: directory, sides))
      visitor.complete(directory)
      return false
    }
    found += visitNames(in: directory, sides)
    // Names that wait to be copied come first, so that there are never more than were just read.
    guard !found.isEmpty || visitor.hasRetries else { return true }
    // The rest of this directory lies under what was found: deep before wide.
    do {
      let rest = try reader.position(of: sides)
      stack.push(found + [.directory(directory, position: rest)])
    } catch {
      // What was found is made already, and the directories above wait for it.
      stack.push(found)
      throw error
    }
    return false
  }

  /// Visits the names that were read; returns what has to be read next.
  private mutating func visitNames(
    in directory: CopyDirectory,
    _ sides: DirectorySides
  ) -> [WorkItem] {
    var found: [WorkItem] = []
    let filter = visitor.filter.scope(of: directory, sides)
    while !run.shouldStop, let entry = reader.next() {
      guard !Work.visitsOnlyDirectories || mayLeadToDirectory(entry) else { continue }
      if let filter, isHidden(entry, in: directory, filter, sides) { continue }
      let name = entry.name
      guard !similarNames.putsOff(name, as: name, in: directory) else { continue }
      if let item = visit(name, as: name, in: directory, sides) { found.append(item) }
    }
    return found
  }

  /// Whether a name is left out, which a walk tells that visits all names.
  private func isHidden(
    _ entry: DirectoryEntry,
    in directory: CopyDirectory,
    _ filter: FilterScope,
    _ sides: DirectorySides
  ) -> Bool {
    let isTold = !Work.visitsOnlyDirectories
    return visitor.filter.hides(entry, in: directory, filter, sides, isTold: isTold)
  }

  /// Puts aside the names that were just read.
  private mutating func gather(in directory: CopyDirectory, _ sides: DirectorySides) {
    let filter = visitor.filter.scope(of: directory, sides)
    while let entry = reader.next() {
      guard !Work.visitsOnlyDirectories || mayLeadToDirectory(entry) else { continue }
      if let filter, isHidden(entry, in: directory, filter, sides) { continue }
      guard !similarNames.putsOff(entry.name, as: entry.name, in: directory) else { continue }
      directory.retainEntry()
      batch.add(NameBatch.Name(directory: directory, sides: sides, entry: entry))
    }
  }
}

// The order of the disk: what is gathered of many directories is visited in the order of the
// inodes, and files are read in the order of their data, small ones before large ones, so that the
// target is written in one stream at a time.
extension TreeWalk where Work: ~Copyable {
  /// Visits what was gathered, and copies the files among it.
  ///
  /// Directories are made in the order in which the source lists them, as they once were there:
  /// filesystems that spread directories over the disk then spread them alike, and what lies
  /// together at the source does so at the target.
  mutating func visitBatch() {
    var directories: [(number: Int, entry: FoundEntry)] = []
    var files: [FoundEntry] = []
    for gathered in batch.takeInOrder() {
      guard !run.shouldStop else { break }
      let (directory, name) = (gathered.directory, gathered.entry.name)
      if var entry = visitor.finder.find(name, as: name, in: directory, gathered.sides) {
        if entry.metadata.kind == .directory {
          directories.append((gathered.number, entry))
          continue
        }
        if case .file = visitor.visit(&entry) { files.append(entry) }
        visitor.takeDone()
      }
      visitor.complete(directory)
    }
    enter(directories)
    if stack.isEmpty && run.limits.workers == 1 { run.meter?.noteComplete() }
    copy(files)
  }

  /// Makes directories in the order of the listing, and queues them in the order of their inodes.
  private mutating func enter(_ directories: [(number: Int, entry: FoundEntry)]) {
    var items: [(inode: UInt64, item: WorkItem)] = []
    for (_, found) in directories.sorted(by: { $0.number < $1.number }) {
      guard !run.shouldStop else { return }
      var entry = found
      if let item = take(visitor.visit(&entry), entry) {
        items.append((entry.metadata.identity.inode, item))
      }
      visitor.complete(entry.directory)
    }
    stack.push(items.sorted { $0.inode < $1.inode }.map(\.item))
  }

  private mutating func copy(_ files: [FoundEntry]) {
    var small: [(order: ReadOrder, index: Int)] = []
    var large = small
    for index in files.indices {
      guard !run.shouldStop else { return }
      let order = ReadOrder(
        device: files[index].metadata.identity.device,
        offset: visitor.executor.physicalOffset(files[index])
      )
      if visitor.executor.isSmall(files[index]) {
        small.append((order, index))
      } else {
        large.append((order, index))
      }
    }
    for group in [small, large] where !group.isEmpty {
      for (_, index) in group.sorted(by: { $0.order < $1.order }) {
        guard !run.shouldStop else { return }
        visitor.executor.copy(files[index])
        visitor.takeDone()
      }
      if !large.isEmpty { visitor.executor.flush() }
      visitor.takeDone()
    }
  }
}
