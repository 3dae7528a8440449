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
  ///
  /// - Parameters:
  ///   - entry: The name.
  ///   - directory: What it was read from.
  ///   - scope: The rules in force there.
  ///   - sides: The directory, open.
  ///   - isTold: Whether it is told which rule decides.
  /// - Returns: Whether it is.
  func hides(
    _ entry: DirectoryEntry,
    in directory: CopyDirectory,
    _ scope: FilterScope,
    _ sides: DirectorySides,
    isTold: Bool = false
  ) -> Bool {
    func excludes(isDirectory: Bool) -> Bool {
      guard isTold else { return scope.excludes(entry.name, isDirectory: isDirectory) }
      return run.filters(
        entry.name,
        isDirectory: isDirectory,
        directory.relativePath(entry.name),
        .sender,
        scope
      )
    }
    let origin = directory.names.origin(of: entry.name, lookup.rules)
    if case .implied = origin { return false }
    if case .found = origin, let kind = entry.kind,
      kind != .symbolicLink || lookup.rules.links == nil
    {
      return excludes(isDirectory: kind == .directory)
    }
    if let found = try? lookup.find(entry.name, in: directory, sides) {
      return excludes(isDirectory: found.metadata.kind == .directory)
    }
    // What cannot be looked at is told, unless it is left out whatever it may be.
    return excludes(isDirectory: false) || scope.excludes(entry.name, isDirectory: true)
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
