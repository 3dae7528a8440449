// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

// Sources of which not everything is copied.
extension OperandResolver {
  var rules: SyncRules { plan.options.rules }

  /// Where the names of a source come from whose contents are copied.
  var namesOfContents: EntrySource {
    rules.isRecursive ? .all : rules.makesDirectories ? .level(nil) : .nobody
  }

  /// Whether nothing of an operand that is missing lacks but its last name: where its directory is
  /// missing as well, that is told as in rsync, whatever may be missing.
  func lacksOnlyName(_ source: CopyPlan.Source) -> Bool {
    source.names == nil && !source.isContents
      && (try? open(source.path.directory, .pathOnly)) != nil
  }

  /// Notes that an operand is missing, where what the target has of it is to be removed.
  mutating func noteLacking(_ source: CopyPlan.Source) {
    guard plan.options.deletion.removesMissing, let name = source.path.lastComponent,
      name.kind == .regular
    else { return }
    lacking.append(EntryName(name))
  }

  /// Notes what of a list is missing, where what the target has of it is to be removed.
  ///
  /// - Returns: The directories of the list that are missing themselves, as rsync tells them.
  mutating func noteLacking(of source: CopyPlan.Source) -> [FilePath] {
    guard plan.options.deletion.removesMissing, let names = source.names,
      let directory = try? open(source.path, .pathOnly)
    else { return [] }
    defer { withExtendedLifetime(directory) {} }
    func isMissing(_ path: EntryName) -> Bool {
      let entry = EntryLocation(directory: directory.descriptor.rawValue, name: path)
      do throws(Errno) {
        _ = try entry.metadata()
        return false
      } catch {
        return error == .noSuchFileOrDirectory
      }
    }
    var gone: [FilePath] = []
    for path in ListedNames(names.paths).top.paths where isMissing(path) {
      let bytes = path.bytes
      guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else {
        lacking.append(path)
        continue
      }
      let above = EntryName(bytes[..<slash])
      let isAboveMissing = isMissing(above)
      // So rsync has it, depending on whether its list is sent in parts.
      if !isAboveMissing || !rules.isRecursive { lacking.append(path) }
      if isAboveMissing, gone.last != source.path.pushing(FilePath(above)) {
        gone.append(source.path.pushing(FilePath(above)))
      }
    }
    return gone
  }

  /// Whether a source is a directory that is skipped, so that there is nothing to do: then not even
  /// the target is looked at.
  ///
  /// What rules leave out is not told.
  mutating func skips(_ source: ResolvedSource, rules filters: FilterList?) -> Bool {
    guard !rules.takesDirectories, source.metadata.kind == .directory else { return false }
    if source.isContents {
      guard case .nobody = source.names else { return false }
      skippedDirectories.append(".")
    } else if !source.isHidden(by: filters, looksAbove: true) {
      skippedDirectories.append(FilePath(source.name))
    }
    return true
  }

  /// What a directory is that the target's may become a copy of.
  func metadata(ofOpen directory: OpenDirectory) throws(Errno) -> EntryMetadata {
    let place = EntryLocation(open: directory.descriptor.rawValue)
    return try plan.options.metadata.taken(try place.metadata(), at: place)
  }

  /// What an operand is, or leads to.
  func metadata(of entry: EntryLocation) throws(Errno) -> EntryMetadata {
    let found = try entry.metadata()
    guard found.kind == .symbolicLink, let links = rules.links, links.followsSource else {
      return found
    }
    let referent = EntryLocation(
      directory: entry.directory,
      name: entry.name,
      followsLinks: true
    )
    if links.followsAll { return try referent.metadata() }
    guard links.followsDirectories || links.followsUnsafe,
      let metadata = try? referent.metadata(),
      links.followsDirectories && metadata.kind == .directory
        || links.followsUnsafe
          && (try? entry.symbolicLinkContents())?.leadsOut(depth: 0) == true
    else { return found }
    return metadata
  }

  /// Finds the directory that a list is about, and so much of the list as is needed to tell whether
  /// the target is a directory.
  mutating func resolve(
    _ source: CopyPlan.Source,
    _ names: CopyPlan.Source.Names
  ) throws(Errno) -> ResolvedSource? {
    let directory = try open(source.path, .pathOnly)
    defer { withExtendedLifetime(directory) {} }
    let metadata = try metadata(ofOpen: directory)
    let listed = ListedNames(names.paths)
    var resolved = ResolvedSource(
      path: source.path,
      directory: metadata.identity,
      name: .itself,
      metadata: metadata,
      names: .listed(listed.top),
      givesMetadata: names.keepsRoot && rules.takesDirectories && rules.keepsImpliedMetadata
    )
    if source.isContents {
      resolved.names =
        rules.isRecursive ? .all : rules.makesDirectories ? .level(listed.top) : .nobody
      resolved.givesMetadata = rules.takesDirectories
      return resolved
    }
    guard !names.keepsRoot, plan.sources.count == 1 else { return resolved }
    switch found(of: listed, below: directory, source.path) {
    case .nothing:
      // The directories of what is to be removed are in the transfer.
      let slash = UInt8(ascii: "/")
      let isKept =
        rules.takesDirectories && plan.options.deletion.removesMissing
        && listed.top.paths.contains { $0.bytes.contains(slash) }
      return isKept ? resolved : nil
    case .one(let name, let metadata): resolved.lone = (name, metadata)
    case .several: break
    }
    return resolved
  }

  /// Makes of a directory that is the only source, and is copied without anything in it, what gives
  /// a missing target its metadata: as the only file it takes the target's name.
  ///
  /// Such a directory is the target as rsync tells it, and not one that it makes for the target.
  mutating func nameLoneDirectory(_ sources: inout [ResolvedSource]) {
    guard sources.count == 1, let source = sources.first, rules.takesDirectories,
      plan.options.listing == nil, !plan.targetIsDirectory
    else { return }
    do {
      _ = try EntryMetadata(following: plan.target)
    } catch {
      guard error == .noSuchFileOrDirectory else { return }
      if source.isContents && source.lone == nil && source.givesMetadata {
        isLone = !source.names.hasListedNames && (!source.names.isRead || isEmpty(source.path))
      }
      guard let only = source.only, only.kind == .directory else { return }
      let path = source.loneName.map { source.path.pushing(FilePath($0)) } ?? source.path
      guard !rules.isRecursive || isEmpty(path) else { return }
      isLone = true
      sources[0] = ResolvedSource(
        path: path,
        directory: only.identity,
        name: .itself,
        metadata: only,
        names: .listed(ListedNames([]).top),
        givesMetadata: true,
        toldName: FilePath(source.loneName ?? source.name)
      )
    }
  }

  /// Where nothing is, since whatever is at the target is not looked at.
  func listingTarget() throws(CopyError) -> ResolvedTarget {
    do {
      return ResolvedTarget(
        path: "/",
        directory: nil,
        nearest: try open("/"),
        newName: nil,
        isNew: true
      )
    } catch {
      throw CopyError(.openTarget, "/", error, .selection)
    }
  }

  /// Whether a directory has no names (`readdir`).
  func isEmpty(_ path: FilePath) -> Bool {
    guard let directory = try? open(path) else { return false }
    defer { withExtendedLifetime(directory) {} }
    return (try? DirectoryReader.hasNames(directory.descriptor.rawValue)) != true
  }

  /// What of a list is there.
  private enum Found {
    case nothing
    /// Only this, and nothing above or below it.
    case one(EntryName, EntryMetadata)
    case several
  }

  private mutating func found(
    of listed: ListedNames,
    below directory: OpenDirectory,
    _ root: FilePath
  ) -> Found {
    var one: (EntryName, EntryMetadata)?
    var errors: [CopyError] = []
    for path in listed.top.paths {
      let entry = EntryLocation(directory: directory.descriptor.rawValue, name: path)
      do throws(Errno) {
        let metadata = try metadata(of: entry)
        guard metadata.kind != .directory || rules.takesDirectories else {
          skippedDirectories.append(FilePath(path))
          continue
        }
        let isAlone = one == nil && !path.bytes.contains(UInt8(ascii: "/"))
        guard isAlone else { return .several }
        let isDirectory = metadata.kind == .directory
        if isDirectory, listed.top.find(path)?.hasContents == true { return .several }
        one = (path, metadata)
      } catch {
        guard error != .noSuchFileOrDirectory || !rules.ignoresMissing else { continue }
        errors.append(CopyError(.findArgument, root.pushing(FilePath(path)), error, .entry))
      }
    }
    missing += errors
    if let one { return .one(one.0, one.1) }
    return .nothing
  }
}

// A target that is made.
extension OperandResolver {
  /// The permissions that the target directory is made with: where it is to have those of a source,
  /// others may not look into it before it has them.
  func newPermissions(
    for sources: [ResolvedSource],
    in parent: OpenDirectory
  ) -> UInt32 {
    let above = EntryLocation(open: parent.descriptor.rawValue)
    // A default ACL stands for the mask.
    let usual = above.hasDefaultList ? 0o777 : 0o777 & ~creationMask
    guard let first = sources.first(where: { $0.givesMetadata }) else { return usual }
    // What is made as a part of a path has what is usual; nobody is let in that will not be later.
    let preservation = plan.options.preservation
    if makesPath || sources.count > 1 && !preservation.contains(.permissions) {
      let wanted = WantedMetadata(plan.options, mask: creationMask).metadata(first.metadata)
      return usual & (wanted.permissions | 0o700)
    }
    return preservation.newDirectoryPermissions(like: first.metadata, creationMask)
  }
}
