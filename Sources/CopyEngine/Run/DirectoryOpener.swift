// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Opens directories on both sides, one component at a time below held descriptors, and keeps as
/// many open as the limit on descriptors allows: those that were opened last.
///
/// Trees can be deeper than there are descriptors. On the way down a directory is opened from the
/// one above, which was opened just before; on the way up that one is opened again from below
/// (`..`), so that a level costs the same wherever it lies. Only what is reached in another order
/// is opened from its nearest open ancestor, or by the path of its operand: there may be more
/// operands than descriptors as well.
final class DirectoryOpener: Sendable {
  /// Where several sources merge.
  let merged = MergedDirectories()
  private let budget: Int
  /// Whether the target is compared with other trees.
  private let hasBasis: Bool

  private struct KeptDirectories {
    /// In the order in which they were opened; some are not open any more.
    var queue: [CopyDirectory] = []
    var first = 0
    /// How many are open.
    var count = 0

    mutating func add(_ directory: CopyDirectory) {
      // What is done must not be held for the rest of the run.
      if queue.count > 2 * count + 64 {
        queue = queue[first...].filter { $0.openSides != nil }
        first = 0
      }
      queue.append(directory)
      count += 1
    }

    mutating func takeOldest(beyond budget: Int) -> CopyDirectory? {
      guard count > budget, first < queue.count else { return nil }
      defer { first += 1 }
      return queue[first]
    }
  }
  private let kept = Lock(KeptDirectories())

  /// Starts with nothing open.
  ///
  /// - Parameters:
  ///   - budget: How many directories may be kept open.
  ///   - basisTrees: How many trees the target is compared with.
  init(budget: Int, basisTrees: Int = 0) {
    self.budget = max(1, budget * 2 / (2 + basisTrees))
    hasBasis = basisTrees > 0
  }

  /// Whether those above a directory may be too many to be kept open.
  func isDeep(_ directory: CopyDirectory) -> Bool { directory.depth > budget / 2 }

  /// The descriptors of a directory, opened if necessary (`openat2`).
  ///
  /// Where there are no more to be had, since others have more than was to be expected, those that
  /// are kept are let go of first.
  func open(_ directory: CopyDirectory) throws(CopyError) -> DirectorySides {
    if let sides = directory.openSides { return sides }
    do {
      return try openFromAbove(directory)
    } catch {
      guard error.errno == .tooManyOpenFiles || error.errno == .tooManyOpenFilesInSystem else {
        throw error
      }
      keepNoMore(than: 0)
      return try openFromAbove(directory)
    }
  }

  /// The descriptors of the directory whose attributes the target gets: of the first source that
  /// may be read, where several merge.
  func openFirst(
    of directory: CopyDirectory,
    _ sides: DirectorySides
  ) throws(CopyError) -> DirectorySides {
    guard let merged = merged.place(of: directory)?.merged else { return sides }
    // A list of names says nothing of the directory that it is about, which may be open as a place.
    for member in merged.members where member.onlyName == nil && member.directory.metadata != nil {
      guard member.directory !== directory else { break }
      do {
        return try open(member.directory)
      } catch {
        guard error.errno == .noSuchFileOrDirectory || error.errno == .permissionDenied else {
          throw error
        }
      }
    }
    return sides
  }

  private func openFromAbove(_ directory: CopyDirectory) throws(CopyError) -> DirectorySides {
    var chain: [CopyDirectory] = []
    var nearest = directory
    var sides: DirectorySides?
    while sides == nil, let parent = nearest.parent {
      chain.append(nearest)
      sides = parent.openSides
      nearest = parent
    }
    var current = if let sides { sides } else { try openRoot(nearest) }
    if sides == nil { keep(nearest, current) }
    for directory in chain.reversed() {
      current = try open(directory, below: current)
    }
    if directory !== nearest { keep(directory, current) }
    return current
  }

  /// Notes that a directory is done, and with it what it kept open; the one above will be next.
  func close(_ directory: CopyDirectory) {
    merged.remove(directory)
    guard let sides = directory.letGo() else { return }
    kept.withLock { $0.count -= 1 }
    guard let parent = directory.parent, parent.openSides == nil,
      let above = openAbove(sides, parent)
    else { return }
    keep(parent, above)
  }

  private func keep(_ directory: CopyDirectory, _ sides: DirectorySides) {
    guard directory.keep(sides) else { return }
    kept.withLock { $0.add(directory) }
    keepNoMore(than: budget)
  }

  private func keepNoMore(than count: Int) {
    while let oldest = kept.withLock({ $0.takeOldest(beyond: count) }) {
      if oldest.putAside() { kept.withLock { $0.count -= 1 } }
    }
  }

  /// Opens a directory again from one that lies in it.
  ///
  /// - Returns: `nil` where that is not the same any more, or cannot be reached so.
  private func openAbove(_ below: DirectorySides, _ directory: CopyDirectory) -> DirectorySides? {
    // What other trees have is only known from above.
    guard !hasBasis, let known = directory.lastKept,
      let source = try? Self.openAbove(below.source), source.identity == directory.identity
    else { return nil }
    guard let wanted = known.target else {
      return DirectorySides(source: source.directory, target: nil)
    }
    guard below.target >= 0, let target = try? Self.openAbove(below.target),
      target.identity == wanted
    else { return nil }
    return DirectorySides(source: source.directory, target: target.directory)
  }

  /// Opens the directory above an open one.
  static func openAbove(
    _ below: Int32
  ) throws(Errno) -> (directory: OpenDirectory, identity: InodeIdentity) {
    let above = try Descriptor.openParent(of: below)
    let opened = try EntryLocation(directory: above.rawValue, name: .current)
      .openForReading(directory: true)
    let identity = try EntryLocation(open: opened.rawValue).metadata().identity
    return (OpenDirectory(opened), identity)
  }

  /// Opens what an operand names (`open`), unless something else is there by now.
  private func openRoot(_ directory: CopyDirectory) throws(CopyError) -> DirectorySides {
    guard let root = directory.root else { preconditionFailure("a root without a path") }
    let path = directory.sourcePath()
    do throws(Errno) {
      let flags: Descriptor.OpenFlags = root.isPathOnly ? [.directory, .pathOnly] : .directory
      let source = try Descriptor(opening: path.isEmpty ? "." : path, flags)
      let identity = try EntryLocation(open: source.rawValue).metadata().identity
      guard identity == root.identity else { throw .noSuchFileOrDirectory }
      return DirectorySides(
        source: OpenDirectory(source),
        target: root.target,
        basis: root.basis
      )
    } catch {
      throw .source(.openDirectory, path, error)
    }
  }

  private func open(
    _ directory: CopyDirectory,
    below parent: DirectorySides
  ) throws(CopyError) -> DirectorySides {
    let source = try openSource(directory, below: parent)
    let basis = parent.basis.isEmpty ? [] : try openBasis(directory, below: parent)
    guard parent.target >= 0, !directory.isMissing else {
      return DirectorySides(source: source, target: nil, basis: basis)
    }
    do {
      let target = try EntryLocation(
        directory: parent.target,
        name: directory.name,
        followsLinks: directory.followsLinks.contains(.target)
      ).openForReading(directory: true)
      return DirectorySides(source: source, target: OpenDirectory(target), basis: basis)
    } catch {
      throw .target(.openDirectory, directory.targetPath(), error)
    }
  }

  /// Opens a directory in those trees that have it; what cannot be opened there counts as missing.
  private func openBasis(
    _ directory: CopyDirectory,
    below parent: DirectorySides
  ) throws(CopyError) -> [BasisDirectory] {
    var found: [BasisDirectory] = []
    for basis in parent.basis {
      do {
        let opened = try EntryLocation(directory: basis.sides.target, name: directory.name)
          .openForLookup()
        found.append(BasisDirectory(number: basis.tree, directory: OpenDirectory(opened)))
      } catch {
        guard error != .tooManyOpenFiles, error != .tooManyOpenFilesInSystem else {
          throw .target(.openDirectory, directory.targetPath(), error)
        }
      }
    }
    return found
  }

  private func openSource(
    _ directory: CopyDirectory,
    below parent: DirectorySides
  ) throws(CopyError) -> OpenDirectory {
    do throws(Errno) {
      let source = try EntryLocation(
        directory: parent.source,
        name: directory.name,
        followsLinks: directory.followsLinks.contains(.source)
      ).openForReading(directory: true)
      let identity = try EntryLocation(open: source.rawValue).metadata().identity
      // Another directory has taken its place; the one that was found has vanished.
      guard identity == directory.identity else { throw .noSuchFileOrDirectory }
      return OpenDirectory(source)
    } catch {
      throw .source(.openDirectory, directory.sourcePath(), error)
    }
  }
}
