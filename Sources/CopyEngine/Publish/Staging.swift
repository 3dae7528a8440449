// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// A file that is complete, and gets its name at the end of the run.
struct DelayedFile: Sendable {
  let name: LinkName
  let facts: EntryFacts
  let change: EntryChange
  /// How the source changed meanwhile, if it did.
  let sourceChange: CopyError.Operation?
  /// Whether its contents are those of another tree.
  let isFromBasis: Bool
}

/// Where files of a run are before they have their names, if not beside those.
final class Staging: Sendable {
  let options: StagingOptions
  /// The directory for temporary names.
  private let temporaries: DirectorySides?
  private let delayed = Lock<[DelayedFile]>([])

  init(_ options: StagingOptions, temporaries: OpenDirectory?) {
    self.options = options
    self.temporaries = temporaries.map { DirectorySides(source: $0, target: $0) }
    // What a run left there that was killed.
    if let sides = self.temporaries {
      AbandonedTemporaries.remove(from: sides.target) { _ in false }
    }
  }

  /// Where the temporary name of a file is made: only on the file's own mount can it get its name
  /// in one step.
  func place(for directory: DirectorySides) -> DirectorySides {
    guard let temporaries, let there = temporaries.targetMetadata,
      let here = directory.targetMetadata, there.identity.device == here.identity.device,
      there.mount == here.mount
    else { return directory }
    return temporaries
  }

  /// Notes a file that waits for its name.
  func add(_ file: DelayedFile) { delayed.withLock { $0.append(file) } }

  /// Takes the files that wait for their names.
  func takeDelayed() -> [DelayedFile] {
    delayed.withLock { files in
      defer { files = [] }
      return files
    }
  }
}

/// The directories for files that are partial, or have no names yet, as one worker has them open.
struct PartialDirectories {
  private let path: FilePath
  private let followsAllLinks: Bool
  /// The one that was asked for last, where there is any.
  private var last: (of: CopyDirectory, sides: DirectorySides?)?

  /// Starts with none; `nil` where partial files have no directories.
  init?(_ options: CopyOptions) {
    guard let path = options.staging.partialDirectory else { return nil }
    self.path = path
    followsAllLinks = options.followsForeignLinks
  }

  /// The directory for files of another; `nil` where it is missing and not to be made.
  mutating func open(
    for directory: CopyDirectory,
    _ sides: DirectorySides,
    isMade: Bool
  ) throws(Errno) -> DirectorySides? {
    if let last, last.of === directory, last.sides != nil || !isMade { return last.sides }
    let place = TrustedPath(path, from: sides.target, followsAll: followsAllLinks)
    var opened: DirectorySides?
    do throws(Errno) {
      let directory = OpenDirectory(
        try place.openDirectoryForReading(making: isMade ? 0o700 : nil)
      )
      opened = DirectorySides(source: directory, target: directory)
    } catch .noSuchFileOrDirectory where !isMade {
      opened = nil
    } catch .notDirectory where !isMade {
      opened = nil
    }
    last = (directory, opened)
    return opened
  }

  /// Removes what is partial of a file that is complete now, and the directory if nothing else is
  /// in it.
  mutating func remove(_ name: EntryName, of directory: CopyDirectory, _ sides: DirectorySides) {
    guard let found = try? open(for: directory, sides, isMade: false) else { return }
    let partial = EntryLocation(directory: found.target, name: name)
    guard (try? partial.remove()) != nil else { return }
    removeIfEmpty(of: directory, sides)
  }

  /// Removes the directory for files of another, if nothing is in it; one for all of them stays.
  mutating func removeIfEmpty(of directory: CopyDirectory, _ sides: DirectorySides) {
    guard path.isRelative, let name = path.lastComponent, name.kind == .regular else { return }
    last = nil
    let above = TrustedPath(
      path.removingLastComponent(),
      from: sides.target,
      followsAll: followsAllLinks
    )
    guard let parent = try? above.openDirectory() else { return }
    try? EntryLocation(directory: parent.rawValue, name: EntryName(name)).removeDirectory()
    withExtendedLifetime(parent) {}
  }
}

extension Staging {
  /// Opens the directory for temporary names, if it is not the files' own.
  static func openTemporaries(
    _ options: CopyOptions,
    from target: OpenDirectory?
  ) throws(CopyError) -> OpenDirectory? {
    guard let path = options.staging.temporaryDirectory, let target else { return nil }
    let base = target.descriptor.rawValue
    let followsAll = options.followsForeignLinks
    do throws(Errno) {
      let place = TrustedPath(path, from: base, followsAll: followsAll)
      return OpenDirectory(try place.openDirectoryForReading())
    } catch {
      let isMissing = error == .noSuchFileOrDirectory || error == .notDirectory
      throw CopyError(.openTemporaryDirectory, path, error, isMissing ? .usage : .stop)
    }
  }
}
