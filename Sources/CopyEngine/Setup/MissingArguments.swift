// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Removes from the target what the command line names and the source does not have
/// (`--delete-missing-args`), before anything is copied.
///
/// No directory is read for that, so that errors of reading do not matter; `--max-delete` counts.
struct MissingArguments {
  private let run: RunContext
  private let opener: DirectoryOpener
  private let remover: TreeRemover
  private let root: CopyDirectory
  private let rootSides: DirectorySides
  /// The name that the one argument has at the target, where that is no directory.
  private let newName: EntryName?

  /// Prepares the removal, or only its telling; `nil` where the target is not there.
  init?(_ parts: RunParts, _ target: ResolvedTarget, isDry: Bool) {
    guard let directory = target.directory else { return nil }
    run = parts.run
    opener = parts.opener
    remover = TreeRemover(run, parts.doomed, isDry: isDry)
    newName = target.newName
    rootSides = DirectorySides(source: directory, target: directory)
    guard let metadata = rootSides.targetMetadata else { return nil }
    root = CopyDirectory(
      source: target.path,
      target: target.path,
      root: CopyDirectory.Root(
        identity: metadata.identity,
        isPathOnly: true,
        target: directory
      ),
      identity: metadata.identity,
      metadata: nil,
      isNew: false,
      names: .nobody,
      protection: run.filters.map {
        DirectoryFilter(protecting: target.path, $0, isRead: false)
      }
    )
    _ = root.keep(rootSides)
  }

  /// Removes what the target has under these paths, each relative to it.
  ///
  /// - Returns: What was removed, where rsync counts that.
  func remove(_ paths: [EntryName]) -> DeletionCounts {
    let ordered = paths.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    for path in ordered where !run.shouldStop {
      do {
        try remove(newName ?? path)
      } catch {
        run.fail(error)
      }
    }
    if remover.counts.removed.total > 0 && !remover.names.isDry {
      sync()
    }
    return run.options.deletion.clearsTheWay ? remover.counts : DeletionCounts()
  }

  private func sync() {
    guard run.options.publish.durability != .none else { return }
    do throws(Errno) {
      try FilesystemCalls.sync(rootSides.target)
    } catch {
      run.fail(.target(.sync, root.targetPath(), error))
    }
  }

  private func remove(_ path: EntryName) throws(CopyError) {
    let names = path.bytes.split(separator: UInt8(ascii: "/")).map { EntryName($0) }
    guard let name = names.last else { return }
    var (directory, sides) = (root, rootSides)
    for component in names.dropLast() {
      guard let below = try open(component, in: directory, sides) else { return }
      (directory, sides) = below
    }
    let found: EntryMetadata?
    do throws(Errno) {
      found = try EntryLocation(directory: sides.target, name: name).metadataIfPresent()
    } catch {
      throw .target(.delete, directory.targetPath(name), error)
    }
    guard let found, !isProtected(name, found, in: directory, sides) else { return }
    guard found.kind == .directory else {
      _ = remover.names.remove(name, found.kind, from: sides.target, .run(directory))
      return
    }
    let doomed = DoomedDirectory(name, in: directory)
    if run.options.deletion.clearsTheWay || isEmpty(name, in: sides) {
      _ = remover.removeNow(doomed)
    } else {
      run.tell(.deletion(.keptDirectory(path: doomed.relativePath())))
    }
  }

  /// Opens a directory of the target, by no link.
  ///
  /// - Returns: `nil` where there is none.
  private func open(
    _ name: EntryName,
    in directory: CopyDirectory,
    _ sides: DirectorySides
  ) throws(CopyError) -> (CopyDirectory, DirectorySides)? {
    let opened: OpenDirectory
    do throws(Errno) {
      opened = OpenDirectory(
        try EntryLocation(directory: sides.target, name: name).openForReading(directory: true)
      )
    } catch .noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels {
      return nil
    } catch {
      throw .target(.deleteDirectory, directory.targetPath(name), error)
    }
    let below = DirectorySides(source: opened, target: opened)
    guard let metadata = below.targetMetadata else { return nil }
    let copy = CopyDirectory(
      name,
      in: directory,
      identity: metadata.identity,
      metadata: nil,
      isNew: false,
      isMissing: false
    )
    // Nothing waits for it.
    _ = directory.releaseEntry()
    _ = copy.keep(below)
    return (copy, below)
  }

  /// Whether a rule keeps a name; one about directories keeps what is one at the target.
  private func isProtected(
    _ name: EntryName,
    _ found: EntryMetadata,
    in directory: CopyDirectory,
    _ sides: DirectorySides
  ) -> Bool {
    guard let rules = directory.protection?.scope(in: sides.target, of: run) else { return false }
    return rules.excludes(name, isDirectory: false)
      || rules.excludes(name, isDirectory: found.kind == .directory)
  }

  private func isEmpty(_ name: EntryName, in sides: DirectorySides) -> Bool {
    let location = EntryLocation(directory: sides.target, name: name)
    guard let opened = try? location.openForReading(directory: true) else { return false }
    return (try? DirectoryReader.hasNames(opened.rawValue)) == false
  }
}
