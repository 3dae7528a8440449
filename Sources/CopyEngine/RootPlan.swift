// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import SystemPackage

/// What the workers start with: the source operands, each with its place at the target.
///
/// Where several have something of one name, the first counts, as in rsync: what an earlier source
/// has shadows what a later one has.
struct RootPlan {
  private(set) var items: [WorkItem] = []

  private let target: ResolvedTarget
  private let isOnlySource: Bool
  /// The metadata of the first source whose contents are copied: the target directory gets that.
  private let contentsMetadata: EntryMetadata?
  /// Earlier sources whose contents are copied.
  private var contentsShadows: [DirectoryHandles.Shadow] = []
  /// Earlier entries, by name.
  private var entries: [EntryName: DirectoryHandles.Shadow] = [:]
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
    let root = makeRoot(source, shadows: contentsShadows + entries.values)
    items.append(.directory(root, position: 0))
    contentsShadows.append(
      DirectoryHandles.Shadow(directory: source.directory, onlyName: nil)
    )
  }

  private mutating func addEntry(_ source: ResolvedSource) {
    var shadows = contentsShadows
    if let earlier = entries[source.name] { shadows.append(earlier) }
    let key = ObjectIdentifier(source.directory)
    let root: CopyDirectory
    if shadows.isEmpty {
      root = containers[key] ?? makeRoot(source, shadows: [])
      containers[key] = root
    } else {
      root = makeRoot(source, shadows: shadows)
    }
    items.append(.entry(root, name: source.name, targetName: target.newName ?? source.name))
    if entries[source.name] == nil {
      entries[source.name] = DirectoryHandles.Shadow(
        directory: source.directory,
        onlyName: source.name
      )
    }
  }

  private func makeRoot(
    _ source: ResolvedSource,
    shadows: [DirectoryHandles.Shadow]
  ) -> CopyDirectory {
    CopyDirectory(
      source: source.isContents ? source.path : source.path.removingLastComponent(),
      target: target.path,
      handles: DirectoryHandles(
        source: source.directory,
        target: target.directory,
        shadows: shadows
      ),
      identity: source.isContents ? source.metadata.identity : nil,
      metadata: source.isContents ? contentsMetadata : nil,
      // Another source may have put something there.
      isNew: target.isNew && isOnlySource
    )
  }
}
