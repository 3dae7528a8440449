// SPDX-License-Identifier: Apache-2.0

import FileTree
import Kernel
import Glibc
import SystemPackage
import Testing
import TestSupport

@Suite("Metadata is what lstat says")
struct EntryMetadataTests {
  /// Compares every field that `lstat` has too.
  private func expectSame(
    _ metadata: EntryMetadata,
    _ status: stat,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let device = splitDevice(status.st_dev)
    let node = splitDevice(status.st_rdev)
    let expected = [
      UInt64(device.major) << 32 | UInt64(device.minor), UInt64(status.st_ino),
      UInt64(status.st_size), UInt64(status.st_blocks), UInt64(status.st_mode),
      UInt64(status.st_nlink), UInt64(status.st_uid), UInt64(status.st_gid), UInt64(node.major),
      UInt64(node.minor),
    ]
    let found = [
      metadata.identity.device, metadata.identity.inode, metadata.size, metadata.blocks,
      UInt64(metadata.mode), UInt64(metadata.links), UInt64(metadata.owner),
      UInt64(metadata.group), UInt64(metadata.deviceMajor), UInt64(metadata.deviceMinor),
    ]
    #expect(found == expected, sourceLocation: sourceLocation)
    #expect(metadata.accessTime == Timestamp(status.st_atim), sourceLocation: sourceLocation)
    #expect(metadata.modificationTime == Timestamp(status.st_mtim), sourceLocation: sourceLocation)
    #expect(metadata.typeBits | metadata.permissions == metadata.mode)
    #expect(metadata.typeBits == UInt32(status.st_mode & S_IFMT))
  }

  /// glibc's `major` and `minor`, which are macros.
  private func splitDevice(_ device: dev_t) -> (major: UInt, minor: UInt) {
    (device >> 8 & 0xfff | device >> 32 & ~0xfff, device & 0xff | device >> 12 & 0xffff_ff00)
  }

  @Test("of every kind of entry that anybody can make")
  func kinds() throws {
    try withDirectory { directory in
      try directory.makeFile("file", Bytes(repeating: 1, count: 12_345))
      try directory.makeDirectory("directory")
      try directory.makeLink("link", to: "nowhere/at all")
      try check(unsafe mkfifoat(directory.descriptor, "fifo", 0o640), "mkfifoat")
      let socket = S_IFSOCK | 0o600
      try check(unsafe mknodat(directory.descriptor, "socket", socket, 0), "mknodat")
      try check(
        unsafe linkat(directory.descriptor, "file", directory.descriptor, "name", 0),
        "linkat"
      )
      let kinds: [(String, EntryKind)] = [
        ("file", .file), ("name", .file), ("directory", .directory), ("link", .symbolicLink),
        ("fifo", .special), ("socket", .special),
      ]
      for (name, kind) in kinds {
        let metadata = try directory.location(name).metadata()
        expectSame(metadata, try directory.status(name))
        #expect(metadata.kind == kind, "\(name)")
        #expect(try directory.location(name).metadataIfPresent() == metadata)
      }
      #expect(try directory.location("name").metadata().links == 2)
    }
  }

  @Test("of devices, with their numbers", arguments: ["null", "zero", "tty"])
  func devices(name: String) throws {
    let descriptor = try check(unsafe open("/dev", O_RDONLY | O_DIRECTORY), "open")
    defer { close(descriptor) }
    let directory = TestDirectory(path: "/dev", descriptor: descriptor)
    let metadata = try directory.location(name).metadata()
    expectSame(metadata, try directory.status(name))
    #expect(metadata.kind == .device)
    // Documentation/admin-guide/devices.txt of the kernel.
    let numbers: [String: [UInt32]] = ["null": [1, 3], "zero": [1, 5], "tty": [5, 0]]
    #expect([metadata.deviceMajor, metadata.deviceMinor] == numbers[name])
  }

  @Test("of an open file without a name, and of an open directory")
  func openFiles() throws {
    try withDirectory { directory in
      try directory.makeFile("file", [1, 2, 3])
      let file = try directory.open("file")
      defer { close(file) }
      try check(unsafe unlinkat(directory.descriptor, "file", 0), "unlinkat")
      var status = stat()
      try check(unsafe fstat(file, &status), "fstat")
      let metadata = try EntryLocation(open: file).metadata()
      expectSame(metadata, status)
      #expect(metadata.links == 0)
      try check(unsafe fstat(directory.descriptor, &status), "fstat")
      expectSame(try EntryLocation(open: directory.descriptor).metadata(), status)
    }
  }

  @Test(
    "times to the nanosecond, also before 1970",
    arguments: [
      (0, 0), (1, 999_999_999), (-1, 1), (-86_400 * 365, 500), (2_000_000_000, 123_456_789),
    ]
  )
  func times(seconds: Int, nanoseconds: Int) throws {
    try withDirectory { directory in
      let entry = try directory.makeFile("file")
      let time = timespec(tv_sec: seconds, tv_nsec: nanoseconds)
      let times = [timespec(tv_sec: 77, tv_nsec: 78), time]
      try check(unsafe utimensat(directory.descriptor, "file", times, 0), "utimensat")
      let metadata = try entry.metadata()
      expectSame(metadata, try directory.status("file"))
      #expect(metadata.modificationTime == Timestamp(time))
      #expect(metadata.accessTime == Timestamp(seconds: 77, nanoseconds: 78))
    }
  }

  @Test("the mount is the one that /proc names for an open file")
  func mount() throws {
    for path in ["/", "/proc", "/dev"] {
      let descriptor = try check(unsafe open(path, O_RDONLY | O_DIRECTORY), "open")
      defer { close(descriptor) }
      let mount = try EntryLocation(open: descriptor).metadata().mount
      #expect(try mountByProc(descriptor) == mount, "\(path)")
    }
  }

  /// The `mnt_id` line of `/proc/self/fdinfo`.
  private func mountByProc(_ descriptor: Int32) throws -> UInt64? {
    let info = try check(unsafe open("/proc/self/fdinfo/\(descriptor)", O_RDONLY), "open")
    defer { close(info) }
    var bytes = Bytes(repeating: 0, count: 4096)
    let count = try check(unsafe read(info, &bytes, bytes.count), "read")
    let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
    let line = try #require(lines.first { $0.hasPrefix("mnt_id:") })
    return line.split(separator: "\t").last.flatMap { UInt64($0) }
  }

  @Test("what is not there is nil or an error; any other failure is an error")
  func absent() throws {
    try withDirectory { directory in
      let absent = directory.location("absent")
      #expect(try absent.metadataIfPresent() == nil)
      #expect(throws: Errno.noSuchFileOrDirectory) { try absent.metadata() }
      try directory.makeFile("file")
      let file = try directory.open("file")
      defer { close(file) }
      let below = EntryLocation(directory: file, name: EntryName(Bytes(text: "below")))
      #expect(throws: Errno.notDirectory) { try below.metadataIfPresent() }
    }
  }

  @Test("nodes are the same by type and number")
  func sameNodes() throws {
    try withDirectory { directory in
      try check(unsafe mkfifoat(directory.descriptor, "fifo", 0o640), "mkfifoat")
      var fifo = try directory.location("fifo").metadata()
      var other = fifo
      // Numbers only count for devices.
      other.deviceMinor = 5
      other.mode = fifo.typeBits | 0o777
      #expect(fifo.isSameNode(as: other))
      other.mode = UInt32(S_IFSOCK)
      #expect(!fifo.isSameNode(as: other))
      for type in [S_IFCHR, S_IFBLK] {
        (fifo.mode, fifo.deviceMajor, fifo.deviceMinor) = (UInt32(type), 8, 1)
        other = fifo
        #expect(fifo.isSameNode(as: other))
        other.deviceMajor = 9
        #expect(!fifo.isSameNode(as: other))
        (other.deviceMajor, other.deviceMinor) = (8, 2)
        #expect(!fifo.isSameNode(as: other))
      }
      other = fifo
      other.mode = UInt32(S_IFCHR)
      #expect(!fifo.isSameNode(as: other))
    }
  }
}

extension Timestamp {
  /// Takes over what a call of libc said.
  init(_ time: timespec) {
    self.init(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec))
  }
}
