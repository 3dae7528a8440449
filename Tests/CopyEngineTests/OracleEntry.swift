// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kernel
import SimulatedKernel

/// A call that failed while a tree was made.
struct CallFailure: Error {
  let call: String
  let path: String
  let errno: Int32

  /// Throws if a call returned a negative number.
  static func check(_ result: Int, _ call: String, _ path: String) throws {
    if result < 0 { throw CallFailure(call: call, path: path, errno: Glibc.errno) }
  }
}

/// What a generated entry is: its kind, and one of a few values of each aspect.
struct OracleEntry {
  enum Kind: CaseIterable {
    case file, directory, symbolicLink, fifo, socket, characterDevice, blockDevice

    var isDevice: Bool { self == .characterDevice || self == .blockDevice }
  }

  var kind: Kind
  /// The contents of a file or link, or the number of a device.
  var contents: Int
  var time: Int
  var mode: Int
  var owner: Int
  var group: Int
  /// The ACL; 0 for none.
  var list: Int
  /// The ACL that a directory hands down; 0 for none.
  var handedDown: Int
  /// The extended attributes; 0 for none.
  var attributes: Int

  static func random(_ kind: Kind, _ random: inout SplitMix64) -> OracleEntry {
    OracleEntry(
      kind: kind,
      contents: .random(in: 0..<3, using: &random),
      time: .random(in: 0..<3, using: &random),
      mode: .random(in: 0..<4, using: &random),
      owner: .random(in: 0..<2, using: &random),
      group: .random(in: 0..<2, using: &random),
      list: random.happens(0.3) ? .random(in: 1..<6, using: &random) : 0,
      handedDown: random.happens(0.2) ? .random(in: 1..<6, using: &random) : 0,
      attributes: random.happens(0.3) ? .random(in: 1..<5, using: &random) : 0
    )
  }

  /// An entry that differs now and then in one aspect or several.
  func changed(_ random: inout SplitMix64) -> OracleEntry {
    var entry = self
    if random.happens(0.3) { return entry }
    let other = OracleEntry.random(kind, &random)
    if random.happens(0.25) { entry.contents = other.contents }
    if random.happens(0.25) { entry.time = other.time }
    if random.happens(0.2) { entry.mode = other.mode }
    if random.happens(0.15) { entry.owner = other.owner }
    if random.happens(0.15) { entry.group = other.group }
    if random.happens(0.2) { entry.list = .random(in: 0..<6, using: &random) }
    if random.happens(0.2) { entry.handedDown = .random(in: 0..<6, using: &random) }
    if random.happens(0.2) { entry.attributes = .random(in: 0..<5, using: &random) }
    return entry
  }

  /// Makes the entry without its metadata.
  func make(_ path: String) throws {
    switch kind {
    case .file:
      let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      try CallFailure.check(Int(file), "open", path)
      defer { close(file) }
      let text = ["some", "same", "something"][contents]
      try CallFailure.check(unsafe write(file, text, text.utf8.count), "write", path)
    case .directory:
      try CallFailure.check(Int(unsafe mkdir(path, 0o700)), "mkdir", path)
    case .symbolicLink:
      let text = ["some", "same", "some/thing"][contents]
      try CallFailure.check(Int(unsafe symlink(text, path)), "symlink", path)
    case .fifo: try makeNode(path, S_IFIFO)
    case .socket: try makeNode(path, S_IFSOCK)
    case .characterDevice: try makeNode(path, S_IFCHR, dev_t(0x103 + contents * 2))
    case .blockDevice: try makeNode(path, S_IFBLK, dev_t(0x703 + contents * 2))
    }
  }

  private func makeNode(_ path: String, _ type: mode_t, _ device: dev_t = 0) throws {
    try CallFailure.check(Int(unsafe mknod(path, type | 0o600, device)), "mknod", path)
  }

  /// Gives the entry its metadata; the times come last.
  func dress(_ path: String, isRoot: Bool) throws {
    if isRoot {
      let (owner, group) = ([0, 1234][owner], [0, 2345][group])
      let result = unsafe lchown(path, uid_t(owner), gid_t(group))
      try CallFailure.check(Int(result), "lchown", path)
    }
    if kind != .symbolicLink {
      let modes: [mode_t] =
        kind == .directory ? [0o755, 0o700, 0o2775, 0o1777] : [0o644, 0o600, 0o4755, 0o2770]
      try CallFailure.check(Int(unsafe chmod(path, modes[mode])), "chmod", path)
      try set("system.posix_acl_access", aclBytes(list), path)
      if kind == .directory { try set("system.posix_acl_default", aclBytes(handedDown), path) }
    }
    try setAttributes(path, isRoot: isRoot)
    let when = timespec(tv_sec: 1_500_000_000 + time * 3_600, tv_nsec: 0)
    let result = unsafe utimensat(AT_FDCWD, path, [when, when], AT_SYMLINK_NOFOLLOW)
    try CallFailure.check(Int(result), "utimensat", path)
  }

  private func setAttributes(_ path: String, isRoot: Bool) throws {
    guard kind == .file || kind == .directory else {
      // Other kinds can only have those of the system.
      if isRoot && attributes > 2 { try set("trusted.t", [UInt8(attributes)], path) }
      return
    }
    if attributes == 1 || attributes == 2 { try set("user.u", [UInt8(attributes)], path) }
    if attributes == 3 { try set("user.v", [], path, isSet: true) }
    if attributes == 4 { try set(isRoot ? "trusted.t" : "user.t", [1, 2], path) }
  }

  private func set(_ name: String, _ value: [UInt8], _ path: String, isSet: Bool = false) throws {
    guard isSet || !value.isEmpty else { return }
    let entry = EntryLocation(directory: AT_FDCWD, name: EntryName(path.utf8))
    try unsafe value.withUnsafeBytes { bytes in
      unsafe try entry.setAttribute(EntryName(name.utf8), to: bytes)
    }
  }

  /// An ACL (`struct posix_acl_xattr_header` and its entries, in little endian).
  ///
  /// Some differ only in what the mode says too, and one says no more than the mode.
  private func aclBytes(_ number: Int) -> [UInt8] {
    guard number > 0 else { return [] }
    let nobody = UInt32.max
    let (owner, named, group, mask, other): (UInt8, UInt8?, UInt8, UInt8?, UInt8) =
      switch number {
      case 1: (6, 5, 4, 5, 0)
      case 2: (7, 5, 4, 5, 4)
      case 3: (7, 5, 4, 7, 4)
      case 4: (6, 5, 5, 5, 0)
      default: (6, nil, 4, nil, 4)
      }
    // Its owner can go into every directory.
    let ownerBits = kind == .directory ? 7 : owner
    var entries: [(tag: UInt8, permissions: UInt8, identifier: UInt32)] = [(1, ownerBits, nobody)]
    if let named { entries.append((2, named, 1234)) }
    entries.append((4, group, nobody))
    if let mask { entries.append((0x10, mask, nobody)) }
    entries.append((0x20, other, nobody))
    return entries.reduce(into: [2, 0, 0, 0]) { bytes, entry in
      bytes += [entry.tag, 0, entry.permissions, 0]
      bytes += (0..<4).map { UInt8(truncatingIfNeeded: entry.identifier >> ($0 * 8)) }
    }
  }
}
