// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel

/// What of the metadata is carried over, and what a process without privileges leaves out.
struct MetadataPolicy: Sendable {
  let preservation: Preservation
  let isPrivileged: Bool
  let skipsPrivileged: Bool
  /// The umask: bits removed from new entries when permissions are not preserved.
  let creationMask: UInt32
  /// By which times of an entry that is there are told.
  var comparison = Comparison()

  init(_ run: RunContext) {
    self.init(
      preservation: run.preservation,
      isPrivileged: run.isPrivileged,
      skipsPrivileged: run.options.skipsPrivileged,
      creationMask: run.creationMask
    )
    comparison = run.options.rules.comparison
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

  /// The classes of attributes that count for a kind of entry.
  func attributeClasses(of kind: EntryKind) -> AttributeCopier.Classes {
    var classes: AttributeCopier.Classes = []
    if preservation.contains(.accessControlLists) && kind != .symbolicLink {
      classes.insert(.accessControlLists)
    }
    if preservation.contains(.extendedAttributes) {
      classes.formUnion([.user, .filesystem])
      if isPrivileged || !skipsPrivileged { classes.insert(.privileged) }
    }
    return classes
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
  private(set) var timesDiffer = false
  /// Whether they differ by so much that it is told: as rsync does, contents that were compared get
  /// their exact time without a word.
  private(set) var isTimeTold = false
  /// Whether the time is another one that is taken for right, and stays.
  private(set) var keepsNearTime = false
  /// Whether it is a regular file, which loses setuid, setgid and capabilities with its owner.
  let isFile: Bool
  /// Whether the entry was there before, so that attributes that are equal are not set again.
  let isRepair: Bool

  /// Compares.
  ///
  /// - Parameters:
  ///   - wanted: The metadata at the source.
  ///   - present: What the target has.
  ///   - policy: What is carried over.
  init(of wanted: EntryMetadata, at present: Present, _ policy: MetadataPolicy) {
    isFile = wanted.kind == .file
    isRepair = if case .entry = present { true } else { false }
    compareOwner(wanted, present, policy.preservation)
    comparePermissions(wanted, present, policy)
    guard policy.preservation.contains(.times) else { return }
    modificationTime = wanted.modificationTime
    accessTime = policy.preservation.contains(.accessTimes) ? wanted.accessTime : nil
    compareTimes(wanted, present, policy.comparison)
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
      keepsNearTime = !isExact && !timesDiffer
    case .new:
      (timesDiffer, isTimeTold) = (true, true)
    }
  }

  private mutating func compareOwner(
    _ wanted: EntryMetadata,
    _ present: Present,
    _ preservation: Preservation
  ) {
    let known: (owner: UInt32, group: UInt32)? =
      switch present {
      case .entry(let current): (current.owner, current.group)
      case .new(let created, _): created.map { ($0.owner, $0.group) }
      }
    if preservation.contains(.owner), known?.owner != wanted.owner { owner = wanted.owner }
    if preservation.contains(.group), known?.group != wanted.group { group = wanted.group }
  }

  private mutating func comparePermissions(
    _ wanted: EntryMetadata,
    _ present: Present,
    _ policy: MetadataPolicy
  ) {
    // The permissions of a symbolic link mean nothing and cannot be set.
    guard wanted.kind != .symbolicLink else { return }
    let isCarriedOver = policy.preservation.contains(.permissions)
    carriesPermissions = isCarriedOver
    switch present {
    case .entry(let current):
      permissions = isCarriedOver ? wanted.permissions : current.permissions
      presentPermissions = current.permissions
    case .new(let created, let replaced):
      let usual = wanted.permissions & 0o777 & ~policy.creationMask
      permissions = isCarriedOver ? wanted.permissions : replaced?.permissions ?? usual
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
    let special = isFile ? (keepsOwner ? old & new & 0o6000 : 0) : old & 0o6000
    let interim = special | (old | new) & 0o1000 | user << 6 | members << 3 | others
    return interim == old ? nil : interim
  }

  /// Whether the permissions have to be set.
  var permissionsDiffer: Bool { permissions != nil && permissions != presentPermissions }

  /// Whether nothing has to be done.
  var isEmpty: Bool { owner == nil && group == nil && !permissionsDiffer && !timesDiffer }

  /// The same as what rsync would itemize.
  var change: EntryChange {
    var change: EntryChange = []
    if owner != nil { change.insert(.owner) }
    if group != nil { change.insert(.group) }
    if permissionsDiffer { change.insert(.permissions) }
    if isTimeTold { change.insert(.time) }
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
