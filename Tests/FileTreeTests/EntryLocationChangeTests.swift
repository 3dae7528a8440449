// SPDX-License-Identifier: Apache-2.0

import FileTree
import Kernel
import Glibc
import SystemPackage
import Testing

/// How an entry is named to a call.
enum Naming: CaseIterable {
  case byName
  case byDescriptor
}

@Suite("Changing owner, mode and times")
struct EntryLocationChangeTests {
  /// A file or directory, named in a way, and what `lstat` says of it.
  private func withEntry(
    _ naming: Naming,
    isDirectory: Bool,
    _ body: (EntryLocation, _ status: () throws -> stat) throws -> Void
  ) throws {
    try withDirectory { directory in
      let entry =
        isDirectory ? try directory.makeDirectory("entry") : try directory.makeFile("entry", [1])
      let status = { try directory.status("entry") }
      guard naming == .byDescriptor else { return try body(entry, status) }
      let descriptor = try directory.open("entry")
      defer { close(descriptor) }
      try body(EntryLocation(open: descriptor), status)
    }
  }

  @Test(
    "times in nanoseconds; the access time can be left",
    arguments: Naming.allCases,
    [true, false]
  )
  func times(naming: Naming, isDirectory: Bool) throws {
    try withEntry(naming, isDirectory: isDirectory) { entry, status in
      let access = Timestamp(seconds: 123, nanoseconds: 999_999_999)
      for seconds in [Int64(-5), 0, 1_600_000_000, 2_147_483_648] {
        let modification = Timestamp(seconds: seconds, nanoseconds: 1)
        try entry.setTimes(access: access, modification: modification)
        #expect(Timestamp(try status().st_atim) == access)
        #expect(Timestamp(try status().st_mtim) == modification)
      }
      try entry.setTimes(access: nil, modification: Timestamp(seconds: 7, nanoseconds: 8))
      #expect(Timestamp(try status().st_atim) == access)
      #expect(Timestamp(try status().st_mtim) == Timestamp(seconds: 7, nanoseconds: 8))
    }
  }

  @Test("permissions with setuid, setgid and sticky", arguments: Naming.allCases, [true, false])
  func permissions(naming: Naming, isDirectory: Bool) throws {
    try withEntry(naming, isDirectory: isDirectory) { entry, status in
      let type: mode_t = isDirectory ? S_IFDIR : S_IFREG
      for permissions: UInt32 in [0, 0o644, 0o755, 0o1777, 0o4755, 0o600] {
        try entry.setPermissions(permissions)
        #expect(try status().st_mode == type | mode_t(permissions))
      }
    }
  }

  @Test(
    "permissions with setgid, which others lose where the group is not theirs",
    .enabled(if: isRoot, "only root keeps setgid in any group"),
    arguments: Naming.allCases,
    [true, false]
  )
  func setgid(naming: Naming, isDirectory: Bool) throws {
    try withEntry(naming, isDirectory: isDirectory) { entry, status in
      let type: mode_t = isDirectory ? S_IFDIR : S_IFREG
      for permissions: UInt32 in [0o2711, 0o7777, 0] {
        try entry.setPermissions(permissions)
        #expect(try status().st_mode == type | mode_t(permissions))
      }
    }
  }

  @Test(
    "owner and group, both or either",
    .enabled(if: isRoot, "only root can give files away"),
    arguments: Naming.allCases,
    [true, false]
  )
  func owner(naming: Naming, isDirectory: Bool) throws {
    try withEntry(naming, isDirectory: isDirectory) { entry, status in
      try entry.setOwner(1234, group: 4321)
      #expect(try status().st_uid == 1234 && status().st_gid == 4321)
      try entry.setOwner(nil, group: 5)
      #expect(try status().st_uid == 1234 && status().st_gid == 5)
      try entry.setOwner(6, group: nil)
      #expect(try status().st_uid == 6 && status().st_gid == 5)
      try entry.setOwner(4_000_000_000, group: 0)
      #expect(try status().st_uid == 4_000_000_000 && status().st_gid == 0)
    }
  }

  @Test("a symbolic link is changed itself, not what it points to")
  func links() throws {
    try withDirectory { directory in
      let file = try directory.makeFile("file")
      let link = try directory.makeLink("link", to: "file")
      let before = try file.metadata()
      let time = Timestamp(seconds: 42, nanoseconds: 43)
      try link.setTimes(access: time, modification: time)
      #expect(Timestamp(try directory.status("link").st_mtim) == time)
      // Linux has no permissions of links; whatever it answers, the file keeps its own.
      try? link.setPermissions(0o7777)
      #expect(try file.metadata() == before)
    }
  }

  @Test("the owner of a link is its own", .enabled(if: isRoot, "only root can give files away"))
  func ownerOfALink() throws {
    try withDirectory { directory in
      let file = try directory.makeFile("file")
      let link = try directory.makeLink("link", to: "file")
      let before = try file.metadata()
      try link.setOwner(1, group: 2)
      #expect(try directory.status("link").st_uid == 1)
      #expect(try file.metadata() == before)
    }
  }

  @Test("what is absent cannot be changed")
  func absent() throws {
    try withDirectory { directory in
      let absent = directory.location("absent")
      let time = Timestamp(seconds: 1, nanoseconds: 1)
      #expect(throws: Errno.noSuchFileOrDirectory) {
        try absent.setTimes(access: nil, modification: time)
      }
      #expect(throws: Errno.noSuchFileOrDirectory) { try absent.setPermissions(0) }
      #expect(throws: Errno.noSuchFileOrDirectory) { try absent.setOwner(0, group: 0) }
      #expect(throws: Errno.badFileDescriptor) { try EntryLocation(open: -1).setPermissions(0) }
    }
  }
}
