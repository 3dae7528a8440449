// SPDX-License-Identifier: Apache-2.0

import FileTree
import Kernel
import Glibc
import SystemPackage
import Testing
import TestSupport

@Suite("Making, renaming and removing entries")
struct EntryLocationMakeTests {
  @Test("directories")
  func directories() throws {
    try withDirectory { directory in
      let made = directory.location("made")
      try made.makeDirectory(mode: 0o700)
      #expect(try directory.status("made").st_mode == S_IFDIR | 0o700)
      #expect(throws: Errno.fileExists) { try made.makeDirectory(mode: 0o700) }
      try directory.makeFile("made/file")
      #expect(throws: Errno.directoryNotEmpty) { try made.removeDirectory() }
      // POSIX has EPERM for this, Linux EISDIR.
      #expect(throws: Errno.isDirectory) { try made.remove() }
      try directory.location("made/file").remove()
      try made.removeDirectory()
      #expect(throws: Errno.noSuchFileOrDirectory) { try made.removeDirectory() }
      #expect(try directory.names() == [])
    }
  }

  @Test("symbolic links keep the bytes that they contain")
  func symbolicLinks() throws {
    let contents: [Bytes] = [
      Bytes(text: "a"), Bytes(text: "/absolute/../path"), [0xff, 0x0a, 0x2f, 0xfe],
      Bytes(repeating: 0x78, count: 1000),
    ]
    try withDirectory { directory in
      for (number, bytes) in contents.enumerated() {
        let link = directory.location("link \(number)")
        try link.makeSymbolicLink(to: EntryName(bytes))
        #expect(Bytes(try link.symbolicLinkContents().bytes) == bytes)
        var buffer = [CChar](repeating: 0, count: 8192)
        let count = unsafe readlinkat(directory.descriptor, "link \(number)", &buffer, buffer.count)
        try #require(count >= 0)
        #expect(buffer[..<count].map { UInt8(bitPattern: $0) } == bytes)
        #expect(throws: Errno.fileExists) { try link.makeSymbolicLink(to: EntryName(bytes)) }
      }
      try directory.makeFile("file")
      #expect(throws: Errno.invalidArgument) {
        try directory.location("file").symbolicLinkContents()
      }
      #expect(throws: Errno.noSuchFileOrDirectory) {
        try directory.location("absent").symbolicLinkContents()
      }
    }
  }

  @Test("FIFOs and sockets like others", arguments: [S_IFIFO, S_IFSOCK])
  func specials(type: mode_t) throws {
    try withDirectory { directory in
      try check(unsafe mknodat(directory.descriptor, "model", type | 0o640, 0), "mknodat")
      let model = try directory.location("model").metadata()
      try directory.location("made").makeNode(like: model)
      #expect(try directory.status("made").st_mode & S_IFMT == type)
      #expect(try directory.location("made").metadata().isSameNode(as: model))
      #expect(throws: Errno.fileExists) { try directory.location("made").makeNode(like: model) }
    }
  }

  @Test(
    "devices like others",
    .enabled(if: isRoot, "only root can make devices"),
    arguments: [S_IFCHR, S_IFBLK]
  )
  func devices(type: mode_t) throws {
    try withDirectory { directory in
      // Numbers that need more than eight bits: glibc's makedev by hand.
      let (major, minor) = (dev_t(300), dev_t(70_000))
      let number = (major & 0xfff) << 8 | minor & 0xff | (minor & ~0xff) << 12
      try check(unsafe mknodat(directory.descriptor, "model", type | 0o640, number), "mknodat")
      let model = try directory.location("model").metadata()
      try directory.location("made").makeNode(like: model)
      let status = try directory.status("made")
      #expect(status.st_mode & S_IFMT == type)
      #expect(status.st_rdev == number)
      #expect(try directory.location("made").metadata().isSameNode(as: model))
    }
  }

  @Test("hard links, also to a symbolic link itself")
  func hardLinks() throws {
    try withDirectory { directory in
      let file = try directory.makeFile("file", [1])
      let link = try directory.makeLink("link", to: "file")
      try directory.makeDirectory("sub")
      let second = directory.location("sub/second")
      try second.makeHardLink(to: file)
      #expect(try directory.status("sub/second").st_ino == directory.status("file").st_ino)
      #expect(try directory.status("file").st_nlink == 2)
      try directory.location("link 2").makeHardLink(to: link)
      #expect(try directory.status("link 2").st_ino == directory.status("link").st_ino)
      #expect(try directory.status("link 2").st_mode & S_IFMT == S_IFLNK)
      #expect(throws: Errno.fileExists) { try second.makeHardLink(to: file) }
    }
  }

  @Test("a rename takes the place of what had the name, in one step")
  func renames() throws {
    try withDirectory { directory in
      let new = try directory.makeFile("new", [2])
      try directory.makeFile("old", [1])
      try new.rename(to: EntryName(Bytes(text: "old")))
      #expect(try directory.contents("old") == [2])
      #expect(try directory.names() == [Bytes(text: "old")])
      try directory.makeDirectory("directory")
      let old = directory.location("old")
      #expect(throws: Errno.isDirectory) { try old.rename(to: EntryName(Bytes(text: "directory"))) }
      let odd = EntryName([0xff, 0x0a])
      try old.rename(to: odd)
      #expect(try directory.location([0xff, 0x0a]).metadata().kind == .file)
      #expect(throws: Errno.noSuchFileOrDirectory) { try old.rename(to: odd) }
    }
  }
}
