// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// What the metadata of the source is taken for: other permissions (`--chmod`), other owners and
/// groups (`--usermap`, `--groupmap`), what it stands in for (`--fake-super`), and devices for what
/// is on them (`--copy-devices`).
struct WantedMetadata: Sendable {
  private let mapper: Mapper?
  /// What an entry has to be looked at for more closely.
  private enum Closer {
    /// What is stored in attributes counts.
    case stored
    /// What is on devices counts; the two do not go together.
    case devices
  }
  private let closer: Closer?

  /// Whether what is stored in attributes counts.
  var takesStored: Bool { closer == .stored }

  /// Takes everything for what it is.
  init() { (mapper, closer) = (nil, nil) }

  /// Prepares a run.
  init(_ options: CopyOptions, mask: UInt32) {
    let mapping = options.mapping
    let isTrivial = mapping.modeChanges.isEmpty && mapping.owners.isEmpty && mapping.groups.isEmpty
    mapper = isTrivial ? nil : Mapper(mapping, mask: mask)
    closer =
      options.metadata.isStored ? .stored : options.devices.copiesContents ? .devices : nil
  }

  /// What an entry of the source is to have.
  @inline(__always)
  func metadata(_ found: EntryMetadata) -> EntryMetadata {
    guard let mapper else { return found }
    return mapper.metadata(found)
  }

  /// The same of an entry that may stand in for another (`getxattr`), or be a device.
  ///
  /// - Throws: The error of the call, or `Errno.badMessage`.
  @inline(__always)
  func metadata(
    _ found: EntryMetadata,
    at location: @autoclosure () -> EntryLocation
  ) throws(Errno) -> EntryMetadata {
    switch closer {
    case nil: return metadata(found)
    case .stored: return metadata(try location().withStoredMetadata(found))
    case .devices: return metadata(location().withDeviceContents(found))
    }
  }
}

extension MetadataOptions {
  /// What an entry is taken for, on either side: what it stands in for, where that counts
  /// (`getxattr`).
  ///
  /// - Throws: The error of the call, or `Errno.badMessage`.
  func taken(_ found: EntryMetadata, at place: EntryLocation) throws(Errno) -> EntryMetadata {
    isStored ? try place.withStoredMetadata(found) : found
  }
}

/// What is asked for, and what is known of numbers by now.
private final class Mapper: Sendable {
  private let mapping: MetadataMapping
  private let mask: UInt32
  private let owners = Lock<[UInt32: UInt32]>([:])
  private let groups = Lock<[UInt32: UInt32]>([:])

  init(_ mapping: MetadataMapping, mask: UInt32) {
    self.mapping = mapping
    self.mask = mask
  }

  func metadata(_ found: EntryMetadata) -> EntryMetadata {
    var wanted = found
    if !mapping.modeChanges.isEmpty && found.kind != .symbolicLink {
      let isDirectory = found.kind == .directory
      wanted.mode =
        found.typeBits
        | mapping.modeChanges.applied(to: found.permissions, isDirectory: isDirectory, mask: mask)
    }
    if !mapping.owners.isEmpty { wanted.owner = map(found.owner, mapping.owners, owners, .users) }
    if !mapping.groups.isEmpty { wanted.group = map(found.group, mapping.groups, groups, .groups) }
    return wanted
  }

  private func map(
    _ number: UInt32,
    _ rules: [IdentityRule],
    _ known: borrowing Lock<[UInt32: UInt32]>,
    _ kind: AccountNames.Kind
  ) -> UInt32 {
    if let mapped = known.withLock({ $0[number] }) { return mapped }
    let mapped = rules.mapped(
      number,
      name: { mapping.isNumeric ? [] : AccountNames.name(of: number, kind) },
      matches: { AccountNames.matches($0, $1) }
    )
    known.withLock { $0[number] = mapped }
    return mapped
  }
}
