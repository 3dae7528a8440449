// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel

/// What of the metadata is carried over, and what a process without privileges leaves out.
///
/// It is copied for every entry, and has nothing that is counted by reference.
struct MetadataPolicy: Sendable {
  private(set) var preservation: Preservation
  let isPrivileged: Bool
  let skipsPrivileged: Bool
  /// The umask: bits removed from new entries when permissions are not preserved.
  let creationMask: UInt32
  /// By which times of an entry that is there are told.
  var comparison = Comparison()
  /// How it is carried over.
  var options = MetadataOptions()
  /// Whether only groups are given that the process is in.
  var givesOwnGroupsOnly = false

  init(_ run: RunContext) {
    let metadata = run.options.metadata
    let isSuperUser = metadata.isSuperUser(isPrivileged: run.isPrivileged)
    self.init(
      preservation: run.preservation,
      isPrivileged: isSuperUser,
      skipsPrivileged: run.options.skipsPrivileged,
      creationMask: run.creationMask
    )
    comparison = run.options.rules.comparison
    options = metadata
    givesOwnGroupsOnly = !isSuperUser && skipsPrivileged
  }

  init(
    preservation: Preservation,
    isPrivileged: Bool,
    skipsPrivileged: Bool,
    creationMask: UInt32
  ) {
    self.preservation = preservation
    self.isPrivileged = isPrivileged
    self.skipsPrivileged = skipsPrivileged
    self.creationMask = creationMask
  }

  /// The same, with less carried over.
  func without(_ left: Preservation) -> MetadataPolicy {
    var policy = self
    policy.preservation.subtract(left)
    return policy
  }

  /// The classes of attributes that count for a kind of entry.
  func attributeClasses(of kind: EntryKind) -> AttributeCopier.Classes {
    var classes: AttributeCopier.Classes = []
    if preservation.contains(.accessControlLists) && kind != .symbolicLink {
      classes.insert(.accessControlLists)
    }
    if preservation.contains(.extendedAttributes) {
      classes.formUnion(options.isStored ? .user : [.user, .filesystem])
      if options.keepsStoredMetadata { classes.insert(.stored) }
      if isPrivileged || !skipsPrivileged { classes.insert(.privileged) }
    }
    if options.isStored && !classes.isEmpty { classes.insert(.disguised) }
    return classes
  }
}

extension MetadataPolicy {
  /// Whether the modification time of a kind of entry is carried over.
  func carriesTime(of kind: EntryKind) -> Bool {
    guard preservation.contains(.times) else { return false }
    return switch kind {
    case .directory: !options.omitsDirectoryTimes
    case .symbolicLink: !options.omitsLinkTimes
    case .file, .device, .special: true
    }
  }

  /// Whether the access time of a kind of entry is carried over, by itself or with the other.
  func carriesAccessTime(of kind: EntryKind) -> Bool {
    guard preservation.contains(.accessTimes) else { return false }
    guard options.comparesAccessTimes else { return carriesTime(of: kind) }
    return kind != .directory && !(kind == .symbolicLink && options.omitsLinkTimes)
  }

  /// What an entry keeps of its permissions where they are not carried over.
  func keptPermissions(_ present: UInt32, like wanted: EntryMetadata) -> UInt32 {
    guard options.keepsExecutability, wanted.kind == .file else { return present }
    if wanted.permissions & 0o111 == 0 { return present & ~0o111 }
    return present & 0o111 == 0 ? present | (present & 0o444) >> 2 : present
  }
}

extension Preservation {
  /// Whether anything is carried over that says who may look into a directory.
  var carriesAccess: Bool { !isDisjoint(with: [.permissions, .owner, .group]) }

  /// The permissions that a directory is made with: none for others until it is done, or where
  /// nothing more is done to it, those that it is to keep.
  func newDirectoryPermissions(like wanted: EntryMetadata, _ creationMask: UInt32) -> UInt32 {
    0o700 | (carriesAccess ? 0 : wanted.permissions & 0o777 & ~creationMask)
  }
}

/// What differs of what an inode itself says, beside its attributes, between what an entry should
/// have and what it has.
struct InodeDelta: Equatable {
  /// What the target has now.
  enum Present {
    /// An entry with this metadata.
    case entry(EntryMetadata)
    /// An entry that this run made, as far as it is known what it got, and what of its kind it
    /// replaces, whose permissions it keeps where they are not carried over.
    case new(CreatedMetadata?, replacing: EntryMetadata?)
  }

  /// The owner and the group to be set; `nil` where they are right, or not carried over.
  private(set) var owner: UInt32?
  private(set) var group: UInt32?
  /// The permissions; `nil` where they mean nothing.
  private(set) var permissions: UInt32?
  private var carriesPermissions = false
  /// The permissions that it has; `nil` where that is not known.
  private(set) var presentPermissions: UInt32?
  /// The times; `nil` where they are not carried over.
  private(set) var modificationTime: Timestamp?
  private(set) var accessTime: Timestamp?
  /// Whether the access time is to be set whatever becomes of the other, and whether that is told.
  private(set) var accessTimeDiffers = false
  private(set) var isAccessTimeTold = false
  private(set) var timesDiffer = false
  /// Whether they differ by so much that it is told: as rsync does, contents that were compared get
  /// their exact time without a word.
  private(set) var isTimeTold = false
  /// Whether it is a regular file, which loses setuid, setgid and capabilities with its owner.
  let isFile: Bool
  /// What is stored of the entry, where that is asked for.
  private(set) var stored: StoredWish?
  /// Whether the entry was there before, so that attributes that are equal are not set again.
  let isRepair: Bool

  /// Compares.
  ///
  /// - Parameters:
  ///   - wanted: The metadata at the source.
  ///   - present: What the target has.
  ///   - policy: What is carried over.
  ///   - allowed: The permissions that a new entry may have where they are not carried over; what
  ///     the umask leaves if `nil`.
  init(
    of wanted: EntryMetadata,
    at present: Present,
    _ policy: MetadataPolicy,
    allowed: UInt32? = nil
  ) {
    isFile = wanted.kind == .file
    isRepair = if case .entry = present { true } else { false }
    compareOwner(wanted, present, policy)
    comparePermissions(wanted, present, policy, allowed ?? 0o777 & ~policy.creationMask)
    if policy.options.isStored { stored = StoredWish(wanted, present, policy, permissions) }
    if policy.carriesAccessTime(of: wanted.kind) {
      accessTime = wanted.accessTime
      if policy.options.comparesAccessTimes { compareAccessTime(wanted, present, policy) }
    }
    guard policy.carriesTime(of: wanted.kind) else { return }
    modificationTime = wanted.modificationTime
    compareTimes(wanted, present, policy.comparison)
  }

  private mutating func compareAccessTime(
    _ wanted: EntryMetadata,
    _ present: Present,
    _ policy: MetadataPolicy
  ) {
    switch present {
    case .entry(let current):
      let areEqual = policy.comparison.window.areEqual(current.accessTime, wanted.accessTime)
      accessTimeDiffers = !areEqual
      isAccessTimeTold = !areEqual && wanted.kind != .symbolicLink
    case .new: accessTimeDiffers = true
    }
  }

  private mutating func compareTimes(
    _ wanted: EntryMetadata,
    _ present: Present,
    _ comparison: Comparison
  ) {
    switch present {
    case .entry(let current):
      let isExact = current.modificationTime == wanted.modificationTime
      isTimeTold =
        !isExact
        && !comparison.window.areEqual(current.modificationTime, wanted.modificationTime)
      timesDiffer = isTimeTold || !isExact && isFile && comparison.comparesContents
    case .new:
      (timesDiffer, isTimeTold) = (true, true)
    }
  }

  private mutating func compareOwner(
    _ wanted: EntryMetadata,
    _ present: Present,
    _ policy: MetadataPolicy
  ) {
    let preservation = policy.preservation
    let known: (owner: UInt32, group: UInt32)? =
      switch present {
      case .entry(let current): (current.owner, current.group)
      case .new(let created, _): created.map { ($0.owner, $0.group) }
      }
    if preservation.contains(.owner), known?.owner != wanted.owner { owner = wanted.owner }
    if preservation.contains(.group), known?.group != wanted.group,
      !policy.givesOwnGroupsOnly || ProcessFacts.groups.contains(wanted.group)
    {
      group = wanted.group
    }
  }

  private mutating func comparePermissions(
    _ wanted: EntryMetadata,
    _ present: Present,
    _ policy: MetadataPolicy,
    _ allowed: UInt32
  ) {
    // The permissions of a symbolic link mean nothing and cannot be set.
    guard wanted.kind != .symbolicLink else { return }
    let isCarriedOver = policy.preservation.contains(.permissions)
    carriesPermissions = isCarriedOver
    switch present {
    case .entry(let current):
      permissions =
        isCarriedOver
        ? wanted.permissions : policy.keptPermissions(current.permissions, like: wanted)
      presentPermissions = current.permissions
    case .new(let created, let replaced):
      let usual = wanted.permissions & 0o777 & allowed | (created?.inheritedBits ?? 0)
      let kept = replaced.map { policy.keptPermissions($0.permissions, like: wanted) }
      permissions = isCarriedOver ? wanted.permissions : kept ?? usual
      presentPermissions = created?.permissions
    }
  }

  /// Leaves the permissions to whoever needs the directory to be writable for longer.
  mutating func leavePermissions() { permissions = nil }

  /// The permissions while owner, group and ACL are changed, or a directory is filled.
  ///
  /// They allow nobody more than both what there was and what is wanted, whichever class he belongs
  /// to before and after. The owner may set them as he likes, and keeps them.
  ///
  /// - Parameter listsDiffer: Whether the access ACLs differ, so that the mask, which is where the
  ///   permissions of the group are, has to keep out whom they name.
  /// - Returns: `nil` where that is what it has, or where permissions are not carried over.
  func interimPermissions(listsDiffer: Bool) -> UInt32? {
    guard isRepair, carriesPermissions, let new = permissions, let old = presentPermissions else {
      return nil
    }
    // Who was the owner, or in the group, may be anybody else afterwards, and the other way round.
    var former: UInt32 = 0o7
    if owner != nil { former &= old >> 6 }
    if group != nil { former &= old >> 3 }
    let others = old & new & former
    let members = listsDiffer ? 0 : old >> 3 & new >> 3 & former & (group == nil ? 0o7 : old)
    let user = old >> 6 & 0o7 & (owner == nil ? 0o7 : new >> 6)
    let keepsOwner = owner == nil && group == nil
    // New entries of a directory get their group as they will when all is done.
    let special = isFile ? (keepsOwner ? old & new & 0o6000 : 0) : old & 0o4000 | new & 0o2000
    let interim = special | (old | new) & 0o1000 | user << 6 | members << 3 | others
    return interim == old ? nil : interim
  }

  /// Whether the permissions have to be set.
  var permissionsDiffer: Bool { permissions != nil && permissions != presentPermissions }

  /// Whether nothing has to be done.
  var isEmpty: Bool {
    owner == nil && group == nil && !permissionsDiffer && !timesDiffer && !accessTimeDiffers
  }

  /// The same as what rsync would itemize.
  var change: EntryChange {
    var change: EntryChange = []
    if owner != nil { change.insert(.owner) }
    if group != nil { change.insert(.group) }
    if permissionsDiffer { change.insert(.permissions) }
    if isTimeTold { change.insert(.time) }
    if isAccessTimeTold { change.insert(.accessTime) }
    return change
  }
}

/// What differs between the metadata that an entry should have and what it has.
///
/// A pure value: `MetadataWriter` carries it out, a dry run only tells.
struct MetadataDelta: Equatable {
  var inode: InodeDelta
  var attributes: AttributeDelta

  /// Whether nothing has to be done.
  var isEmpty: Bool { inode.isEmpty && attributes.isEmpty }

  /// The same as what rsync would itemize.
  var change: EntryChange { inode.change(with: attributes.summary) }
}

extension InodeDelta {
  /// What rsync would itemize of this and of differing attributes.
  func change(with attributes: AttributeDelta.Summary) -> EntryChange {
    var change = change
    // The mode is a part of the ACL: rsync does not tell twice that it differs.
    let isOnlyMode = permissionsDiffer && attributes.listsDifferInModeOnly
    if attributes.classes.contains(.accessControlLists) && !isOnlyMode {
      change.insert(.accessControlLists)
    }
    if !attributes.classes.isDisjoint(with: [.user, .privileged, .filesystem]) {
      change.insert(.extendedAttributes)
    }
    return change
  }
}
