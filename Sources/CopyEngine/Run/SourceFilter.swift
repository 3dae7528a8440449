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

  /// Whether a name that was just read is left out.
  func hides(
    _ entry: DirectoryEntry,
    in directory: CopyDirectory,
    _ scope: FilterScope,
    _ sides: DirectorySides
  ) -> Bool {
    let origin = directory.names.origin(of: entry.name, lookup.rules)
    if case .implied = origin { return false }
    if case .found = origin, let kind = entry.kind,
      kind != .symbolicLink || lookup.rules.links == nil
    {
      return scope.excludes(entry.name, isDirectory: kind == .directory)
    }
    if let found = try? lookup.find(entry.name, in: directory, sides) {
      return scope.excludes(entry.name, isDirectory: found.metadata.kind == .directory)
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

  /// Whether an entry that was found is left out.
  func hides(_ entry: FoundEntry) -> Bool {
    let isDirectory = entry.metadata.kind == .directory
    return hides(entry.name, isDirectory: isDirectory, in: entry.directory, entry.sides)
  }
}
