// SPDX-License-Identifier: Apache-2.0

import FileTree
import Kernel
import Glibc
import SystemPackage
import Testing

@Suite("Attributes outside the chosen classes are left alone")
struct AttributeClassTests {
  static let access = "system.posix_acl_access"
  static let standard = "system.posix_acl_default"
  static let list = accessList(user: 7, named: [(1000, 5), (1001, 0)], group: 5, other: 0)
  static let otherList = accessList(user: 6, named: [(7, 7)], group: 0, other: 4)

  private func synchronize(
    _ directory: TestDirectory,
    _ classes: AttributeCopier.Classes
  ) -> (changed: Bool, failures: [AttributeCopier.Failure]) {
    var copier = AttributeCopier()
    return copier.synchronize(
      from: directory.location("source"),
      to: directory.location("target"),
      classes: classes
    )
  }

  private func value(_ directory: TestDirectory, _ name: String, _ key: String) throws -> Bytes? {
    try directory.attributes(name)[Bytes(text: key)]
  }

  @Test(
    "ACLs come and go with their class",
    .enabled(if: canSetAttribute(access, list), "the filesystem of TMPDIR has no ACLs")
  )
  func accessControlLists() throws {
    try withDirectory { directory in
      for name in ["source", "target"] { try directory.makeDirectory(name) }
      try directory.setAttribute("source", Self.access, Self.list)
      try directory.setAttribute("source", Self.standard, Self.otherList)
      try directory.setAttribute("source", "user.a", [1])

      #expect(synchronize(directory, .user).changed)
      #expect(try directory.attributes("target") == [Bytes(text: "user.a"): [1]])

      let result = synchronize(directory, .accessControlLists)
      #expect(result.changed && result.failures.isEmpty)
      #expect(try value(directory, "target", Self.access) == Self.list)
      #expect(try value(directory, "target", Self.standard) == Self.otherList)
      #expect(synchronize(directory, .accessControlLists).changed == false)

      // With the class off, those at the target stay.
      try directory.makeDirectory("plain")
      var copier = AttributeCopier()
      let (plain, target) = (directory.location("plain"), directory.location("target"))
      #expect(copier.synchronize(from: plain, to: target, classes: .user).changed)
      #expect(try directory.attributes("target").count == 2)
      let removed = copier.synchronize(from: plain, to: target, classes: .accessControlLists)
      #expect(removed.changed && removed.failures.isEmpty)
      #expect(try directory.attributes("target") == [:])
    }
  }

  @Test(
    "an ACL is changed in place",
    .enabled(if: canSetAttribute(access, list), "the filesystem of TMPDIR has no ACLs")
  )
  func changesAccessControlList() throws {
    try withDirectory { directory in
      for name in ["source", "target"] { try directory.makeFile(name) }
      try directory.setAttribute("source", Self.access, Self.list)
      try directory.setAttribute("target", Self.access, Self.otherList)
      #expect(synchronize(directory, .accessControlLists).changed)
      #expect(try value(directory, "target", Self.access) == Self.list)
      #expect(try directory.status("target").st_mode == directory.status("source").st_mode)
    }
  }

  @Test(
    "privileged attributes come with their class only",
    .enabled(if: canSetAttribute("trusted.probe"), "trusted attributes are for root")
  )
  func privileged() throws {
    try withDirectory { directory in
      for name in ["source", "target"] { try directory.makeFile(name) }
      // struct vfs_cap_data of version 2: CAP_NET_RAW, permitted and effective.
      let capability: Bytes = [1, 0, 0, 2, 0, 0x20, 0, 0] + Bytes(repeating: 0, count: 12)
      try directory.setAttribute("source", "trusted.a", [1])
      try directory.setAttribute("source", "security.capability", capability)
      try directory.setAttribute("target", "trusted.b", [2])

      #expect(synchronize(directory, [.user, .accessControlLists]).changed == false)
      #expect(try directory.attributes("target") == [Bytes(text: "trusted.b"): [2]])

      let result = synchronize(directory, .privileged)
      #expect(result.changed && result.failures.isEmpty)
      #expect(
        try directory.attributes("target") == [
          Bytes(text: "trusted.a"): [1], Bytes(text: "security.capability"): capability,
        ]
      )
    }
  }

  @Test(
    "one attribute that cannot be set keeps none of the others back",
    .enabled(if: canSetAttribute("trusted.probe"), "trusted attributes are for root")
  )
  func oneFails() throws {
    try withDirectory { directory in
      try directory.makeFile("source")
      // A symbolic link can have trusted attributes, but none of users.
      try directory.makeLink("target", to: "nowhere")
      for key in ["user.a", "trusted.b", "user.c", "trusted.d"] {
        try directory.setAttribute("source", key, Bytes(text: key))
      }
      let result = synchronize(directory, [.user, .privileged])
      #expect(result.changed)
      #expect(result.failures.map { $0.errno } == [.notPermitted, .notPermitted])
      #expect(
        try directory.attributes("target") == [
          Bytes(text: "trusted.b"): Bytes(text: "trusted.b"),
          Bytes(text: "trusted.d"): Bytes(text: "trusted.d"),
        ]
      )
    }
  }

  @Test(
    "attributes of a symbolic link are its own",
    .enabled(if: canSetAttribute("trusted.probe"), "trusted attributes are for root")
  )
  func symbolicLinks() throws {
    try withDirectory { directory in
      try directory.makeFile("file")
      for name in ["source", "target"] { try directory.makeLink(name, to: "file") }
      try directory.setAttribute("source", "trusted.a", [1])
      #expect(synchronize(directory, .privileged).changed)
      #expect(try directory.attributes("target") == [Bytes(text: "trusted.a"): [1]])
      #expect(try directory.attributes("file") == [:])
    }
  }
}
