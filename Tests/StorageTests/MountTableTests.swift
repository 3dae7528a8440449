// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kernel
import TestSupport
import Testing

@testable import Storage

@Suite("The table of mounts")
struct MountTableTests {
  /// Lines as Linux writes them, those of proc(5) among them.
  static let recorded = """
    36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
    22 27 0:21 / /proc rw,relatime - proc proc rw
    27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
    41 27 0:35 /@h /home rw,relatime shared:22 - btrfs /dev/sdb2 rw,compress=zstd:3,ssd,subvol=/@h
    50 27 0:44 / /mnt/net rw shared:30 master:2 propagate_from:2 - nfs4 server:/a/b rw,vers=4.2
    51 27 0:45 / /merged rw,relatime - overlay overlay rw,lowerdir=/a:/b,upperdir=/c
    52 27 8:17 / /media/My\\040Disk rw unbindable - vfat /dev/sdb1 rw,uid=1000
    53 27 0:46 / /- rw - fuse.sshfs me@host:/ rw,user_id=0
    18446744073709551615 27 0:47 / /last rw - tmpfs none rw
    """

  private func mount(_ identifier: UInt64) throws -> MountTable.Mount {
    try #require(MountTable(parsing: Self.recorded).mount(identifier))
  }

  @Test(
    "fields are found whatever optional ones stand before them",
    arguments: [
      (36, "ext3", "/dev/root", ["rw", "errors=continue"]), (22, "proc", "proc", ["rw"]),
      (27, "ext4", "/dev/vda", ["rw", "discard"]),
      (41, "btrfs", "/dev/sdb2", ["rw", "compress=zstd:3", "ssd", "subvol=/@h"]),
      (50, "nfs4", "server:/a/b", ["rw", "vers=4.2"]),
      (52, "vfat", "/dev/sdb1", ["rw", "uid=1000"]),
      (53, "fuse.sshfs", "me@host:/", ["rw", "user_id=0"]), (UInt64.max, "tmpfs", "none", ["rw"]),
    ] as [(UInt64, String, String, [String])]
  )
  func fields(identifier: UInt64, type: String, source: String, options: [String]) throws {
    let mount = try mount(identifier)
    #expect(mount.identifier == identifier)
    #expect(mount.type == type)
    #expect(mount.source == source)
    #expect(mount.options == options)
  }

  @Test("the number of a filesystem is that of its device, if it has one")
  func devices() throws {
    for (identifier, device): (UInt64, UInt64) in [
      (36, 98 << 32), (22, 21), (27, 254 << 32), (41, 35), (52, 8 << 32 | 17),
    ] { #expect(try mount(identifier).device == device) }
    #expect(MountTable(parsing: "1 2 x / / rw - t s o").mounts.first?.device == 0)
  }

  /// FICLONE is tried only where it may go well: two files of one filesystem that has it.
  @Test(
    "extents are shared within a filesystem that can",
    arguments: [
      (41, 41, 7, 7, true), (41, 42, 7, 8, true), (41, 43, 7, 9, false), (27, 27, 1, 1, false),
      (44, 44, 3, 3, true), (44, 45, 3, 4, false), (53, 53, 5, 5, false), (99, 99, 6, 6, true),
      (99, 99, 6, 7, true), (99, 41, 6, 7, true), (99, 27, 6, 1, false), (51, 51, 2, 9, true),
    ] as [(UInt64, UInt64, UInt64, UInt64, Bool)]
  )
  func sharing(_ from: UInt64, _ to: UInt64, _ source: UInt64, _ target: UInt64, may: Bool) throws {
    let others = """

      42 27 0:36 /@v /var rw,relatime - btrfs /dev/sdb2 rw,subvol=/@v
      43 27 0:37 / /other rw,relatime - btrfs /dev/sdc rw
      44 27 8:33 / /x rw,relatime - xfs /dev/sdc1 rw
      45 27 8:34 / /y rw,relatime - xfs /dev/sdc2 rw
      """
    let table = MountTable(parsing: Self.recorded + others)
    var (one, other) = (try root(), try root())
    (one.mount, one.identity.device) = (from, source)
    (other.mount, other.identity.device) = (to, target)
    #expect(table.mayShareExtents(one, other) == may)
  }

  /// Some metadata, to be changed.
  private func root() throws -> EntryMetadata {
    try EntryLocation(directory: AT_FDCWD, name: EntryName("/".utf8)).metadata()
  }

  @Test("what is not there is nil")
  func absent() {
    let table = MountTable(parsing: Self.recorded)
    for identifier in [UInt64(0), 1, 35, 98, 54] { #expect(table.mount(identifier) == nil) }
    #expect(MountTable(parsing: "").mount(27) == nil)
  }

  @Test(
    "lines that are not understood are passed over",
    arguments: [
      "", "27", "x 1 254:0 / / rw - ext4 /dev/vda rw", "27 1 254:0 / / rw ext4 /dev/vda rw",
      "27 1 254:0 / / rw -", "27 1 254:0 / / rw - ext4", "-", "- - - - - -",
    ]
  )
  func malformed(line: String) throws {
    let table = MountTable(parsing: "\(line)\n\(Self.recorded)\n\(line)\n")
    #expect(table.mount(36)?.source == "/dev/root")
    #expect(table.mount(27)?.source == "/dev/vda")
  }

  @Test("the mount of this machine's root is the one that /proc/self/mounts has")
  func real() throws {
    let table = MountTable()
    let mount = try #require(table.mount(anyMetadata().mount))
    let file = unsafe open("/proc/self/mounts", O_RDONLY)
    try #require(file >= 0)
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 256 << 10)
    let count = unsafe read(file, &bytes, bytes.count)
    try #require(count > 0)
    let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
    let roots = lines.map { $0.split(separator: " ") }.filter { $0.count > 2 && $0[1] == "/" }
    #expect(roots.contains { $0[0] == mount.source && $0[2] == mount.type })
  }

  @Test("the kernel's escapes are undone, and an empty source is one")
  func escapes() {
    let table = MountTable(
      parsing: """
        41 27 0:35 / /data rw - btrfs /dev/mapper/my\\134x20disk rw
        42 27 0:35 / /data rw - btrfs /dev/a\\040b rw
        43 27 0:36 / /tmp rw - tmpfs  rw
        """
    )
    #expect(table.mount(41)?.source == "/dev/mapper/my\\x20disk")
    #expect(table.mount(42)?.source == "/dev/a b")
    #expect(table.mount(43)?.options == ["rw"])
  }
}
