// SPDX-License-Identifier: Apache-2.0

/// A POSIX ACL in the form in which it is an extended attribute.
struct AccessList {
  /// The attribute of the list that is in force.
  static let access = "system.posix_acl_access"
  /// The attribute of the list that new entries of a directory inherit.
  static let standard = "system.posix_acl_default"

  /// Permissions of the owner.
  var user: UInt16
  /// Permissions of named users, in the order of their numbers.
  var others: [(UInt32, UInt16)]
  /// Permissions of the group.
  var group: UInt16
  /// The most that named users and the group get.
  var mask: UInt16
  /// Permissions of everybody else.
  var other: UInt16

  /// struct posix_acl_xattr_header and its entries, in little endian.
  var bytes: Bytes {
    let nobody = UInt32.max
    var all: Bytes = [2, 0, 0, 0]
    let named = others.map { (UInt16(0x02), $0.1, $0.0) }
    let entries =
      [(0x01, user, nobody)] + named
      + [(0x04, group, nobody), (0x10, mask, nobody), (0x20, other, nobody)]
    for (tag, permissions, identifier) in entries {
      all += [UInt8(tag & 255), UInt8(tag >> 8), UInt8(permissions & 255), 0]
      all += (0..<4).map { UInt8(truncatingIfNeeded: identifier >> ($0 * 8)) }
    }
    return all
  }
}
