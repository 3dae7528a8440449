// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Synchronization
internal import SystemPackage
internal import Uring

/// Opens directories on both sides, one component at a time below held descriptors, and keeps as
/// many open as the limit on descriptors allows.
///
/// Trees can be deeper than there are descriptors: beyond the budget a directory is opened again
/// from its nearest open ancestor each time it is needed.
final class DirectoryOpener: Sendable {
  private let budget: Int
  private let kept = Atomic<Int>(0)
  private let isDryRun: Bool

  /// Starts with nothing open.
  ///
  /// - Parameters:
  ///   - budget: How many directories may be kept open.
  ///   - isDryRun: Whether directories that are new are missing at the target.
  init(budget: Int, isDryRun: Bool) {
    self.budget = budget
    self.isDryRun = isDryRun
  }

  /// The descriptors of a directory, opened if necessary (`openat2`).
  func open(_ directory: CopyDirectory) throws(CopyError) -> DirectoryHandles {
    if let handles = directory.openHandles { return handles }
    var chain: [CopyDirectory] = []
    var nearest = directory
    var handles: DirectoryHandles?
    while handles == nil, let parent = nearest.parent {
      chain.append(nearest)
      handles = parent.openHandles
      nearest = parent
    }
    guard var current = handles else { preconditionFailure("a root without descriptors") }
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
    below parent: DirectoryHandles
  ) throws(CopyError) -> DirectoryHandles {
    let source = try openSource(directory, below: parent)
    var shadows: [DirectoryHandles.Shadow] = []
    for shadow in parent.shadows where shadow.covers(directory.name) {
      let location = EntryLocation(
        directory: shadow.directory.descriptor.rawValue,
        name: directory.name
      )
      guard let opened = try? location.openForReading(directory: true) else { continue }
      shadows.append(
        DirectoryHandles.Shadow(directory: OpenDirectory(opened), onlyName: nil)
      )
    }
    guard parent.target >= 0, !(isDryRun && directory.isNew) else {
      return DirectoryHandles(source: source, target: nil, shadows: shadows)
    }
    do {
      let target = try EntryLocation(directory: parent.target, name: directory.name)
        .openForReading(directory: true)
      return DirectoryHandles(
        source: source,
        target: OpenDirectory(target),
        shadows: shadows
      )
    } catch {
      throw .target("cannot open directory", directory.targetPath(), error)
    }
  }

  private func openSource(
    _ directory: CopyDirectory,
    below parent: DirectoryHandles
  ) throws(CopyError) -> OpenDirectory {
    do throws(Errno) {
      let source = try EntryLocation(directory: parent.source, name: directory.name)
        .openForReading(directory: true)
      let identity = try EntryLocation(open: source.rawValue).metadata().identity
      // Another directory has taken its place; the one that was found has vanished.
      guard identity == directory.identity else { throw .noSuchFileOrDirectory }
      return OpenDirectory(source)
    } catch {
      throw .source("cannot open directory", directory.sourcePath(), error)
    }
  }
}
