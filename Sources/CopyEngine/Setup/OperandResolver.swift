// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// One source operand that was found.
struct ResolvedSource {
  let path: FilePath
  /// The directory itself, if its contents are copied, else the one that the entry lies in.
  ///
  /// It is not kept open: there may be more sources than descriptors.
  let directory: InodeIdentity
  /// The entry in that directory; empty for the directory's contents.
  let name: EntryName
  let metadata: EntryMetadata
  /// Where the names of that directory come from.
  var names: EntrySource
  /// Whether the target directory gets its metadata.
  var givesMetadata = false
  /// What it is called where it is told.
  var toldName: FilePath = "."
  /// The only thing that was found of what was listed.
  var lone: (name: EntryName, metadata: EntryMetadata)?

  /// Whether `directory` is what `path` leads to, and not the directory above.
  var isContents: Bool { name.isEmpty }

  /// The same without its metadata.
  var loneName: EntryName? { lone?.name }

  /// What takes the name of the target, where that is to be a name; `nil` for several.
  var only: EntryMetadata? { isContents ? lone?.metadata : metadata }
}

/// The directory that is copied into.
struct ResolvedTarget {
  let path: FilePath
  /// The directory; where a run would have to make it first, `nil`.
  let directory: OpenDirectory?
  /// The directory, or where that is still missing the one above.
  let nearest: OpenDirectory
  /// The name that the one source gets, where the target operand names no directory.
  let newName: EntryName?
  /// Whether this run makes it.
  let isNew: Bool
  /// Whether directories above it have to be made first.
  var makesPath = false
  /// How many directories of a path are made that is to be (`--mkpath`).
  var madeDirectories = 0
}

/// Opens what the operands of a run name, and checks that they go together.
struct OperandResolver {
  let plan: CopyPlan
  let creationMask: UInt32
  /// What the last entry lies in: a shell may have written out thousands of one directory.
  private var parent: (path: FilePath, directory: OpenDirectory, identity: InodeIdentity)?
  /// What was listed and is missing, as far as no run tells it.
  var missing: [CopyError] = []
  /// What the sources do not have, where that is to be removed: paths relative to the target.
  var lacking: [EntryName] = []
  /// Whether all that is copied is one directory, which takes the name of a missing target.
  var isLone = false
  /// Directories that were listed, where no run tells that they are skipped.
  var skippedDirectories: [FilePath] = []

  init(plan: CopyPlan, creationMask: UInt32) {
    self.plan = plan
    self.creationMask = creationMask
  }

  /// Finds a source (`open`, `statx`).
  ///
  /// - Returns: `nil` where nothing of what was listed is there.
  mutating func resolve(_ source: CopyPlan.Source) throws(CopyError) -> ResolvedSource? {
    do throws(Errno) {
      if let names = source.names { return try resolve(source, names) }
      guard !source.isContents, let last = source.path.lastComponent, last.kind == .regular else {
        let directory = try open(source.path)
        let metadata = try metadata(ofOpen: directory)
        return ResolvedSource(
          path: source.path,
          directory: metadata.identity,
          name: .itself,
          metadata: metadata,
          names: namesOfContents,
          givesMetadata: plan.options.rules.takesDirectories
        )
      }
      let (parent, identity) = try openParent(of: source.path)
      let entry = EntryLocation(directory: parent.descriptor.rawValue, name: EntryName(last))
      return ResolvedSource(
        path: source.path,
        directory: identity,
        name: entry.name,
        metadata: try metadata(of: entry),
        names: plan.options.rules.isRecursive ? .all : .level(nil)
      )
    } catch {
      throw CopyError(.openSource, source.path, error, .entry)
    }
  }

  private mutating func openParent(
    of path: FilePath
  ) throws(Errno) -> (OpenDirectory, InodeIdentity) {
    if let parent, parent.path == path.directory { return (parent.directory, parent.identity) }
    let opened = try open(path.directory, .pathOnly)
    let identity = try EntryLocation(open: opened.descriptor.rawValue).metadata().identity
    parent = (path.directory, opened, identity)
    return (opened, identity)
  }

  /// Finds the target, without making anything yet.
  func resolveTarget(for sources: [ResolvedSource]) throws(CopyError) -> ResolvedTarget {
    guard plan.options.listing == nil else { return try listingTarget() }
    let found: EntryMetadata?
    do {
      found = try EntryMetadata(following: plan.target)
    } catch {
      guard error == .noSuchFileOrDirectory else {
        // A part of a path that is to be made is there, and no directory.
        throw plan.options.rules.makesTargetPath && error == .notDirectory
          ? CopyError(.makeDirectory, plan.target, error, .stop)
          : CopyError(.openTarget, plan.target, error, .selection)
      }
      found = nil
    }
    if found?.kind == .directory {
      let directory = try openTarget(plan.target)
      return ResolvedTarget(
        path: plan.target,
        directory: directory,
        nearest: directory,
        newName: nil,
        isNew: false
      )
    }
    let takesName = takesNewName(sources)
    if found == nil,
      let missing = try TargetPath(plan: plan).findMissing(
        takesNewName: takesName,
        isLone: isLone
      )
    {
      return missing
    }
    let isName = takesName || isLone || namesMissingDot(sources)
    let above = try openAbove(takesNewName: isName)
    if takesName, let name = plan.target.lastComponent, name.kind == .regular {
      return ResolvedTarget(
        path: plan.target.directory,
        directory: above,
        nearest: above,
        newName: EntryName(name),
        isNew: false
      )
    }
    guard found == nil else {
      throw CopyError(.refuse(.notADirectory), plan.target, nil, .selection)
    }
    return ResolvedTarget(
      path: plan.target,
      directory: nil,
      nearest: above,
      newName: nil,
      isNew: true,
      madeDirectories: makesPath ? 1 : 0
    )
  }

  /// Opens the directory that the target is to be made in.
  ///
  /// Where it is missing, a tree has a directory that cannot be made, which ends a run as any
  /// `mkdir` that fails, and a file has a target that does not go with it: so rsync tells them
  /// apart.
  private func openAbove(takesNewName: Bool) throws(CopyError) -> OpenDirectory {
    do {
      return try openTrusted(plan.target.directory)
    } catch {
      throw takesNewName || error == .tooManySymbolicLinkLevels
        ? CopyError(.openTarget, plan.target.directory, error, .selection)
        : CopyError(.makeDirectory, plan.target, error, .stop)
    }
  }

  /// Whether the target operand is a name for the one source, and no directory to put it into.
  ///
  /// As in rsync that counts sources that were found.
  private func takesNewName(_ sources: [ResolvedSource]) -> Bool {
    guard sources.count + lacking.count <= 1, !plan.targetIsDirectory else { return false }
    return sources.allSatisfy { $0.only.map { $0.kind != .directory } ?? false }
  }

  /// Whether the target operand names a directory that is missing by a dot in it, and there is one
  /// source at most, which rsync takes it to be a name for.
  private func namesMissingDot(_ sources: [ResolvedSource]) -> Bool {
    guard plan.target.lastComponent?.kind == .currentDirectory else { return false }
    return sources.count + lacking.count <= 1
      && sources.allSatisfy { source in
        let isTree = source.isContents || source.metadata.kind == .directory
        return !isTree || !source.isContents && !rules.isRecursive || isEmpty(source.path)
      }
  }

  /// Makes the target directory, once it is known that the operands go together (`mkdir`).
  func create(
    _ target: ResolvedTarget,
    for sources: [ResolvedSource]
  ) throws(CopyError) -> ResolvedTarget {
    guard target.isNew else { return target }
    if target.makesPath {
      let reached = try TargetPath(plan: plan).make(target)
      return reached.newName == nil ? try create(reached, for: sources) : reached
    }
    let place = EntryLocation(
      directory: target.nearest.descriptor.rawValue,
      name: plan.target.lastComponent.map { EntryName($0) } ?? .itself
    )
    var isMade = true
    do {
      try place.makeDirectory(mode: newPermissions(for: sources, in: target.nearest))
    } catch {
      // Another run may have made it since it was looked for.
      guard error == .fileExists else { throw CopyError(.makeDirectory, plan.target, error, .stop) }
      isMade = false
    }
    let directory: OpenDirectory
    do {
      directory = try openTrusted(plan.target)
    } catch {
      // Without one that another run made, it is a link that leads nowhere.
      let isMissing = !isMade && error == .noSuchFileOrDirectory
      throw isMissing
        ? CopyError(.makeDirectory, plan.target, .fileExists, .stop)
        : CopyError(.openTarget, plan.target, error, .selection)
    }
    return ResolvedTarget(
      path: target.path,
      directory: directory,
      nearest: directory,
      newName: nil,
      // What is made as a part of a path counts as having been there, as in rsync.
      isNew: isMade && !makesPath
    )
  }

  /// Whether the target is made as a part of a path that is to be (`--mkpath`).
  var makesPath: Bool { plan.options.rules.makesTargetPath && !isLone }

  private func openTarget(_ path: FilePath) throws(CopyError) -> OpenDirectory {
    do {
      return try openTrusted(path)
    } catch {
      throw CopyError(.openTarget, path, error, .selection)
    }
  }

  /// Opens a directory of the target's path, which as in rsync no link of somebody else leads to.
  private func openTrusted(_ path: FilePath) throws(Errno) -> OpenDirectory {
    try OpenDirectory(trusted: path, followsAll: plan.options.followsForeignLinks)
  }

  func open(
    _ path: FilePath,
    _ flags: Descriptor.OpenFlags = []
  ) throws(Errno) -> OpenDirectory {
    OpenDirectory(try Descriptor(opening: path, flags.union(.directory)))
  }
}

// What must not be copied onto or into itself.
extension OperandResolver {
  /// Refuses a device in whose place a file would be put, and a target that lies in the source,
  /// where the run would come to it; one that is the source has all of it already.
  func check(_ source: ResolvedSource, against target: ResolvedTarget) throws(CopyError) {
    guard plan.options.listing == nil else { return }
    if source.only?.kind == .file { try checkDevice(inPlaceOf: source, target) }
    // What is listed is looked at when it is visited, and what is not descended into has an end.
    guard source.metadata.kind == .directory, case .all = source.names else { return }
    guard !isSameEntry(source, target), isInside(source.metadata.identity, target.nearest) else {
      return
    }
    // By the number of the device, as the walk stays on it: that of btrfs is a subvolume's.
    let isBeyond = identity(of: target.nearest)?.device != source.metadata.identity.device
    if isBeyond && plan.options.rules.staysOnFilesystem { return }
    let refusal = OperandRefusal.targetInsideSource(isOnOtherFilesystem: isBeyond)
    throw CopyError(.refuse(refusal), source.path, nil, .selection)
  }

  /// Refuses a file that would take the name of a device: who types that wants it written to.
  ///
  /// The target operand may be a link to it, as those below `/dev/disk` are.
  private func checkDevice(
    inPlaceOf source: ResolvedSource,
    _ target: ResolvedTarget
  ) throws(CopyError) {
    let directory = target.nearest.descriptor.rawValue
    let found =
      target.newName == nil
      ? try? EntryLocation(directory: directory, name: source.loneName ?? source.name).metadata()
      : try? EntryMetadata(following: plan.target)
    guard !target.isNew, found?.kind == .device else { return }
    if plan.options.publish.writesDevices, isNode(source, target) { return }
    let path =
      target.newName == nil
      ? plan.target.pushing(FilePath(source.loneName ?? source.name)) : plan.target
    throw CopyError(.refuse(.fileOntoDevice), path, nil, .selection)
  }

  /// Whether what has the name of a source is a device, and no link to one.
  private func isNode(_ source: ResolvedSource, _ target: ResolvedTarget) -> Bool {
    let directory = target.nearest.descriptor.rawValue
    let entry = EntryLocation(directory: directory, name: target.newName ?? source.name)
    return (try? entry.metadata())?.kind == .device
  }

  private func isSameEntry(_ source: ResolvedSource, _ target: ResolvedTarget) -> Bool {
    !target.isNew && (target.newName ?? source.name) == source.name
      && source.directory == identity(of: target.nearest)
  }

  private func identity(of directory: OpenDirectory) -> InodeIdentity? {
    try? EntryLocation(open: directory.descriptor.rawValue).metadata().identity
  }

  /// Whether a directory is another, or lies below it.
  private func isInside(_ identity: InodeIdentity, _ directory: OpenDirectory) -> Bool {
    guard let current = try? directory.descriptor.duplicate() else { return false }
    return current.isInside(identity)
  }
}
