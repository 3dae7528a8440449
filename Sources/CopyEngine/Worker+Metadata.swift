// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import SystemPackage
internal import Uring

/// One entry whose metadata is to become that of another.
struct MetadataChange {
  /// The directory and names, for messages.
  let directory: CopyDirectory
  let name: EntryName
  let targetName: EntryName
  /// Where attributes are read from; `nil` where they cannot be.
  let source: EntryLocation?
  let target: EntryLocation
  let wanted: EntryMetadata
  /// What the target has now, or what a file that it replaces had; `nil` for an entry just made.
  let current: EntryMetadata?
  /// Whether this run made it, so that everything has to be set.
  let isNew: Bool
  /// What is known of an inode that was just made, and need not be set.
  var created: CreatedMetadata?
  /// What is known of a directory that is open to its owner for the time being; `current` then has
  /// its own permissions.
  var widened: WidenedDirectories.Release?
}

// Metadata. The order matters: a change of owner clears setuid, setgid and capabilities, and an ACL
// changes the permission bits; times come last since everything before may touch them.
extension Worker where Queue: ~Copyable {
  /// Makes the metadata of the target what is wanted, where it differs; failures are reported.
  ///
  /// - Returns: Whether anything differed.
  mutating func apply(_ change: MetadataChange) -> Bool {
    let failuresBefore = report.failures
    let ownerChanged = applyOwner(change)
    let hasOwner = report.failures == failuresBefore
    let attributesChanged = applyAttributes(change)
    let permissionsChanged = applyPermissions(
      change,
      hasOwner: hasOwner,
      isForced: ownerChanged || attributesChanged
    )
    let timesChanged = applyTimes(
      change,
      isForced: ownerChanged || attributesChanged || permissionsChanged
    )
    return ownerChanged || attributesChanged || permissionsChanged || timesChanged
  }

  private mutating func report(_ operation: String, _ change: MetadataChange, _ errno: Errno) {
    fail(.target(operation, change.directory.targetPath(change.targetName), errno))
  }

  private mutating func applyOwner(_ change: MetadataChange) -> Bool {
    let owner = run.preservation.contains(.owner) ? change.wanted.owner : nil
    let group = run.preservation.contains(.group) ? change.wanted.group : nil
    let known =
      change.isNew
      ? change.created.map { ($0.owner, $0.group) }
      : change.current.map { ($0.owner, $0.group) }
    let newOwner = known?.0 == owner ? nil : owner
    let newGroup = known?.1 == group ? nil : group
    guard newOwner != nil || newGroup != nil else { return false }
    guard !run.options.isDryRun else { return true }
    do {
      try change.target.setOwner(newOwner, group: newGroup)
      return true
    } catch {
      guard error == .notPermitted else {
        report("cannot set owner", change, error)
        return false
      }
      return applyOwnerInParts(change, owner: newOwner, group: newGroup)
    }
  }

  /// Sets what an ordinary user may set, and says what could not be, in one line.
  private mutating func applyOwnerInParts(
    _ change: MetadataChange,
    owner: UInt32?,
    group: UInt32?
  ) -> Bool {
    let current = try? change.target.metadata()
    let lacksOwner = owner != nil && current?.owner != owner
    var refusal: Errno?
    var isChanged = false
    if let group, current?.group != group {
      do {
        try change.target.setOwner(nil, group: group)
        isChanged = true
      } catch {
        // rsync's options ask an ordinary user for the groups that he has, and no more.
        if !run.options.skipsPrivileged || run.isPrivileged { refusal = error }
      }
    }
    switch (lacksOwner, refusal) {
    case (true, nil): report("cannot set owner", change, .notPermitted)
    case (true, let errno?): report("cannot set owner and group", change, errno)
    case (false, let errno?): report("cannot set group", change, errno)
    case (false, nil): break
    }
    return isChanged
  }

  private mutating func applyAttributes(_ change: MetadataChange) -> Bool {
    var classes: AttributeCopier.Classes = []
    if run.preservation.contains(.accessControlLists) && change.wanted.kind != .symbolicLink {
      classes.insert(.accessControlLists)
    }
    if run.preservation.contains(.extendedAttributes) {
      classes.insert(.user)
      if run.isPrivileged || !run.options.skipsPrivileged { classes.insert(.privileged) }
    }
    guard !classes.isEmpty, let source = change.source else { return false }
    let (changed, failures) = attributes.synchronize(
      from: source,
      to: change.target,
      classes: classes,
      targetIsBare: change.created?.hasAttributes == false,
      dryRun: run.options.isDryRun
    )
    for failure in failures {
      if failure.isSource {
        fail(.source(failure.operation, change.directory.sourcePath(change.name), failure.errno))
      } else {
        report(failure.operation, change, failure.errno)
      }
    }
    return changed
  }

  private mutating func applyPermissions(
    _ change: MetadataChange,
    hasOwner: Bool,
    isForced: Bool
  ) -> Bool {
    // The permissions of a symbolic link mean nothing and cannot be set.
    guard change.wanted.kind != .symbolicLink else { return false }
    // Who needs the directory for longer sets them.
    guard change.widened?.isLast != false else { return false }
    var wanted: UInt32
    if run.preservation.contains(.permissions) {
      wanted = change.wanted.permissions
    } else if let current = change.current, !(change.isNew && current.kind == .directory) {
      wanted = current.permissions
    } else {
      wanted = change.wanted.permissions & 0o777 & ~run.creationMask
    }
    // Setuid and setgid would lend the rights of another owner than the one who was meant.
    if !hasOwner && change.wanted.kind == .file { wanted &= 0o1777 }
    let differs = change.isNew || change.current?.permissions != wanted
    let isForced = isForced || change.widened != nil
    guard differs || isForced && !run.options.isDryRun else { return false }
    guard !run.options.isDryRun else { return true }
    if !isForced, let created = change.created, created.permissions == wanted { return false }
    do {
      try change.target.setPermissions(wanted)
      return differs
    } catch {
      report("cannot set permissions", change, error)
      return false
    }
  }

  private mutating func applyTimes(_ change: MetadataChange, isForced: Bool) -> Bool {
    guard run.preservation.contains(.times) else { return false }
    let wanted = change.wanted.modificationTime
    let differs = change.isNew || change.current?.modificationTime != wanted
    guard differs || isForced else { return false }
    guard !run.options.isDryRun else { return differs }
    do {
      try change.target.setTimes(
        access: run.preservation.contains(.accessTimes) ? change.wanted.accessTime : nil,
        modification: wanted
      )
      return differs
    } catch {
      report("cannot set times", change, error)
      return false
    }
  }
}
