// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Removes names of the target, directories with all that is in them; in a dry run it only tells
/// what would go.
///
/// A tree is worked off as the walk does: a directory is read until directories turn up, and its
/// own rest waits below them, so that what waits is bounded by the depth, and not by the size.
/// Nothing that is mounted on a directory of the target is touched.
final class TreeRemover {
  /// What is to be done next.
  enum Step {
    /// The directories that were found, then the rest of this one.
    case more([DoomedWork], then: DoomedWork)
    /// Nothing: the topmost directory is gone, or stays.
    case done(DoomedDirectory)
    /// Nothing here: others are not done yet.
    case waits
  }

  private let run: RunContext
  private let opener: DoomedOpener
  /// Removes single names.
  let names: NameRemover
  private var reader = DirectoryReader()

  /// After so many batches of names something else may be done.
  private static let batchesMax = 16

  private var isDry: Bool { names.isDry }
  /// What was removed.
  var counts: DeletionCounts { names.counts }

  /// Makes the remover of one worker.
  init(_ run: RunContext, _ opener: DoomedOpener, isDry: Bool) {
    self.run = run
    self.opener = opener
    names = NameRemover(run, opener, isDry: isDry)
  }

  /// Empties a directory that has the name of an entry, which is complete and about to replace it.
  ///
  /// - Returns: Whether the entry may have the name; that it may not is told.
  func makeWay(for entry: FoundEntry) -> Bool {
    guard entry.existing?.kind == .directory, entry.metadata.kind != .directory,
      run.options.deletion.clearsTheWay
    else { return true }
    // What protects names there may be in the directory above.
    _ = entry.directory.protection?.scope(in: entry.sides.target, of: run)
    let isEmpty = removeNow(DoomedDirectory(entry.targetName, in: entry.directory, makesWay: true))
    guard !isEmpty, !run.shouldStop else { return isEmpty }
    run.fail(CopyError(.makeWay, entry.targetPath, nil, .entry), at: FailedPlace(entry))
    return false
  }

  /// Removes a tree at once.
  ///
  /// - Returns: Whether nothing in it had to stay.
  func removeNow(_ directory: DoomedDirectory) -> Bool {
    var ranges = DoomedRanges([DoomedWork(directory: directory)])
    while let work = ranges.takeNext() {
      guard !run.shouldStop else { return false }
      if case .more(let works, let rest) = step(work) { ranges.push(works, then: rest) }
    }
    return !directory.staysNonEmpty
  }
}

// Trees.
extension TreeRemover {
  /// Reads a directory on, removes what is no directory, and returns the directories.
  func step(_ work: DoomedWork) -> Step {
    let directory = work.directory
    do throws(CopyError) {
      let place = try opener.open(directory, isOpenedUp: !isDry)
      var found: [DoomedWork] = []
      do throws(Errno) {
        try DirectoryReader.seek(place.number, to: work.position)
        var batches = 0
        while found.isEmpty, batches < Self.batchesMax, !run.shouldStop,
          try reader.fill(from: place.number)
        {
          found = removeFilled(directory, place.number)
          batches += 1
        }
        if !found.isEmpty || batches == Self.batchesMax {
          let rest = try DirectoryReader.position(of: place.number)
          return .more(found, then: DoomedWork(directory: directory, position: rest))
        }
      } catch {
        // The directory has to stay, whatever becomes of those in it.
        for _ in found { _ = directory.release() }
        throw .target(.deleteDirectory, directory.targetPath(), error)
      }
    } catch {
      fail(error, directory)
    }
    return finish(directory)
  }

  /// Removes those names that were read which are no directories.
  private func removeFilled(
    _ directory: DoomedDirectory,
    _ number: Int32
  ) -> [DoomedWork] {
    var found: [DoomedWork] = []
    let rules = directory.protection?.scope(in: number, of: run)
    while !run.shouldStop, let entry = reader.next() {
      let name = entry.name
      // Removing the directory will tell.
      if names.isBackup(name) { continue }
      guard let kind = entry.kind ?? kind(of: name, in: number, directory) else { continue }
      if let rules,
        run.filters(
          name,
          isDirectory: kind == .directory,
          directory.relativePath(name),
          .receiver,
          rules,
          isRemoved: true
        )
      {
        directory.keepSomething()
        continue
      }
      if kind == .directory {
        if run.backups?.isAt(EntryLocation(directory: number, name: name)) == true {
          directory.keepSomething()
          continue
        }
        let doomed = DoomedDirectory(name, in: directory)
        found.append(DoomedWork(directory: doomed, inode: entry.inode))
        continue
      }
      if mayGo(directory) && names.remove(name, kind, from: number, .doomed(directory)) {
        directory.noteRemoved()
      } else {
        directory.keepSomething()
      }
    }
    return found
  }

  /// What a name is, where its directory does not tell; `nil` where it is gone, or cannot be asked.
  private func kind(
    of name: EntryName,
    in number: Int32,
    _ directory: DoomedDirectory
  ) -> EntryKind? {
    do {
      return try EntryLocation(directory: number, name: name).metadataIfPresent()?.kind
    } catch {
      directory.keepSomething()
      run.fail(.target(.delete, directory.targetPath(name), error))
      return nil
    }
  }

  /// Whether what is in a tree may still go: not after the source could not be read, unless
  /// something else takes its name.
  private func mayGo(_ directory: DoomedDirectory) -> Bool {
    if directory.makesWay || run.deletions.isOpen { return true }
    run.tellHeldBack()
    return false
  }

  private func fail(_ error: CopyError, _ directory: DoomedDirectory) {
    // What is gone need not be removed.
    if error.errno == .noSuchFileOrDirectory { return }
    // Another run has put in its place what is to come there.
    let isReplaced = error.errno == .notDirectory || error.errno == .tooManySymbolicLinkLevels
    if isReplaced && directory.makesWay && directory.parent == nil { return }
    directory.keepSomething()
    if error.errno == .improperLink { return keepMount(directory) }
    // As in rsync nothing more is removed where something cannot be read.
    run.deletions.close()
    run.fail(error)
  }

  /// Tells that something is mounted on a directory: what a run that stays on its filesystems
  /// leaves without a word, as rsync does, is a failure of any other.
  private func keepMount(_ directory: DoomedDirectory) {
    directory.noteMount()
    if run.options.rules.staysOnFilesystem {
      run.tell(.deletion(.keptMountPoint(path: directory.relativePath())))
    } else {
      run.fail(CopyError(.deleteMounted, directory.targetPath(), nil, .entry))
    }
  }

  /// Notes that a directory was read to its end, and removes it and those above that are done.
  private func finish(_ last: DoomedDirectory) -> Step {
    var directory = last
    while directory.release() {
      guard !run.shouldStop else { return .waits }
      if !directory.makesWay || directory.parent != nil {
        guard removeEmptied(directory) else {
          // A filesystem may have passed over names while others were removed.
          directory.retain()
          return .more([], then: DoomedWork(directory: directory))
        }
      } else {
        if names.keepsBackups && !isDry && hasNames(directory) { directory.keepSomething() }
        if directory.staysNonEmpty { tellKept(directory) }
      }
      opener.close(directory)
      guard let parent = directory.parent else { return .done(directory) }
      directory = parent
    }
    return .waits
  }

  /// Whether a directory has names, such as of backups of what was removed from it.
  private func hasNames(_ directory: DoomedDirectory) -> Bool {
    guard let place = try? opener.open(directory, isOpenedUp: true),
      (try? DirectoryReader.seek(place.number, to: 0)) != nil
    else { return false }
    return (try? DirectoryReader.hasNames(place.number)) ?? false
  }

  /// Removes a directory, unless something in it had to stay.
  ///
  /// - Returns: Whether it is done; else it is to be read once more.
  private func removeEmptied(_ directory: DoomedDirectory) -> Bool {
    let isNested = directory.parent != nil
    var stays = directory.staysNonEmpty
    guard !directory.isMount, mayGo(directory) else { return keep(directory) }
    if stays { tellKept(directory) }
    // As in rsync, one below another counts as kept by the limit whatever is in it.
    if isNested || !stays {
      guard run.deletions.claim() else { return keep(directory) }
      do throws(CopyError) {
        if !stays && !isDry { stays = try rmdir(directory) == false }
        if stays {
          run.deletions.giveBack()
          if !directory.staysNonEmpty && directory.takeRemoved() { return false }
          tellKept(directory)
        }
      } catch {
        run.deletions.giveBack()
        run.fail(error)
        return keep(directory)
      }
    }
    guard !stays else { return keep(directory) }
    names.countDirectory()
    directory.parent?.noteRemoved()
    if run.wants(.deletions) {
      run.tell(.deletion(.deleted(path: directory.relativePath(), isDirectory: true)))
    }
    return true
  }

  private func keep(_ directory: DoomedDirectory) -> Bool {
    directory.parent?.keepSomething()
    return true
  }

  private func tellKept(_ directory: DoomedDirectory) {
    run.tell(.deletion(.keptDirectory(path: directory.relativePath())))
  }

  /// - Returns: Whether it is gone; else there is something in it.
  private func rmdir(_ directory: DoomedDirectory) throws(CopyError) -> Bool {
    let above = try opener.openAbove(directory, isOpenedUp: true)
    let location = EntryLocation(directory: above.number, name: directory.name)
    do throws(Errno) {
      try EntryLocation(open: above.number)
        .openedUp { () throws(Errno) in try location.removeDirectory() }
    } catch .directoryNotEmpty, .fileExists {
      return false
    } catch .noSuchFileOrDirectory {
      return true
    } catch {
      throw .target(.deleteDirectory, directory.targetPath(), error)
    }
    return true
  }
}
