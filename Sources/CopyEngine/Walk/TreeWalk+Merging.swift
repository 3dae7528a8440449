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
      } else if run.options.rules.isRecursive {
        addNames(of: member.directory, index, to: &names)
      }
      guard !run.shouldStop else { return }
    }
    names.seal()
    merged.setNames(names)
    stack.push(
      merged.members.map { member in
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
    do throws(CopyError) {
      let sides = try opener.open(directory)
      defer { withExtendedLifetime(sides) {} }
      do throws(Errno) {
        try DirectoryReader.seek(sides.source, to: 0)
        while try reader.fill(from: sides.source) {
          while let entry = reader.next() {
            let isKnown = names.add(entry.name, of: index, mayBeDirectory: entry.mayBeDirectory)
            guard isKnown else { return }
          }
        }
      } catch {
        throw .source(.readDirectory, directory.sourcePath(), error)
      }
    } catch {
      // It is told when the directory itself is read. What cannot be read at all has no names; any
      // other may have the names that were not told.
      guard error.errno != .noSuchFileOrDirectory, error.errno != .permissionDenied else { return }
      names.addUnknown(index)
    }
  }
}
