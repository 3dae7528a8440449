// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

// Directories that several sources merge into.
extension TreeWalk where Work: ~Copyable {
  /// Notes that a directory was read to its end.
  mutating func endReading(_ directory: CopyDirectory, isReadable: Bool = true) {
    guard let merged = opener.merged.place(of: directory)?.merged else {
      return isReadable ? visitor.complete(directory) : ()
    }
    for directory in merged.endReading(isReadable ? directory : nil) { visitor.complete(directory) }
  }

  /// Reads which names the sources of a merged directory have, and has them read.
  mutating func merge(_ merged: MergedDirectory) {
    opener.merged.add(merged)
    var names = MergedNames()
    for (index, member) in merged.members.enumerated() {
      if let name = member.onlyName {
        _ = names.add(name, of: index, mayBeDirectory: true)
      } else {
        addNames(of: member.directory, index, to: &names)
      }
      guard !run.shouldStop else { return }
    }
    if sweep != nil { names.sort() }
    let doomed = removeSurplus(of: merged, names)
    names.seal()
    merged.setNames(names)
    stack.push(
      doomed
        + merged.members.map { member in
          guard let name = member.onlyName else { return .directory(member.directory, position: 0) }
          return .entry(member.directory, name: name, targetName: name)
        }
    )
  }

  private mutating func addNames(
    of directory: CopyDirectory,
    _ index: Int,
    to names: inout MergedNames
  ) {
    if case .nobody = directory.names { return }
    do throws(CopyError) {
      let sides = try opener.open(directory)
      defer { withExtendedLifetime(sides) {} }
      do throws(Errno) {
        let filter = visitor.filter.scope(of: directory, sides)
        try reader.seek(directory, sides, to: 0)
        while try reader.fill(from: sides) {
          while let entry = reader.next() {
            if let filter, visitor.filter.hides(entry, in: directory, filter, sides) { continue }
            let mayBeDirectory = mayLeadToDirectory(entry)
            let isKnown = names.add(entry.name, of: index, mayBeDirectory: mayBeDirectory)
            guard isKnown else { return }
          }
        }
      } catch {
        throw .source(.readDirectory, directory.sourcePath(), error)
      }
    } catch {
      if error.hidesNames { run.deletions.close() }
      // It is told when the directory itself is read. What cannot be read at all has no names; any
      // other may have the names that were not told.
      guard error.errno != .noSuchFileOrDirectory, error.errno != .permissionDenied else { return }
      names.addUnknown(index)
    }
  }
}

// Names of the target that the source lacks.
extension TreeWalk where Work: ~Copyable {
  /// Whether a name is that of a directory, or of a link that counts as one.
  func mayLeadToDirectory(_ entry: DirectoryEntry) -> Bool {
    entry.mayBeDirectory || entry.kind == .symbolicLink && run.options.rules.links != nil
  }

  /// Removes what the source of a directory lacks, before it is read for the first time.
  ///
  /// - Returns: Whether it is read when that is done.
  mutating func removeSurplus(of directory: CopyDirectory, _ sides: DirectorySides) -> Bool {
    // What is listed of a directory says nothing about the rest.
    guard let sweep, !directory.isMerged, directory.names.isRead, directory.beginSweep() else {
      return false
    }
    let subject = TargetSweep.Subject(directory: directory, sides: sides)
    let doomed = sweep.sweep(subject, visitor.executor.remover)
    guard !doomed.isEmpty else { return false }
    stack.push(doomed.map { .doomed($0) } + [.directory(directory, position: 0)])
    return true
  }

  /// Removes what all sources of a merged directory lack.
  ///
  /// - Returns: The trees that are to be removed.
  mutating func removeSurplus(of merged: MergedDirectory, _ names: MergedNames) -> [WorkItem] {
    // Where only single names are put into a directory, it is nobody's.
    guard let sweep, let first = merged.members.first(where: \.isRead),
      !merged.members.contains(where: { $0.directory.isNew || $0.directory.isMissing })
    else { return [] }
    for member in merged.members where member.isRead {
      guard let sides = try? opener.open(member.directory) else { continue }
      visitor.executor.prepare(member.directory, sides)
      let subject = TargetSweep.Subject(
        directory: first.directory,
        sides: sides,
        merged: (merged, names)
      )
      return sweep.sweep(subject, visitor.executor.remover).map { .doomed($0) }
    }
    return []
  }

  /// Goes on to remove a tree.
  mutating func remove(_ work: DoomedWork) {
    switch visitor.executor.remover.step(work) {
    case .more(let works): stack.push(works.map { .doomed($0) })
    case .done(let directory): visitor.complete(directory.root)
    case .waits: break
    }
  }
}
