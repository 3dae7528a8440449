// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import CopyEngine
@testable import FileTree
@testable import Kernel

/// What a test says of an entry; all else is equal.
struct Sketch: Sendable {
  var kind: OracleEntry.Kind
  var inode: UInt64
  var size: UInt64 = 10
  var seconds: Int64 = 1_000
  var nanoseconds: UInt32 = 5
  var permissions: UInt32 = 0o644
  var owner: UInt32 = 1
  var group: UInt32 = 2
  var links: UInt32 = 1
  var minor: UInt32 = 3

  /// An entry of the source.
  static func source(_ kind: OracleEntry.Kind) -> Sketch { Sketch(kind: kind, inode: 1) }

  /// An entry of the target, which differs by what the body changes.
  static func target(
    _ kind: OracleEntry.Kind,
    _ body: (inout Sketch) -> Void = { _ in }
  ) -> Sketch {
    var sketch = Sketch(kind: kind, inode: 2)
    body(&sketch)
    return sketch
  }

  /// The same with something changed.
  func with<Value>(_ aspect: WritableKeyPath<Sketch, Value>, _ value: Value) -> Sketch {
    var sketch = self
    sketch[keyPath: aspect] = value
    return sketch
  }

  private var typeBits: UInt32 {
    switch kind {
    case .file: S_IFREG
    case .directory: S_IFDIR
    case .symbolicLink: S_IFLNK
    case .fifo: S_IFIFO
    case .socket: S_IFSOCK
    case .characterDevice: S_IFCHR
    case .blockDevice: S_IFBLK
    }
  }

  /// The metadata; of the root directory there is always some to be changed.
  func metadata() throws -> EntryMetadata {
    var metadata = try EntryLocation(directory: AT_FDCWD, name: EntryName("/".utf8)).metadata()
    metadata.identity = InodeIdentity(device: 7, inode: inode)
    metadata.size = size
    metadata.mode = typeBits | (kind == .symbolicLink ? 0o777 : permissions)
    metadata.links = links
    metadata.owner = owner
    metadata.group = group
    metadata.deviceMajor = 1
    metadata.deviceMinor = minor
    metadata.modificationTime = Timestamp(seconds: seconds, nanoseconds: nanoseconds)
    metadata.accessTime = Timestamp(seconds: 77, nanoseconds: 7)
    return metadata
  }
}

extension MetadataPolicy {
  /// What a privileged process carries over.
  init(
    _ preservation: Preservation,
    isPrivileged: Bool = true,
    skipsPrivileged: Bool = false,
    creationMask: UInt32 = 0o022
  ) {
    self.init(
      preservation: preservation,
      isPrivileged: isPrivileged,
      skipsPrivileged: skipsPrivileged,
      creationMask: creationMask
    )
  }
}

extension AttributeDelta {
  /// Attributes that have to be set, and some to be removed.
  init(_ changed: [String], removed: [String] = [], listsDifferInModeOnly: Bool = false) {
    self.init()
    self.changed = changed.map { AttributeName(key: EntryName($0.utf8)) }
    self.removed = removed.map { AttributeName(key: EntryName($0.utf8)) }
    self.listsDifferInModeOnly = listsDifferInModeOnly
  }

  static let list = AttributeDelta(["system.posix_acl_access"])
  static let user = AttributeDelta(["user.a"])
}

extension OracleEntry.Kind {
  /// What it is to a decision, which takes all devices and all of FIFOs and sockets together.
  var entryKind: EntryKind {
    switch self {
    case .file: .file
    case .directory: .directory
    case .symbolicLink: .symbolicLink
    case .fifo, .socket: .special
    case .characterDevice, .blockDevice: .device
    }
  }
}
