// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// What is to be stored of an entry that stands in for another (`--fake-super`).
struct StoredWish: Equatable {
  private let mode: UInt32
  private let deviceMajor: UInt32
  private let deviceMinor: UInt32
  /// Owner and group; `nil` for those that a new entry has.
  private let owner: UInt32?
  private let group: UInt32?

  /// Takes what is carried over from the source, and leaves the rest as it is.
  ///
  /// - Parameters:
  ///   - wanted: The metadata at the source.
  ///   - present: What the target has.
  ///   - policy: What is carried over.
  ///   - permissions: Those that the target gets; `nil` for a symbolic link.
  init(
    _ wanted: EntryMetadata,
    _ present: InodeDelta.Present,
    _ policy: MetadataPolicy,
    _ permissions: UInt32?
  ) {
    let current: EntryMetadata? = if case .entry(let found) = present { found } else { nil }
    let preservation = policy.preservation
    owner = preservation.contains(.owner) ? wanted.owner : current?.owner
    group = preservation.contains(.group) ? wanted.group : current?.group
    let ofLink =
      preservation.contains(.permissions)
      ? wanted.permissions : current?.permissions ?? 0o777 & ~policy.creationMask
    mode = wanted.typeBits | (permissions ?? ofLink)
    deviceMajor = wanted.deviceMajor
    deviceMinor = wanted.deviceMinor
  }

  /// What is stored of an entry.
  ///
  /// - Parameter found: What stands in for it.
  /// - Returns: What is to be stored, if that does not say as much by itself.
  func metadata(of found: EntryMetadata) -> StoredMetadata {
    StoredMetadata(
      mode: mode,
      owner: owner ?? found.owner,
      group: group ?? found.group,
      deviceMajor: deviceMajor,
      deviceMinor: deviceMinor
    )
  }
}

/// Why something cannot stand in for something else.
struct StoringFailure: Error {
  let operation: CopyError.Operation
  let errno: Errno
}

extension EntryLocation {
  /// Makes an entry stand in for another: it gets those permissions that it may have, and the
  /// attribute where that does not say all (`statx`, `getxattr`, `chmod`, `setxattr`,
  /// `removexattr`).
  ///
  /// - Throws: What failed, and why.
  func store(_ wish: StoredWish) throws(StoringFailure) {
    var operation = CopyError.Operation.stat
    do throws(Errno) {
      var found = try metadata()
      let isNode = found.kind == .device || found.kind == .special
      operation = .readAttribute(StoredMetadata.key)
      let present = isNode ? nil : try storedMetadata()
      let wanted = wish.metadata(of: found)
      let visible = wanted.visiblePermissions(isDirectory: found.kind == .directory)
      if found.permissions != visible {
        operation = .setPermissions
        try setPermissions(visible)
        found.mode = found.typeBits | visible
      }
      if wanted == StoredMetadata(of: found) {
        guard present != nil else { return }
        operation = .removeAttribute(StoredMetadata.key)
        try removeAttribute(StoredMetadata.key)
      } else if wanted != present {
        operation = .setAttribute(StoredMetadata.key)
        unsafe try wanted.text.span.withUnsafeBytes { (bytes) throws(Errno) in
          unsafe try setAttribute(StoredMetadata.key, to: bytes)
        }
      }
    } catch {
      throw StoringFailure(operation: operation, errno: error)
    }
  }
}
