// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// What the workers start with: the source operands, each with its place at the target.
///
/// Where several have something of one name, the first counts, as in rsync: what an earlier source
/// has earlier what a later one has.
struct InitialWork {
  private(set) var items: [WorkItem] = []

  private let target: ResolvedTarget
  private let isOnlySource: Bool
  /// The metadata of the first source whose contents are copied: the target directory gets that.
  private let contentsMetadata: EntryMetadata?
  /// Earlier sources whose contents are copied.
  private var earlierContents: [EarlierSource] = []
  /// Earlier entries, by name.
  private var entries: [EntryName: EarlierSource] = [:]
  /// Roots that entries of one directory share.
  private var containers: [ObjectIdentifier: CopyDirectory] = [:]

  init(_ sources: [ResolvedSource], _ target: ResolvedTarget) {
    self.target = target
    isOnlySource = sources.count == 1
    contentsMetadata = sources.first { $0.isContents }?.metadata
    for source in sources {
      if source.isContents { addContents(source) } else { addEntry(source) }
    }
  }

  private mutating func addContents(_ source: ResolvedSource) {
    let root = makeRoot(source, earlier: earlierContents + entries.values)
    items.append(.directory(root, position: 0))
    earlierContents.append(
      EarlierSource(directory: source.directory, path: source.path, onlyName: nil)
    )
  }

  private mutating func addEntry(_ source: ResolvedSource) {
    var earlier = earlierContents
    if let entry = entries[source.name] { earlier.append(entry) }
    let key = ObjectIdentifier(source.directory)
    let root: CopyDirectory
    if earlier.isEmpty {
      root = containers[key] ?? makeRoot(source, earlier: [])
      containers[key] = root
    } else {
      root = makeRoot(source, earlier: earlier)
    }
    items.append(.entry(root, name: source.name, targetName: target.newName ?? source.name))
    if entries[source.name] == nil {
      entries[source.name] = EarlierSource(
        directory: source.directory,
        path: source.path.removingLastComponent(),
        onlyName: source.name
      )
    }
  }

  private func makeRoot(
    _ source: ResolvedSource,
    earlier: [EarlierSource]
  ) -> CopyDirectory {
    CopyDirectory(
      source: source.isContents ? source.path : source.path.removingLastComponent(),
      target: target.path,
      sides: DirectorySides(
        source: source.directory,
        target: target.directory,
        earlier: earlier
      ),
      identity: source.isContents ? source.metadata.identity : nil,
      metadata: source.isContents ? contentsMetadata : nil,
      // Another source may have put something there.
      isNew: target.isNew && isOnlySource
    )
  }
}
