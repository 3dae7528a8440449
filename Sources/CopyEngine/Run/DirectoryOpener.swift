// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Synchronization
internal import SystemPackage

/// Opens directories on both sides, one component at a time below held descriptors, and keeps as
/// many open as the limit on descriptors allows.
///
/// Trees can be deeper than there are descriptors: beyond the budget a directory is opened again
/// from its nearest open ancestor each time it is needed.
final class DirectoryOpener: Sendable {
  private let budget: Int
  private let kept = Atomic<Int>(0)

  /// Starts with nothing open.
  ///
  /// - Parameter budget: How many directories may be kept open.
  init(budget: Int) {
    self.budget = budget
  }

  /// The descriptors of a directory, opened if necessary (`openat2`).
  func open(_ directory: CopyDirectory) throws(CopyError) -> DirectorySides {
    if let sides = directory.openSides { return sides }
    var chain: [CopyDirectory] = []
    var nearest = directory
    var sides: DirectorySides?
    while sides == nil, let parent = nearest.parent {
      chain.append(nearest)
      sides = parent.openSides
      nearest = parent
    }
    guard var current = sides else { preconditionFailure("a root without descriptors") }
    for directory in chain.reversed() {
      current = try open(directory, below: current)
    }
    let hasRoom = kept.wrappingAdd(1, ordering: .relaxed).oldValue < budget
    if !hasRoom || !directory.keep(current) { kept.wrappingSubtract(1, ordering: .relaxed) }
    return current
  }

  /// Notes that a directory is done, and with it what it kept open.
  func close(_ directory: CopyDirectory) {
    // The root of an operand stays open: everything is reached from there.
    guard directory.parent != nil, directory.letGo() else { return }
    kept.wrappingSubtract(1, ordering: .relaxed)
  }

  private func open(
    _ directory: CopyDirectory,
    below parent: DirectorySides
  ) throws(CopyError) -> DirectorySides {
    let source = try openSource(directory, below: parent)
    let earlier = parent.earlier.compactMap { $0.subdirectory(directory.name) }
    guard parent.target >= 0, !directory.isMissing else {
      return DirectorySides(source: source, target: nil, earlier: earlier)
    }
    do {
      let target = try EntryLocation(directory: parent.target, name: directory.name)
        .openForReading(directory: true)
      return DirectorySides(
        source: source,
        target: OpenDirectory(target),
        earlier: earlier
      )
    } catch {
      throw .target(.openDirectory, directory.targetPath(), error)
    }
  }

  private func openSource(
    _ directory: CopyDirectory,
    below parent: DirectorySides
  ) throws(CopyError) -> OpenDirectory {
    do throws(Errno) {
      let source = try EntryLocation(directory: parent.source, name: directory.name)
        .openForReading(directory: true)
      let identity = try EntryLocation(open: source.rawValue).metadata().identity
      // Another directory has taken its place; the one that was found has vanished.
      guard identity == directory.identity else { throw .noSuchFileOrDirectory }
      return OpenDirectory(source)
    } catch {
      throw .source(.openDirectory, directory.sourcePath(), error)
    }
  }
}
