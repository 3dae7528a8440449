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
    removeSurplus(of: merged, names)
    names.seal()
    merged.setNames(names)
    afterRemoval += merged.members.map { member in
      guard let name = member.onlyName else { return .directory(member.directory, position: 0) }
      return .entry(member.directory, name: name, targetName: name)
    }
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

// Names that the target may not tell from others.
extension TreeWalk where Work: ~Copyable {
  /// Visits a name that was put off, unless the target has another one in its place.
  mutating func visitLate(_ late: SimilarNames.Late) {
    let directory = late.directory
    do throws(CopyError) {
      let sides = try opener.open(directory)
      defer { withExtendedLifetime(sides) {} }
      let isTaken: Bool
      do throws(Errno) {
        isTaken = try SimilarNames.areOne(late.targetName, late.other, in: sides.target)
      } catch {
        throw .target(.stat, directory.targetPath(late.targetName), error)
      }
      if isTaken {
        let other = directory.targetPath(late.other)
        throw CopyError(.nameIsTaken(by: other), directory.sourcePath(late.name), nil, .entry)
      }
      let item = visit(late.name, as: late.targetName, in: directory, sides)
      if let item { stack.push([item]) }
    } catch {
      run.fail(error, at: FailedPlace(nearest: directory))
    }
    visitor.complete(directory)
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
  /// - Returns: Whether it is read later, when trees are removed or left to others.
  mutating func removeSurplus(of directory: CopyDirectory, _ sides: DirectorySides) -> Bool {
    // What is listed of a directory says nothing about the rest.
    guard let sweep, !directory.isMerged, directory.names.isRead, directory.beginSweep() else {
      return false
    }
    let subject = TargetSweep.Subject(directory: directory, sides: sides)
    let found = sweep.sweep(subject, visitor.executor.remover)
    guard !found.isEmpty else { return false }
    afterRemoval.append(.directory(directory, position: 0))
    doomed.push(found)
    return true
  }

  /// Removes what all sources of a merged directory lack.
  mutating func removeSurplus(of merged: MergedDirectory, _ names: MergedNames) {
    // Where only single names are put into a directory, it is nobody's.
    guard let sweep, let first = merged.members.first(where: \.isRead),
      !merged.members.contains(where: { $0.directory.isNew || $0.directory.isMissing })
    else { return }
    for member in merged.members where member.isRead {
      guard let sides = try? opener.open(member.directory) else { continue }
      visitor.executor.prepare(member.directory, sides)
      let subject = TargetSweep.Subject(
        directory: first.directory,
        sides: sides,
        merged: (merged, names)
      )
      return doomed.push(sweep.sweep(subject, visitor.executor.remover))
    }
  }

  /// Goes on with the next directory that is to be removed, and leaves others to a worker that
  /// waits.
  ///
  /// - Returns: Whether there was one.
  mutating func removeNext() -> Bool {
    guard !run.shouldStop, let work = doomed.takeNext() else {
      stack.push(afterRemoval)
      afterRemoval = []
      return false
    }
    _ = stack.share(&doomed, run.limits)
    switch visitor.executor.remover.step(work) {
    case .more(let works, let rest): doomed.push(works, then: rest)
    case .done(let directory): visitor.complete(directory.root)
    case .waits: break
    }
    return true
  }
}
