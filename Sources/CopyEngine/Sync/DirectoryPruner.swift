// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Finds out whether anything but directories is copied of a directory, before it is made (`-m`).
///
/// It looks ahead, deep before wide, to the first name that is no directory. One directory is open
/// at a time, and of each above it a batch of names is kept, so that the tree may be of any size.
/// The way to what was found is kept as well, and what lies on it is not looked through again: no
/// directory is read more than twice beside the copy.
struct DirectoryPruner {
  /// What a directory has.
  enum Contents {
    /// Nothing but directories.
    case empty
    /// Something else, below these directories in it, as far as that is known.
    case filled(ArraySlice<EntryName>)
  }

  /// A directory that is looked through.
  private struct Level {
    let name: EntryName
    let identity: InodeIdentity
    let scope: FilterScope?
    /// Directories in it that are to be looked through.
    var pending: [EntryName] = []
    /// Where more of its names begin; `nil` at the end.
    var position: Int64?
  }

  let run: RunContext

  /// What a directory has that is copied; what cannot be read is told, unless it will be read once
  /// more.
  ///
  /// - Parameters:
  ///   - name: The directory.
  ///   - parent: What it lies in.
  ///   - sides: That, open.
  /// - Returns: Whether it is empty.
  func contents(
    of name: EntryName,
    in parent: CopyDirectory,
    _ sides: DirectorySides
  ) -> Contents {
    if parent.wayToContents.first == name { return .filled(parent.wayToContents.dropFirst()) }
    let scope = SourceFilter(run: run).scope(of: parent, sides)
    if scope?.protectsByCommandLine(name) == true { return .filled([]) }
    let names = parent.names.below(name, run.options.rules)
    switch names {
    case .nobody: return .empty
    case .listed(let level):
      return hasListed(level, below: name.bytes, of: parent, sides) ? .filled([]) : .empty
    case .level(let level):
      if let level, hasListed(level, below: name.bytes, of: parent, sides) { return .filled([]) }
    case .all: break
    }
    var search = Search(run: run, root: parent, isDeep: names.isAll)
    let found = search.run(name, in: sides.source, scope)
    guard case .empty = found else { return found }
    for error in search.errors { run.fail(error, at: FailedPlace(parent, sides)) }
    return .empty
  }

  /// Whether something that was listed below a directory fills it.
  ///
  /// - Parameters:
  ///   - level: What was listed.
  ///   - path: The way to the directory.
  ///   - parent: What that begins in.
  ///   - sides: That, open.
  /// - Returns: Whether there is such a thing.
  private func hasListed(
    _ level: ListedNames.Level,
    below path: ArraySlice<UInt8>,
    of parent: CopyDirectory,
    _ sides: DirectorySides
  ) -> Bool {
    var place = level.first
    while let (listed, next) = level.name(at: place) {
      place = next
      let name = path + [UInt8(ascii: "/")] + listed.name.bytes
      let entry = EntryLocation(directory: sides.source, name: EntryName(name))
      guard let found = try? entry.metadata() else { continue }
      guard found.kind == .directory else { return true }
      if let below = listed.below, hasListed(below, below: name, of: parent, sides) { return true }
      let isDeep = listed.isNamed && run.options.rules.isRecursive
      guard isDeep || listed.hasContents else { continue }
      var search = Search(run: run, root: parent, isDeep: isDeep)
      if case .filled = search.run(EntryName(name), in: sides.source, nil) { return true }
    }
    return false
  }

  /// One look ahead.
  private struct Search: ~Copyable {
    let run: RunContext
    let root: CopyDirectory
    /// Whether directories in it are looked through as well.
    let isDeep: Bool
    var errors: [CopyError] = []
    private var reader = DirectoryReader()
    private var levels: [Level] = []

    init(run: RunContext, root: CopyDirectory, isDeep: Bool) {
      self.run = run
      self.root = root
      self.isDeep = isDeep
    }

    mutating func run(
      _ name: EntryName,
      in directory: Int32,
      _ scope: FilterScope?
    ) -> Contents {
      guard var current = enter(name, in: directory, scope) else { return .empty }
      while !run.shouldStop, let index = levels.indices.last {
        do throws(Errno) {
          if levels[index].pending.isEmpty, let position = levels[index].position {
            try DirectoryReader.seek(current.descriptor.rawValue, to: position)
            if try readMore(of: current.descriptor.rawValue, index, isFirst: position == 0) {
              return way()
            }
          }
        } catch {
          levels[index].position = nil
          errors.append(.source(.readDirectory, path(), error))
        }
        if let next = levels[index].pending.popLast() {
          if let below = enter(next, in: current.descriptor.rawValue, levels[index].scope) {
            current = below
          }
        } else if levels[index].position == nil {
          levels.removeLast()
          guard let above = levels.last else { return .empty }
          guard let opened = reopen(above, from: current.descriptor.rawValue) else {
            return .filled([])
          }
          current = opened
        }
      }
      return .empty
    }

    /// The directory above, which is known again by its inode.
    private func reopen(_ level: Level, from below: Int32) -> OpenDirectory? {
      guard let above = try? DirectoryOpener.openAbove(below), above.identity == level.identity
      else { return nil }
      return above.directory
    }

    private mutating func enter(
      _ name: EntryName,
      in directory: Int32,
      _ scope: FilterScope?
    ) -> OpenDirectory? {
      do {
        let place = EntryLocation(
          directory: directory,
          name: name,
          followsLinks: run.options.rules.links?.followsSource == true
        )
        let opened = OpenDirectory(try place.openForReading(directory: true))
        let identity = try EntryLocation(open: opened.descriptor.rawValue).metadata().identity
        let device = levels.last?.identity.device ?? root.identity?.device
        // What is mounted there is left out.
        let isBeyond = device != nil && device != identity.device
        if isBeyond && run.options.rules.staysOnFilesystem { return nil }
        let rules = try scope?.entering(name, in: opened.descriptor.rawValue)
        levels.append(Level(name: name, identity: identity, scope: rules, position: 0))
        return opened
      } catch let error as FilterError {
        run.fail(FilterList.failure(error))
      } catch let error as Errno {
        errors.append(.source(.openDirectory, path().pushing(FilePath(name)), error))
      } catch {}
      return nil
    }

    /// Reads names of a directory: the first time all, to see whether anything is no directory.
    ///
    /// - Returns: Whether there is.
    private mutating func readMore(
      of directory: Int32,
      _ index: Int,
      isFirst: Bool
    ) throws(Errno) -> Bool {
      guard try reader.fill(from: directory) else {
        levels[index].position = nil
        return false
      }
      let scope = levels[index].scope
      var directories: [EntryName] = []
      while let entry = reader.next() {
        switch isFilling(entry, directory, scope) {
        case true?: return true
        case false?: directories.append(entry.name)
        case nil: break
        }
      }
      levels[index].pending = isDeep ? directories : []
      levels[index].position = try DirectoryReader.position(of: directory)
      guard isFirst else { return false }
      while try reader.fill(from: directory) {
        while let entry = reader.next() {
          if isFilling(entry, directory, scope) == true { return true }
        }
      }
      return false
    }

    /// Whether a name fills the directory; `false` for a directory, `nil` where it is left out.
    private func isFilling(
      _ entry: DirectoryEntry,
      _ directory: Int32,
      _ scope: FilterScope?
    ) -> Bool? {
      let kind =
        entry.kind
        ?? (try? EntryLocation(directory: directory, name: entry.name).metadata())?.kind
      guard let kind else { return nil }
      let isDirectory = kind == .directory
      if scope?.excludes(entry.name, isDirectory: isDirectory) == true { return nil }
      return !isDirectory || scope?.protectsByCommandLine(entry.name) == true
    }

    private func way() -> Contents { .filled(levels.dropFirst().map(\.name)[...]) }

    private func path() -> FilePath {
      levels.reduce(root.sourcePath()) { $0.pushing(FilePath($1.name)) }
    }
  }
}
