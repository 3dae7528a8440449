// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kernel
import TestSupport

@testable import FileTree

extension AttributeCopier {
  /// Makes the attributes of `target` equal to those of `source`, or in a dry run only compares
  /// them.
  ///
  /// - Returns: Whether anything was changed, or would be, and what failed.
  mutating func synchronize(
    from source: EntryLocation,
    to target: EntryLocation,
    classes: Classes,
    dryRun: Bool = false
  ) -> (changed: Bool, failures: [Failure]) {
    do throws(Failure) {
      let delta = try difference(from: source, to: target, classes: classes)
      guard !dryRun else { return (!delta.isEmpty, []) }
      let failures = apply(delta, from: source, to: target)
      return (failures.count < delta.changed.count + delta.removed.count, failures)
    } catch {
      return (false, [error])
    }
  }
}

extension TestDirectory {
  private func place(_ name: String) -> [CChar] {
    (Bytes(text: path) + [0x2f] + Bytes(text: name)).c
  }

  /// Sets an attribute of an entry (`lsetxattr`).
  func setAttribute(_ name: String, _ key: Bytes, _ value: Bytes) throws {
    try check(unsafe Hidden.setAttribute(place(name), key.c, value, value.count, 0), "lsetxattr")
  }

  /// Sets an attribute of an entry (`lsetxattr`).
  func setAttribute(_ name: String, _ key: String, _ value: Bytes) throws {
    try setAttribute(name, Bytes(text: key), value)
  }

  /// All attributes of an entry (`llistxattr`, `lgetxattr`), but for a label, which some machines
  /// put on every file.
  func attributes(_ name: String) throws -> [Bytes: Bytes] {
    var list = Bytes(repeating: 0, count: 64 << 10)
    let length = unsafe Hidden.listAttributes(place(name), &list, list.count)
    if length < 0 && errno == EOPNOTSUPP { return [:] }
    try check(length, "llistxattr")
    var all: [Bytes: Bytes] = [:]
    for key in list[..<length].split(separator: 0)
    where !key.elementsEqual("security.selinux".utf8) {
      var value = Bytes(repeating: 0, count: 64 << 10)
      let size = unsafe Hidden.getAttribute(place(name), Bytes(key).c, &value, value.count)
      try check(size, "lgetxattr")
      all[Bytes(key)] = Bytes(value[..<size])
    }
    return all
  }
}

/// Whether an attribute can be set on a file where the tests have theirs.
func canSetAttribute(_ key: String, _ value: Bytes = [1]) -> Bool {
  let result: Void? = try? withDirectory { directory in
    try directory.makeFile("probe")
    try directory.setAttribute("probe", key, value)
  }
  return result != nil
}

/// A POSIX ACL in the form in which it is an attribute (`struct posix_acl_xattr_header` and its
/// entries, in little endian).
func accessList(user: UInt16, named: [(UInt32, UInt16)], group: UInt16, other: UInt16) -> Bytes {
  let nobody = UInt32.max
  let entries: [(UInt8, UInt16, UInt32)] =
    [(0x01, user, nobody)] + named.map { (0x02, $0.1, $0.0) }
    + [(0x04, group, nobody), (0x10, 7, nobody), (0x20, other, nobody)]
  var bytes: Bytes = [2, 0, 0, 0]
  for (tag, permissions, identifier) in entries {
    bytes += [tag, 0, UInt8(permissions), 0]
    bytes += (0..<4).map { UInt8(truncatingIfNeeded: identifier >> ($0 * 8)) }
  }
  return bytes
}
