// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree
internal import SystemPackage
internal import Uring

// Reading directories, and finishing them.
extension Worker where Queue: ~Copyable {
  /// Reads a directory until subdirectories turn up, or its end.
  mutating func read(_ directory: CopyDirectory, from position: Int64) {
    let handles: DirectoryHandles
    do {
      handles = try run.opener.open(directory)
    } catch {
      fail(error)
      return complete(directory, isReadable: false)
    }
    // Beyond the budget nobody else holds them, and what follows only knows their numbers.
    defer { withExtendedLifetime(handles) {} }
    if position == 0 { prepareTarget(directory, handles) }
    let source = handles.source
    let found = cl_seek_directory(source, position)
    guard found >= 0 else {
      let errno = Errno(rawValue: Int32(-found))
      fail(.source("cannot read directory", directory.sourcePath(), errno))
      return complete(directory)
    }
    while !run.shouldStop {
      do {
        guard try reader.fill(from: source) else { return complete(directory) }
      } catch {
        fail(.source("cannot read directory", directory.sourcePath(), error))
        return complete(directory)
      }
      if run.disks.seek {
        gather(in: directory, handles)
        guard batch.isFull else { continue }
        // The rest lies under what is found in the batch.
        run.stack.push([.directory(directory, position: cl_directory_position(source))])
        return visitBatch()
      }
      if run.stack.lacksWork {
        // Somebody else reads on. These names count by themselves, or the directory could be done
        // before they are.
        directory.retainEntry()
        run.stack.push([.directory(directory, position: cl_directory_position(source))])
        run.stack.push(visitNames(in: directory, handles))
        return complete(directory)
      }
      let found = visitNames(in: directory, handles)
      guard !found.isEmpty else { continue }
      // The rest of this directory lies under what was found: deep before wide.
      let rest = cl_directory_position(source)
      run.stack.push(found + [.directory(directory, position: rest)])
      return
    }
  }

  /// Visits the names that were read; returns what has to be read next.
  private mutating func visitNames(
    in directory: CopyDirectory,
    _ handles: DirectoryHandles
  ) -> [WorkItem] {
    var found: [WorkItem] = []
    while !run.shouldStop, let entry = reader.next() {
      let name = entry.name
      found.append(contentsOf: visit(name, as: name, in: directory, handles))
    }
    return found
  }

  /// Makes sure that an existing target can be written to, and will be synced.
  func prepareTarget(_ directory: CopyDirectory, _ handles: DirectoryHandles) {
    guard let metadata = handles.targetMetadata, !run.options.isDryRun else { return }
    run.targets.note(directory, handles, device: metadata.identity.device)
    if !directory.isNew && !run.isPrivileged {
      run.widened.widen(directory, EntryLocation(open: handles.target), metadata)
    }
  }

  /// Makes a directory at the target where there is none, and queues it for reading.
  mutating func enter(_ entry: FoundEntry) -> [WorkItem] {
    let (name, metadata) = (entry.name, entry.metadata)
    let (directory, handles) = (entry.directory, entry.handles)
    guard run.options.isRecursive else {
      run.observer.skipped(directory.relativePath(name), isDirectory: true)
      return []
    }
    guard metadata.identity != run.targetRoot else {
      fail(
        CopyError(
          "not copied into itself",
          directory.sourcePath(name),
          nil,
          .entry
        )
      )
      return []
    }
    let exists = entry.existing?.kind == .directory
    if !exists && !makeDirectory(name, existing: entry.existing, in: directory, handles) {
      return []
    }
    let child = CopyDirectory(
      name,
      in: directory,
      identity: metadata.identity,
      metadata: shadowed(name, handles) ?? metadata,
      isNew: !exists
    )
    let crosses =
      run.options.staysOnFilesystem && metadata.identity.device != directory.identity?.device
      && directory.identity != nil
    if crosses {
      // The mount point itself is copied, as an empty directory.
      complete(child)
      return []
    }
    return [.directory(child, position: 0)]
  }

  /// The metadata of the same directory in an earlier source, which counts before this one's.
  private func shadowed(_ name: EntryName, _ handles: DirectoryHandles) -> EntryMetadata? {
    for shadow in handles.shadows where shadow.covers(name) {
      let location = EntryLocation(directory: shadow.directory.descriptor.rawValue, name: name)
      if let metadata = try? location.metadata(), metadata.kind == .directory { return metadata }
    }
    return nil
  }

  private mutating func makeDirectory(
    _ name: EntryName,
    existing: EntryMetadata?,
    in directory: CopyDirectory,
    _ handles: DirectoryHandles
  ) -> Bool {
    report.directoriesCreated += 1
    note(.directory, directory, name, isNew: true)
    guard !run.options.isDryRun else { return true }
    let target = EntryLocation(directory: handles.target, name: name)
    do throws(Errno) {
      if existing != nil { try target.remove() }
      try target.makeDirectory(mode: 0o700)
      return true
    } catch {
      // Another worker has made it for an earlier source that merges into this one.
      if error == .fileExists, (try? target.metadata().kind) == .directory { return true }
      report.directoriesCreated -= 1
      fail(.target("cannot make directory", directory.targetPath(name), error))
      return false
    }
  }

  /// Notes that one thing in a directory is done; the last one gives the directory its metadata,
  /// and may be the last of the directory above.
  mutating func complete(_ directory: CopyDirectory, isReadable: Bool = true) {
    var current = directory
    while current.releaseEntry() {
      // After a stop the tree is not complete; its metadata would say that it is.
      if !run.shouldStop {
        applyMetadata(to: current, isReadable: isReadable || current !== directory)
      }
      run.opener.close(current)
      guard let parent = current.parent else { return }
      current = parent
    }
  }

  private mutating func applyMetadata(to directory: CopyDirectory, isReadable: Bool) {
    guard let metadata = directory.metadata, !(run.options.isDryRun && directory.isNew) else {
      return
    }
    do {
      guard isReadable else {
        // Its mode and times are known all the same, and the target is reached from above.
        guard let parent = directory.parent else { return }
        let above = try run.opener.open(parent)
        defer { withExtendedLifetime(above) {} }
        let target = EntryLocation(directory: above.target, name: directory.name)
        return try applyMetadata(metadata, to: directory, target: target, source: nil)
      }
      let handles = try run.opener.open(directory)
      // Nobody else may hold them, and locations only know their numbers.
      defer { withExtendedLifetime(handles) {} }
      guard handles.target >= 0 else { return }
      let source = handles.metadataSource
      try applyMetadata(
        metadata,
        to: directory,
        target: EntryLocation(open: handles.target),
        source: EntryLocation(open: source)
      )
    } catch {
      fail(error)
    }
  }

  private mutating func applyMetadata(
    _ metadata: EntryMetadata,
    to directory: CopyDirectory,
    target: EntryLocation,
    source: EntryLocation?
  ) throws(CopyError) {
    var current: EntryMetadata
    do {
      current = try target.metadata()
    } catch {
      throw .target("cannot stat", directory.targetPath(), error)
    }
    let widened = run.widened.release(directory, current.identity)
    if let widened { current.mode = current.typeBits | widened.permissions }
    let changed = apply(
      MetadataChange(
        directory: directory,
        name: .itself,
        targetName: .itself,
        source: source,
        target: target,
        wanted: metadata,
        current: current,
        isNew: directory.isNew,
        widened: widened
      )
    )
    guard !directory.isNew else { return }
    if changed {
      note(.directory, directory, .itself, isNew: false)
    } else {
      report.entriesUnchanged += 1
    }
  }
}
