// SPDX-License-Identifier: Apache-2.0

package import Storage
internal import SystemPackage

// What a run may have to do with.
extension RecordedMachine {
  /// The number of a filesystem's device, and that of its mount, or 0.
  package typealias Filesystem = (major: UInt64, minor: UInt64, mount: UInt64)

  package static let onManaged: Filesystem = (8, 32, 0)
  package static let onNVMe: Filesystem = (259, 2, 0)
  package static let onLVM: Filesystem = (253, 1, 0)
  package static let onArray: Filesystem = (9, 0, 0)
  package static let onVirtual: Filesystem = (254, 0, 0)
  package static let overFour: Filesystem = (0, 35, 41)
  package static let inMemory: Filesystem = (0, 36, 42)

  /// A source or the target on a filesystem of the machine; no disk is read from.
  package static func location(
    _ role: StorageLocation.Role,
    _ filesystem: Filesystem,
    _ wanted: DiskProfile = .auto
  ) throws -> StorageLocation {
    var classifier = DiskClassifier(probe: nil)
    return StorageLocation(
      role,
      "/place",
      mount: mounts.mount(filesystem.mount),
      topology: try topology(filesystem.major, filesystem.minor, mount: filesystem.mount),
      wanted: wanted,
      classifier: &classifier
    )
  }

  /// What lies below a filesystem of the machine.
  package static func topology(
    _ major: UInt64,
    _ minor: UInt64,
    mount: UInt64 = 0
  ) throws -> StorageTopology {
    var found: StorageTopology?
    try with { found = try topology(major, minor, mount: mount, $0) }
    guard let found else { preconditionFailure("the machine was not lent") }
    return found
  }
}
