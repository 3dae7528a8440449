// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

@testable import FileTree

@Suite("Names of attributes")
struct AttributeNameTests {
  @Test("names of attributes are bytes, which need not be UTF-8")
  func attributeNameBytes() throws {
    try withDirectory { directory in
      for name in ["source", "target"] { try directory.makeFile(name) }
      try directory.setAttribute("source", Bytes(text: "user.") + [0xff, 0xfe], [1])
      var copier = AttributeCopier()
      let result = copier.synchronize(
        from: directory.location("source"),
        to: directory.location("target"),
        classes: .user
      )
      #expect(result.failures.isEmpty)
      #expect(result.changed)
      #expect(try directory.attributes("target") == directory.attributes("source"))
    }
  }

  @Test(
    "what is in no namespace of all filesystems belongs to one",
    arguments: [
      ("user.note", .user), ("trusted.note", .privileged), ("security.capability", .privileged),
      ("system.posix_acl_access", .accessControlLists),
      ("system.posix_acl_default", .accessControlLists),
      ("security.selinux", nil), ("trusted.SGI_ACL_FILE", nil), ("trusted.SGI_ACL_DEFAULT", nil),
      ("btrfs.compression", .filesystem), ("bcachefs.compression", .filesystem),
      ("bcachefs_effective.compression", .filesystem), ("ceph.dir.layout", .filesystem),
      ("lustre.lov", .filesystem), ("system.nfs4_acl", .filesystem),
      ("system.ntfs_attrib", .filesystem), ("users.note", .filesystem), ("user", .filesystem),
    ] as [(String, AttributeCopier.Classes?)]
  )
  func classes(_ name: String, _ expected: AttributeCopier.Classes?) {
    let name = AttributeName(key: EntryName(Bytes(text: name)))
    #expect(name.attributeClass == expected)
    #expect(name.isOfFilesystem == (expected == .filesystem))
  }

  @Test("names of attributes are compared by bytes, not as text")
  func attributeNameForms() throws {
    try withDirectory { directory in
      for name in ["source", "target"] { try directory.makeFile(name) }
      try directory.setAttribute("source", "user.\u{e9}", [1])
      try directory.setAttribute("target", "user.e\u{301}", [1])
      var copier = AttributeCopier()
      let result = copier.synchronize(
        from: directory.location("source"),
        to: directory.location("target"),
        classes: .user
      )
      #expect(result.failures.isEmpty)
      #expect(try directory.attributes("target") == directory.attributes("source"))
    }
  }
}
