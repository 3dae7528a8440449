// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Carries out what differs of the metadata.
///
/// The order matters: a change of owner clears setuid, setgid and capabilities, and an ACL changes
/// the permission bits. In between nobody is allowed more than both the old and the new metadata
/// do. None of it changes the time of the last change, which is set where it differs.
struct MetadataWriter: ~Copyable {
  let policy: MetadataPolicy
  private let run: RunContext
  private var attributes = AttributeCopier()
  /// The rules about attributes that are not changed at the target, where there may be any.
  private let targetRules: FilterScope?
  /// What new entries may have in the directory that was asked last.
  private var allowed: (directory: DirectorySides, permissions: UInt32)?

  init(_ run: RunContext) {
    self.run = run
    targetRules = run.filters.map { FilterScope($0, .receiver, directory: []) }
    policy = MetadataPolicy(run)
  }

  /// Compares attributes, as far as they are carried over; a failure is told.
  ///
  /// - Parameters:
  ///   - place: The entry on both sides.
  ///   - kind: What it is.
  ///   - isBare: Whether the target is known to have none.
  /// - Returns: How they differ; not at all where they cannot be compared.
  mutating func compareAttributes(
    _ place: MetadataPlace,
    _ kind: EntryKind,
    isBare: Bool = false
  ) -> AttributeDelta {
    let classes = policy.attributeClasses(of: kind)
    guard !classes.isEmpty, let source = place.source else { return AttributeDelta() }
    do {
      return try attributes.difference(
        from: source,
        to: place.target,
        isBare: isBare,
        classes: classes,
        filter: filter(of: place)
      )
    } catch {
      tell(error, place)
      return AttributeDelta()
    }
  }

  private func filter(of place: MetadataPlace) -> AttributeFilter? {
    guard let targetRules else { return nil }
    // What a directory itself has is ruled by the one that it lies in.
    let directory =
      place.name.isEmpty ? place.directory.parent ?? place.directory : place.directory
    guard let filter = directory.filter else { return nil }
    return AttributeFilter(source: filter.current, target: targetRules)
  }

  /// Whether the ACLs that are in force differ, or may (`listxattr`, `getxattr`).
  mutating func accessListsDiffer(_ place: MetadataPlace) -> Bool {
    guard policy.preservation.contains(.accessControlLists), let source = place.source else {
      return false
    }
    let delta = try? attributes.difference(
      from: source,
      to: place.target,
      classes: .accessControlLists
    )
    return delta?.accessListsDiffer ?? true
  }

  /// What a run would change; attributes that cannot be read at the source are told, and left out.
  mutating func foretell(_ delta: MetadataDelta, _ place: MetadataPlace) -> MetadataDelta {
    guard !delta.attributes.isEmpty, let source = place.source else { return delta }
    let failures = attributes.unreadable(delta.attributes, at: source)
    for failure in failures { tell(failure, place) }
    return MetadataDelta(inode: delta.inode, attributes: delta.attributes.without(failures))
  }

  /// Makes the metadata of the target what is wanted; failures are told.
  ///
  /// - Parameters:
  ///   - delta: What differs.
  ///   - place: Where.
  ///   - isForced: Whether the permissions are set in any case.
  /// - Returns: What was changed.
  mutating func apply(
    _ delta: MetadataDelta,
    _ place: MetadataPlace,
    isForced: Bool = false
  ) -> EntryChange {
    if let wish = delta.inode.stored { return store(wish, delta, place) }
    let isNarrowed = narrow(delta, place)
    let (ownerChange, hasOwner) = applyOwner(delta, place)
    var change = ownerChange
    var pending = delta.attributes
    let mayHaveLost = delta.inode.isFile && delta.inode.isRepair && pending.mayGoWithOwner
    if !ownerChange.isEmpty && mayHaveLost {
      // The kernel takes a file's capabilities away with its owner or group, also equal ones.
      pending = compareAttributes(place, .file)
    }
    count(foreign: pending.foreignCount)
    var applied = AttributeDelta()
    var isOpened = false
    if !pending.isEmpty, let source = place.source {
      (applied, isOpened) = applyAttributes(pending, from: source, place)
      // What was only put back is no change to be told.
      let told = delta.inode.change(with: applied.summary).intersection(delta.change)
      change.formUnion(told.intersection([.accessControlLists, .extendedAttributes]))
    }
    let losesBits = !ownerChange.isEmpty && (delta.inode.permissions ?? 0) & 0o6000 != 0
    let isChanged = losesBits || applied.summary.classes.contains(.accessControlLists) || isOpened
    if applyPermissions(
      delta,
      place,
      hasOwner: hasOwner,
      isForced: isForced || isChanged || isNarrowed
    ) {
      change.insert(.permissions)
    }
    change.formUnion(applyTimes(delta, place))
    return change
  }

  /// Makes the target stand in for what is wanted; failures are told.
  ///
  /// - Returns: What was changed.
  private mutating func store(
    _ wish: StoredWish,
    _ delta: MetadataDelta,
    _ place: MetadataPlace
  ) -> EntryChange {
    var change = delta.inode.change.intersection([.owner, .group, .permissions])
    do throws(StoringFailure) {
      try place.target.store(wish)
    } catch {
      fail(error.operation, place, error.errno)
      change = []
    }
    count(foreign: delta.attributes.foreignCount)
    if !delta.attributes.isEmpty, let source = place.source {
      let (applied, _) = applyAttributes(delta.attributes, from: source, place)
      let told = delta.inode.change(with: applied.summary).intersection(delta.change)
      change.formUnion(told.intersection([.accessControlLists, .extendedAttributes]))
    }
    change.formUnion(applyTimes(delta, place))
    return change
  }

  /// The permissions that new entries may have in a directory where they are not carried over: what
  /// its default ACL says, or else what the umask leaves (`getxattr`).
  mutating func allowedPermissions(in sides: DirectorySides) -> UInt32? {
    guard !policy.preservation.contains(.permissions) else { return nil }
    if let allowed, allowed.directory === sides { return allowed.permissions }
    let found = attributes.defaultPermissions(of: EntryLocation(open: sides.target))
    let permissions = found ?? 0o777 & ~policy.creationMask
    allowed = (sides, permissions)
    return permissions
  }

  /// Counts attributes of an entry that is done that were left out, since the target's filesystem
  /// has no use for them.
  func count(foreign: Int) {
    guard foreign > 0, let example = attributes.foreignExample else { return }
    run.foreignAttributes.add(foreign, example)
  }

  /// Carries over what differs of the attributes; failures are told.
  ///
  /// - Returns: What was carried over, and whether the target is writable for it now.
  private mutating func applyAttributes(
    _ pending: AttributeDelta,
    from source: EntryLocation,
    _ place: MetadataPlace
  ) -> (applied: AttributeDelta, isOpened: Bool) {
    var isOpened = false
    var failures = attributes.apply(pending, from: source, to: place.target)
    if failures.contains(where: \.isForbiddenByMode) && makeWritable(place.target) {
      isOpened = true
      failures = attributes.apply(pending.limited(to: failures), from: source, to: place.target)
    }
    for failure in failures {
      if let foreign = failure.foreignAttribute {
        run.foreignAttributes.add(1, foreign)
      } else {
        tell(failure, place)
      }
    }
    return (pending.without(failures), isOpened)
  }

  /// Carries over what a filesystem has to know before there is data, such as whether that is to be
  /// compressed; what fails is found again, and told, with the other metadata.
  ///
  /// - Returns: Whether there was anything.
  mutating func applyProperties(_ place: MetadataPlace) -> Bool {
    guard policy.attributeClasses(of: .file).contains(.filesystem), let source = place.source,
      let delta = try? attributes.difference(
        from: source,
        to: place.target,
        classes: .filesystem,
        filter: filter(of: place)
      ), !delta.isEmpty
    else { return false }
    _ = attributes.apply(delta, from: source, to: place.target)
    return true
  }

  /// Lets the owner write for the moment, as attributes of users need it (`fchmod`, `fchmodat2`).
  ///
  /// The permissions are set afterwards in any case. A run that is killed in between leaves them
  /// different from the source's, which the next one repairs where they are carried over.
  ///
  /// - Returns: Whether the owner could not write before, and can now.
  private func makeWritable(_ target: EntryLocation) -> Bool {
    guard let found = try? target.metadata(), found.permissions & Self.ownerWrite == 0 else {
      return false
    }
    return (try? target.setPermissions(found.permissions | Self.ownerWrite)) != nil
  }

  /// S_IWUSR.
  private static var ownerWrite: UInt32 { 0o200 }

  /// Takes away what must not be allowed while one thing after the other is changed (`fchmod`).
  ///
  /// - Returns: Whether there was anything; where that fails, setting the permissions does so too.
  private func narrow(_ delta: MetadataDelta, _ place: MetadataPlace) -> Bool {
    let listsDiffer = delta.attributes.accessListsDiffer
    let takesSteps = listsDiffer || delta.inode.owner != nil || delta.inode.group != nil
    guard takesSteps, let interim = delta.inode.interimPermissions(listsDiffer: listsDiffer) else {
      return false
    }
    return (try? place.target.setPermissions(interim)) != nil
  }

  private func fail(_ operation: CopyError.Operation, _ place: MetadataPlace, _ errno: Errno) {
    let path = place.directory.targetPath(place.targetName)
    run.fail(.target(operation, path, errno), at: place.failedPlace)
  }

  private func tell(_ failure: AttributeCopier.Failure, _ place: MetadataPlace) {
    let operation: CopyError.Operation =
      switch failure.operation {
      case .list: .listAttributes
      case .read(let key): .readAttribute(key)
      case .set(let key): .setAttribute(key)
      case .remove(let key): .removeAttribute(key)
      }
    guard failure.isSource else { return fail(operation, place, failure.errno) }
    let path = place.directory.sourcePath(place.name)
    run.fail(.source(operation, path, failure.errno), at: place.failedPlace)
  }

  /// Sets owner and group (`fchownat`).
  ///
  /// - Returns: What was set, and whether all of it was.
  private func applyOwner(
    _ delta: MetadataDelta,
    _ place: MetadataPlace
  ) -> (change: EntryChange, isComplete: Bool) {
    guard delta.inode.owner != nil || delta.inode.group != nil else { return ([], true) }
    do {
      try place.target.setOwner(delta.inode.owner, group: delta.inode.group)
      return (delta.inode.change.intersection([.owner, .group]), true)
    } catch {
      guard error == .notPermitted else {
        fail(.setOwner, place, error)
        return ([], false)
      }
      return applyOwnerInParts(delta, place)
    }
  }

  /// Sets what an ordinary user may set, and says what could not be, in one line.
  private func applyOwnerInParts(
    _ delta: MetadataDelta,
    _ place: MetadataPlace
  ) -> (change: EntryChange, isComplete: Bool) {
    let current = try? place.target.metadata()
    let lacksOwner = delta.inode.owner != nil && current?.owner != delta.inode.owner
    var refusal: Errno?
    var change: EntryChange = []
    if let group = delta.inode.group, current?.group != group {
      do {
        try place.target.setOwner(nil, group: group)
        change = .group
      } catch {
        refusal = error
      }
    }
    switch (lacksOwner, refusal) {
    case (true, nil): fail(.setOwner, place, .notPermitted)
    case (true, let errno?): fail(.setOwnerAndGroup, place, errno)
    case (false, let errno?): fail(.setGroup, place, errno)
    case (false, nil): return (change, true)
    }
    return (change, false)
  }

  private func applyPermissions(
    _ delta: MetadataDelta,
    _ place: MetadataPlace,
    hasOwner: Bool,
    isForced: Bool
  ) -> Bool {
    guard var permissions = delta.inode.permissions else { return false }
    // Setuid and setgid would lend the rights of another owner than the one who was meant.
    if !hasOwner && delta.inode.isFile { permissions &= 0o1777 }
    let differ = permissions != delta.inode.presentPermissions
    guard differ || isForced else { return false }
    do {
      let lost = try place.target.setPermissionsReadingBack(permissions)
      guard lost != 0 else { return differ }
      fail(.keepSpecialPermissions(lost), place, .notPermitted)
      return permissions & ~lost != delta.inode.presentPermissions
    } catch {
      fail(.setPermissions, place, error)
      return false
    }
  }

  private func applyTimes(_ delta: MetadataDelta, _ place: MetadataPlace) -> EntryChange {
    let inode = delta.inode
    let time = inode.timesDiffer ? inode.modificationTime : nil
    guard time != nil || inode.accessTimeDiffers else { return [] }
    do {
      try place.target.setTimes(access: inode.accessTime, modification: time)
      return inode.change.intersection([.time, .accessTime])
    } catch {
      fail(.setTimes, place, error)
      return []
    }
  }
}
