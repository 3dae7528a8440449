// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The parts of the nasty tree that are about what surrounds contents: kinds of inodes, owners,
/// modes, times, extended attributes, ACLs and holes.
extension NastyTree {
  func makeSpecials(_ root: OpenDirectory) throws {
    let directory = try root.makeDirectory(Bytes(text: "specials"))
    try directory.makeNode(Bytes(text: "fifo"), S_IFIFO | 0o600)
    try directory.makeNode(Bytes(text: "socket"), S_IFSOCK | 0o755)
    guard isRoot else { return }
    try directory.makeNode(Bytes(text: "null"), S_IFCHR | 0o666, major: 1, minor: 3)
    try directory.makeNode(Bytes(text: "loop"), S_IFBLK | 0o660, major: 7, minor: 0)
    // XFS keeps 14 bits of the major number and 18 of the minor.
    try directory.makeNode(Bytes(text: "large"), S_IFBLK | 0o600, major: 300, minor: 200_000)
    try directory.makeNode(Bytes(text: "whiteout"), S_IFCHR, major: 0, minor: 0)
    for (number, name) in try directory.names().enumerated() {
      try directory.changeOwner(name, 30 + uid_t(number), 40)
      try directory.changeTimes(name, 1_400_000_000 + number, 5)
    }
  }

  func makeModes(_ root: OpenDirectory) throws {
    let directory = try root.makeDirectory(Bytes(text: "modes"))
    // A mode of 0 can be read by root alone.
    let modes: [mode_t] = [0o400, 0o444, 0o644, 0o755, 0o777, 0o4755, 0o2755, 0o6711, 0o1777]
    for mode in modes + (isRoot ? [0, 0o111] : []) {
      let text = String(mode, radix: 8)
      try contents.makeFile(Int(mode), directory, Bytes(text: "file-\(text)"), size: 100)
      try directory.changeMode(Bytes(text: "file-\(text)"), mode)
    }
    for mode: mode_t in [0o555, 0o500, 0o1777, 0o2755, 0o3770] + (isRoot ? [0, 0o111] : []) {
      let name = Bytes(text: "directory-\(String(mode, radix: 8))")
      let below = try directory.makeDirectory(name)
      try contents.makeFile(Int(mode), below, Bytes(text: "inside"), size: 200)
      _ = try below.makeDirectory(Bytes(text: "directory"))
      try directory.changeMode(name, mode)
    }
  }

  /// Times that ext4, XFS and btrfs can all keep: 1901 to 2446.
  func makeTimes(_ root: OpenDirectory) throws {
    let directory = try root.makeDirectory(Bytes(text: "times"))
    let times = [
      (0, 0), (-1, 999_999_999), (-1_500_000_000, 123_456_789), (1, 1), (1 << 31, 0),
      ((1 << 31) - 1, 999_999_999), (1 << 32, 1), (13_000_000_000, 987_654_321),
    ]
    for (number, (seconds, nanoseconds)) in times.enumerated() {
      let name = Bytes(text: "file-\(number)")
      try directory.makeFile(name, name)
      let modified = timespec(tv_sec: seconds, tv_nsec: nanoseconds)
      let access = timespec(tv_sec: 1_500_000_000 + number, tv_nsec: 999_999_990 + number)
      try directory.changeTimes(name, access: access, modified: modified)
      let link = Bytes(text: "link-\(number)")
      try directory.makeSymbolicLink(link, to: name)
      try directory.changeTimes(link, access: access, modified: modified)
    }
  }

  func makeOwners(_ root: OpenDirectory) throws {
    let directory = try root.makeDirectory(Bytes(text: "owners"))
    let owners: [(uid_t, gid_t)] = [(0, 0), (1, 2), (1234, 5678), (65_534, 65_534), (70_000, 0)]
    for (owner, group) in owners + [(4_294_967_293, 4_294_967_294)] {
      let name = Bytes(text: "file-\(owner)-\(group)")
      try contents.makeFile(Int(owner), directory, name, size: 50)
      try directory.changeOwner(name, owner, group)
      // After the owner, whose change takes setuid and setgid away.
      try directory.changeMode(name, 0o6755)
      let below = Bytes(text: "directory-\(owner)-\(group)")
      try directory.makeDirectory(below).makeFile(Bytes(text: "inside"), name)
      try directory.changeOwner(below, owner, group)
    }
  }

  mutating func makeAttributes(_ root: OpenDirectory) throws {
    let directory = try root.makeDirectory(Bytes(text: "attributes"))
    do {
      try makeUserAttributes(directory)
    } catch let failure as CallFailure where failure.code == EOPNOTSUPP {
      leaveOut("extended attributes: this filesystem has none")
      return
    }
    do {
      try makeAccessLists(directory)
    } catch let failure as CallFailure where failure.code == EOPNOTSUPP {
      leaveOut("ACLs: this filesystem has none")
    }
    guard isRoot else { return }
    try makePrivilegedAttributes(directory)
  }

  private func makeUserAttributes(_ directory: OpenDirectory) throws {
    for name in ["file", "directory", "binary", "many"].map({ Bytes(text: $0) }) {
      if name == Bytes(text: "directory") {
        _ = try directory.makeDirectory(name)
      } else {
        try contents.makeFile(name.count, directory, name, size: 1000)
      }
    }
    let at = directory.descriptor
    try setAttribute(at, Bytes(text: "file"), "user.plain", Bytes(text: "value"))
    try setAttribute(at, Bytes(text: "file"), "user.empty", [])
    try setAttribute(at, Bytes(text: "directory"), "user.of-directory", Bytes(text: "d"))
    try setAttribute(at, Bytes(text: "binary"), "user.binary", Bytes(0...255))
    let large = Bytes((0..<3000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
    try setAttribute(at, Bytes(text: "binary"), "user.large", large)
    try setAttribute(at, Bytes(text: "binary"), "user.näme with space\n", [0, 10, 0])
    for number in 0..<50 {
      try setAttribute(at, Bytes(text: "many"), "user.number.\(number)", [UInt8(number)])
    }
    // A file that nobody may write to, which has to get its attributes first.
    try directory.makeFile(Bytes(text: "read-only"), [1])
    try setAttribute(at, Bytes(text: "read-only"), "user.locked", Bytes(text: "in"))
    try directory.changeMode(Bytes(text: "read-only"), 0o444)
  }

  private func makeAccessLists(_ directory: OpenDirectory) throws {
    let file = Bytes(text: "access-list")
    try contents.makeFile(77, directory, file, size: 77)
    let access = AccessList(user: 6, others: [(1234, 5), (1235, 0)], group: 4, mask: 5, other: 0)
    try setAttribute(directory.descriptor, file, AccessList.access, access.bytes)
    let below = Bytes(text: "default-list")
    let inner = try directory.makeDirectory(below, 0o2775)
    let inherited = AccessList(user: 7, others: [(33, 7)], group: 5, mask: 7, other: 5)
    try setAttribute(directory.descriptor, below, AccessList.standard, inherited.bytes)
    try setAttribute(directory.descriptor, below, AccessList.access, inherited.bytes)
    // One that inherited the list, and one whose mode must not be what the list makes of it.
    try inner.makeFile(Bytes(text: "inherited"), [1])
    try inner.makeFile(Bytes(text: "changed"), [2])
    try inner.changeMode(Bytes(text: "changed"), 0o604)
    _ = try inner.makeDirectory(Bytes(text: "inherited-too"))
  }

  private func makePrivilegedAttributes(_ directory: OpenDirectory) throws {
    let at = directory.descriptor
    try setAttribute(at, Bytes(text: "file"), "trusted.t", Bytes(text: "only root"))
    try directory.makeSymbolicLink(Bytes(text: "symlink"), to: Bytes(text: "file"))
    try setAttribute(at, Bytes(text: "symlink"), "trusted.of-symlink", [1, 0, 2])
    try directory.makeNode(Bytes(text: "fifo"), S_IFIFO | 0o600)
    try setAttribute(at, Bytes(text: "fifo"), "trusted.of-fifo", [3])
    try directory.makeNode(Bytes(text: "device"), S_IFCHR | 0o600, major: 1, minor: 5)
    try setAttribute(at, Bytes(text: "device"), "trusted.of-device", [4])
    // struct vfs_cap_data, version 2 with the effective bit: cap_net_raw (13).
    let capability: Bytes = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    let program = Bytes(text: "capable")
    try contents.makeFile(5, directory, program, size: 3000)
    try directory.changeOwner(program, 12, 13)
    try directory.changeMode(program, 0o755)
    try setAttribute(at, program, "security.capability", capability)
  }

  mutating func makeSparseFiles(_ root: OpenDirectory) throws {
    let directory = try root.makeDirectory(Bytes(text: "sparse"))
    let mebibyte = 1 << 20
    let layouts: [(String, size: Int, data: [Range<Int>])] = [
      ("start", 3 * mebibyte, [2 * mebibyte..<3 * mebibyte]),
      ("middle", 5 * mebibyte, [0..<mebibyte, 4 * mebibyte..<5 * mebibyte]),
      ("end", 4 * mebibyte + 17, [0..<mebibyte + 5]),
      ("all", 9 * mebibyte, []), ("small-all", 10, []), ("odd", 2 * mebibyte + 1, [5..<6]),
      ("last-byte", 6 * mebibyte, [6 * mebibyte - 1..<6 * mebibyte]),
      ("many", 64 * mebibyte, (0..<64).map { $0 * mebibyte..<$0 * mebibyte + 4096 }),
    ]
    for layout in layouts { try makeSparse(directory, layout.0, layout.size, layout.data) }
    let huge = try root.makeDirectory(Bytes(text: "huge"))
    let end = 1 << 40
    let pieces = [0..<4096, end / 2 + 3..<end / 2 + 100_000, end - 5..<end]
    try makeSparse(huge, "terabyte", end, pieces)
    try makeSparse(directory, "unwritten", 4096, [0..<4096], allocated: 3 * mebibyte)
    try makeSparse(
      directory,
      "beyond-end",
      100,
      [0..<100],
      allocated: 2 * mebibyte,
      keepsSize: true
    )
  }

  private mutating func makeSparse(
    _ directory: OpenDirectory,
    _ name: String,
    _ size: Int,
    _ data: [Range<Int>],
    allocated: Int = 0,
    keepsSize: Bool = false
  ) throws {
    let flags = O_WRONLY | O_CREAT | O_EXCL
    let file = try directory.openFile(Bytes(text: name), flags, 0o644)
    defer { close(file) }
    try check(ftruncate(file, size), "ftruncate")
    for range in data {
      try contents.write(name.count, to: file, at: range.lowerBound, count: range.count)
    }
    // FALLOC_FL_KEEP_SIZE is 1.
    if allocated > 0 && Hidden.allocate(file, keepsSize ? 1 : 0, 0, allocated) < 0 {
      leaveOut("\(name): this filesystem does not preallocate")
    }
  }
}
