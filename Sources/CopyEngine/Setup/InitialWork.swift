// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// What the workers start with: the source operands, each with its place at the target.
///
/// Where several have something of one name, the first counts, as in rsync: then they are merged.
struct InitialWork {
  private(set) var items: [WorkItem] = []
  /// How often one name may be met: more than once where a source lies in another.
  let passes: Int

  private let target: ResolvedTarget
  /// The trees that the target is compared with.
  private let basis: [BasisDirectory]
  private let isOnlySource: Bool
  /// Whether several sources may have something of one name.
  private let isMerging: Bool
  /// The metadata of the first source whose contents are copied: the target directory gets that.
  private let contentsMetadata: EntryMetadata?
  private let filters: FilterList?
  /// The source above which merge files are looked for: the first directory, as in rsync.
  private let firstDirectory: FilePath?
  /// Roots that entries of one directory share, where nothing is merged.
  private var containers: [FilePath: CopyDirectory] = [:]
  private let change = CopyDirectory.Change()

  init(
    _ sources: [ResolvedSource],
    _ target: ResolvedTarget,
    of run: RunContext,
    basis: [BasisDirectory] = []
  ) {
    filters = run.filters
    firstDirectory = sources.first { $0.metadata.kind == .directory }?.path
    self.target = target
    self.basis = basis
    isOnlySource = sources.count == 1
    contentsMetadata = sources.first { $0.givesMetadata }.map { run.wanted.metadata($0.metadata) }
    let names = Set(sources.map(\.name))
    passes = Self.overlap(sources) ? sources.count : 1
    isMerging =
      !isOnlySource && (sources.contains(where: \.isContents) || names.count < sources.count)
    if isMerging {
      items = [.merged(MergedDirectory(makeMembers(sources)))]
    } else {
      for source in sources { add(source) }
    }
  }

  /// The sources that merge into the target's directory.
  ///
  /// The first that gives the directory its time has to wait for entries that others put into it.
  private func makeMembers(_ sources: [ResolvedSource]) -> [MergedDirectory.Member] {
    let giver = sources.firstIndex { $0.givesMetadata }
    let first = giver.map { makeRoot(sources[$0]) }
    return sources.enumerated().map { index, source in
      if let first, index == giver { return MergedDirectory.Member(first) }
      let root = makeRoot(source, before: source.givesMetadata ? nil : first)
      return MergedDirectory.Member(root, onlyName: source.isContents ? nil : source.name)
    }
  }

  /// Whether a source lies in another, or may, as far as their paths tell.
  private static func overlap(_ sources: [ResolvedSource]) -> Bool {
    guard sources.count > 1 else { return false }
    let slash = UInt8(ascii: "/")
    let paths = sources.map { $0.path.lexicallyNormalized().bytes }
    let distinct = Set(paths.map { $0[...] })
    guard distinct.count == paths.count, Set(paths.map { $0.first == slash }).count < 2,
      // All others lie in the directory that they are relative to, or in the root; what lies in
      // a directory above that is not known.
      !distinct.contains([]), !distinct.contains([slash]),
      !paths.contains(where: { $0.starts(with: "..".utf8) })
    else { return true }
    return paths.contains { path in
      path.indices.dropFirst().contains { path[$0] == slash && distinct.contains(path[..<$0]) }
    }
  }

  private mutating func add(_ source: ResolvedSource) {
    if let lone = source.loneName {
      let targetName = target.newName ?? lone
      return items.append(.entry(makeRoot(source), name: lone, targetName: targetName))
    }
    guard !source.isContents else {
      return items.append(.directory(makeRoot(source), position: 0))
    }
    let root = containers[source.path.directory] ?? makeRoot(source)
    if filters?.looksAbove != true { containers[source.path.directory] = root }
    items.append(.entry(root, name: source.name, targetName: target.newName ?? source.name))
  }

  private func makeRoot(
    _ source: ResolvedSource,
    before following: CopyDirectory? = nil
  ) -> CopyDirectory {
    CopyDirectory(
      source: source.isContents ? source.path : source.path.removingLastComponent(),
      target: target.path,
      root: CopyDirectory.Root(
        identity: source.directory,
        isPathOnly: !source.names.isRead && !source.givesMetadata || !source.isContents,
        target: target.directory,
        basis: basis
      ),
      identity: source.isContents ? source.metadata.identity : nil,
      metadata: source.givesMetadata ? contentsMetadata : nil,
      // Another source may have put something there.
      isNew: target.isNew && isOnlySource,
      isMerged: isMerging,
      names: source.names,
      sharing: change,
      before: following,
      filter: filter(of: source),
      protection: filters.map {
        DirectoryFilter(protecting: target.path, $0, isRead: source.isContents)
      }
    )
  }

  /// The rules that are in force where a source begins.
  private func filter(of source: ResolvedSource) -> DirectoryFilter? {
    guard let filters else { return nil }
    let scope = source.scope(filters, looksAbove: source.path == firstDirectory)
    return DirectoryFilter(scope, isRead: source.isContents)
  }
}

extension ResolvedSource {
  /// The rules that are in force where it begins.
  fileprivate func scope(_ filters: FilterList, looksAbove: Bool) -> FilterScope {
    let directory = isContents ? path : path.directory
    let whole = FilePath.workingDirectory.pushing(directory).bytes
    return FilterScope(filters, .sender, directory: whole, looksAbove: looksAbove)
  }

  /// Whether the rules of the command line leave it out altogether.
  ///
  /// - Parameters:
  ///   - filters: The rules.
  ///   - looksAbove: Whether merge files above are read for that.
  /// - Returns: Whether they do.
  func isHidden(by filters: FilterList?, looksAbove: Bool = false) -> Bool {
    match(filters, looksAbove: looksAbove)?.isIncluded == false
  }

  /// The rule of the command line that decides about it, if one does.
  func match(_ filters: FilterList?, looksAbove: Bool = false) -> FilterMatch? {
    guard let filters, looksAbove || !filters.looksAbove, !isContents else { return nil }
    return scope(filters, looksAbove: looksAbove && filters.looksAbove)
      .match(name, isDirectory: metadata.kind == .directory)
  }
}
