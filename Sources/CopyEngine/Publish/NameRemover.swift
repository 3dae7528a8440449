// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Removes single names of the target that are no directories, or puts them aside; in a dry run it
/// only tells what would go.
final class NameRemover {
  /// What a name is removed from.
  enum Container {
    case run(CopyDirectory)
    case doomed(DoomedDirectory)

    func relativePath(_ name: EntryName) -> FilePath {
      switch self {
      case .run(let directory): directory.relativePath(name)
      case .doomed(let directory): directory.relativePath(name)
      }
    }

    func targetPath(_ name: EntryName) -> FilePath {
      switch self {
      case .run(let directory): directory.targetPath(name)
      case .doomed(let directory): directory.targetPath(name)
      }
    }
  }

  private let run: RunContext
  private let opener: DoomedOpener
  /// Whether it only tells.
  let isDry: Bool
  private var backups: BackupKeeper?
  private(set) var counts = DeletionCounts()

  /// Makes the remover of one worker.
  init(_ run: RunContext, _ opener: DoomedOpener, isDry: Bool) {
    self.run = run
    self.opener = opener
    self.isDry = isDry
    backups = BackupKeeper(run, opener.opener)
  }

  /// Counts a directory that was removed.
  func countDirectory() { counts.removed.note(.directory) }

  /// Removes a name that is no directory from an open directory (`unlinkat`), and tells it.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - kind: What it is.
  ///   - directory: The open directory.
  ///   - container: What the directory is to the run.
  /// - Returns: Whether it is gone.
  func remove(
    _ name: EntryName,
    _ kind: EntryKind,
    from directory: Int32,
    _ container: Container
  ) -> Bool {
    run.heartbeat?.beat()
    guard run.deletions.claim() else { return false }
    let location = EntryLocation(directory: directory, name: name)
    do throws(CopyError) {
      let wasThere =
        isDry || backups == nil
        ? try unlink(location, container) : try putAside(location, container)
      guard wasThere else {
        run.deletions.giveBack()
        return true
      }
    } catch {
      run.deletions.giveBack()
      run.fail(error)
      return false
    }
    counts.removed.note(kind)
    if run.wants(.deletions) {
      run.tell(.deletion(.deleted(path: container.relativePath(name), isDirectory: false)))
    }
    return true
  }

  /// - Returns: Whether it was there.
  private func unlink(
    _ location: EntryLocation,
    _ container: Container
  ) throws(CopyError) -> Bool {
    guard !isDry else { return true }
    do throws(Errno) {
      try EntryLocation(open: location.directory)
        .openedUp { () throws(Errno) in try location.remove() }
      return true
    } catch .noSuchFileOrDirectory {
      return false
    } catch {
      throw .target(.delete, container.targetPath(location.name), error)
    }
  }

  /// Keeps what is removed under the name of its backup.
  ///
  /// - Returns: Whether it was there.
  private func putAside(
    _ location: EntryLocation,
    _ container: Container
  ) throws(CopyError) -> Bool {
    let found: EntryMetadata
    do throws(Errno) {
      guard let there = try location.metadataIfPresent() else { return false }
      found = there
    } catch {
      throw .target(.delete, container.targetPath(location.name), error)
    }
    guard let (directory, sides) = try place(of: container) else {
      throw .target(.delete, container.targetPath(location.name), .noSuchFileOrDirectory)
    }
    try backups?.putAside(location.name, in: directory, sides, found, .deleted)
    return true
  }

  private func place(
    of container: Container
  ) throws(CopyError) -> (directory: CopyDirectory, sides: DirectorySides)? {
    switch container {
    case .run(let directory): return (directory, try opener.opener.open(directory))
    case .doomed(let doomed):
      let place = try opener.open(doomed, isOpenedUp: true)
      return place.directory.flatMap { doomed.asCopy($0) }
    }
  }

  /// Whether what is removed is put aside.
  var keepsBackups: Bool { backups != nil }

  /// Whether a name is that of a backup beside its file, which stays.
  func isBackup(_ name: EntryName) -> Bool { backups?.isBackup(name) ?? false }
}
