// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Says which names of the source filter rules leave out.
struct SourceFilter {
  let run: RunContext
  private let lookup: SourceLookup

  init(run: RunContext) {
    self.run = run
    lookup = SourceLookup(run)
  }

  /// The rules in force in an open directory; `nil` without rules.
  func scope(of directory: CopyDirectory, _ sides: DirectorySides) -> FilterScope? {
    directory.filter?.scope(in: sides.source, of: run)
  }

  /// Whether a name that was just read is left out, and tells which rule says so.
  func hidesTelling(
    _ entry: DirectoryEntry,
    in directory: CopyDirectory,
    _ scope: FilterScope,
    _ sides: DirectorySides
  ) -> Bool {
    guard run.wants(.filters) else { return hides(entry, in: directory, scope, sides) }
    if case .implied = directory.names.origin(of: entry.name, lookup.rules) { return false }
    let isDirectory = isDirectory(entry, in: directory, sides)
    let isHidden = run.filters(
      entry.name,
      isDirectory: isDirectory ?? false,
      directory.relativePath(entry.name),
      .sender,
      scope
    )
    return isHidden || isDirectory == nil && scope.excludes(entry.name, isDirectory: true)
  }

  /// Whether a name that was just read is a directory, or leads to one; `nil` where it cannot be
  /// found.
  private func isDirectory(
    _ entry: DirectoryEntry,
    in directory: CopyDirectory,
    _ sides: DirectorySides
  ) -> Bool? {
    if case .found = directory.names.origin(of: entry.name, lookup.rules), let kind = entry.kind,
      kind != .symbolicLink || lookup.rules.links == nil
    {
      return kind == .directory
    }
    return (try? lookup.find(entry.name, in: directory, sides)).map {
      $0.metadata.kind == .directory
    }
  }

  /// Whether a name that was just read is left out.
  func hides(
    _ entry: DirectoryEntry,
    in directory: CopyDirectory,
    _ scope: FilterScope,
    _ sides: DirectorySides
  ) -> Bool {
    if case .implied = directory.names.origin(of: entry.name, lookup.rules) { return false }
    if let isDirectory = isDirectory(entry, in: directory, sides) {
      return scope.excludes(entry.name, isDirectory: isDirectory)
    }
    // What cannot be looked at is told, unless it is left out whatever it may be.
    return scope.excludes(entry.name, isDirectory: false)
      || scope.excludes(entry.name, isDirectory: true)
  }

  /// Whether a name in an open directory is left out.
  func hides(
    _ name: EntryName,
    isDirectory: Bool,
    in directory: CopyDirectory,
    _ sides: DirectorySides
  ) -> Bool {
    scope(of: directory, sides)?.excludes(name, isDirectory: isDirectory) ?? false
  }

  /// Whether a name leads to something, which one that is no link always does.
  func canBeFound(
    _ name: EntryName,
    in directory: CopyDirectory,
    _ sides: DirectorySides
  ) -> Bool {
    (try? lookup.find(name, in: directory, sides)) != nil
  }

  /// Whether an entry that was found is left out, and tells which rule says so.
  func hidesTelling(_ entry: FoundEntry) -> Bool {
    guard let scope = scope(of: entry.directory, entry.sides) else { return false }
    return run.filters(
      entry.name,
      isDirectory: entry.metadata.kind == .directory,
      entry.directory.relativePath(entry.name),
      .sender,
      scope
    )
  }
}
