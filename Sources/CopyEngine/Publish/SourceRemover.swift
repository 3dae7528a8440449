// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Removes sources that are at the target: not before they are on stable storage there, never a
/// name of the very inode that is at the target, and none that has changed since it was found.
///
/// They are gathered, since one `syncfs` is enough for many.
struct SourceRemover {
  /// A name that is at the target.
  private struct Name {
    let link: LinkName
    /// What the source was when it was found.
    let found: EntryMetadata
    /// Whether that was behind a link, which is what is removed.
    let followsLink: Bool
  }

  private let run: RunContext
  private let opener: DirectoryOpener
  private let targets: TargetFilesystems
  private var names: [Name] = []

  /// More than these are not remembered; some 200 bytes each.
  private static var namesMax: Int { 4_096 }

  init(_ run: RunContext, _ opener: DirectoryOpener, _ targets: TargetFilesystems) {
    self.run = run
    self.opener = opener
    self.targets = targets
  }

  /// Notes that an entry is at the target.
  ///
  /// - Returns: Whether so many were noted that it is time to remove them.
  mutating func add(_ entry: FoundEntry) -> Bool {
    // As in rsync a link is what it is once more where not all links are followed.
    let followsLink = entry.facts.followsSource && run.options.rules.links?.followsAll == true
    names.append(Name(link: entry.linkName, found: entry.metadata, followsLink: followsLink))
    return names.count >= Self.namesMax
  }

  /// Brings to stable storage what was noted, and removes it at the source (`syncfs`, `statx`,
  /// `unlinkat`).
  ///
  /// - Parameter syncsEach: Whether the filesystem of a directory wants each file to be synced.
  mutating func removeAll(syncsEach: (DirectorySides) -> Bool) {
    guard !names.isEmpty, !run.shouldStop else { return }
    defer { names.removeAll(keepingCapacity: true) }
    let failures = targets.sync()
    for failure in failures { run.fail(failure.error, at: failure.place) }
    guard failures.isEmpty else { return }
    var last: (directory: CopyDirectory, sides: DirectorySides, syncsEach: Bool, isOutside: Bool)?
    for name in names {
      let directory = name.link.directory
      do throws(CopyError) {
        if last?.directory !== directory {
          let sides = try opener.open(directory)
          last = (directory, sides, syncsEach(sides), Self.isOutside(directory, sides))
        }
        guard let last else { continue }
        if last.isOutside {
          let path = directory.sourcePath(name.link.name)
          throw CopyError(.removeSource, path, .tooManySymbolicLinkLevels, .entry)
        }
        try remove(name, last.sides, syncs: last.syncsEach)
      } catch {
        run.fail(error, at: FailedPlace(nearest: directory))
      }
    }
    withExtendedLifetime(last?.sides) {}
  }

  /// Whether a link that was followed leads to a directory outside the source; what is there is
  /// not the source's to remove.
  private static func isOutside(_ directory: CopyDirectory, _ sides: DirectorySides) -> Bool {
    var top = directory
    var isBehindLink = top.followsLinks.contains(.source)
    while let above = top.parent {
      top = above
      isBehindLink = isBehindLink || top.followsLinks.contains(.source)
    }
    guard isBehindLink, let root = top.identity else { return false }
    return !EntryLocation(directory: sides.source, name: .current).isInside(root)
  }

  private func remove(
    _ name: Name,
    _ sides: DirectorySides,
    syncs: Bool
  ) throws(CopyError) {
    let (link, path) = (name.link, name.link.directory.sourcePath(name.link.name))
    let source = EntryLocation(
      directory: sides.source,
      name: link.name,
      followsLinks: name.followsLink
    )
    let target = EntryLocation(directory: sides.target, name: link.targetName)
    do throws(Errno) {
      guard let present = try source.metadataIfPresent() else {
        return run.tell(.deletion(.sourceIsGone(path: link.directory.relativePath(link.name))))
      }
      let found = try target.metadata()
      let now = try run.options.metadata.taken(present, at: source)
      let there = try run.options.metadata.taken(found, at: target)
      guard there.identity != now.identity else {
        return run.fail(CopyError(.removeSourceOfItself, path, nil, .entry))
      }
      guard now.isSameFile(as: name.found), there.kind == now.kind,
        there.kind != .file || there.size == now.size
      else { return run.fail(CopyError(.removeChangedSource, path, nil, .entry)) }
      if syncs { try Self.sync(target, isFile: found.kind == .file) }
      try source.remove()
    } catch {
      throw CopyError(.removeSource, path, error, .entry)
    }
    if run.wants(.deletions) {
      run.tell(.deletion(.removedSource(path: link.directory.relativePath(link.name))))
    }
  }

  /// Brings a file with its name to stable storage, where the filesystem does not by itself.
  private static func sync(_ target: EntryLocation, isFile: Bool) throws(Errno) {
    if isFile {
      let file = try target.openForReading()
      try FileCalls.sync(file.rawValue)
      withExtendedLifetime(file) {}
    }
    try FileCalls.sync(target.directory)
  }
}
