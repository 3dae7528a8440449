// SPDX-License-Identifier: Apache-2.0

import FileTree
import Kernel
import Testing

@testable import CopyEngine

@Suite("How metadata differs")
struct MetadataDeltaTests {
  private func delta(
    _ source: Sketch,
    _ present: InodeDelta.Present,
    _ policy: MetadataPolicy,
    _ attributes: AttributeDelta = AttributeDelta()
  ) throws -> MetadataDelta {
    MetadataDelta(
      inode: InodeDelta(of: try source.metadata(), at: present, policy),
      attributes: attributes
    )
  }

  /// What differs from an entry that is there.
  private func delta(
    _ kind: OracleEntry.Kind = .file,
    to target: (inout Sketch) -> Void = { _ in },
    _ preservation: Preservation = .archive,
    _ attributes: AttributeDelta = AttributeDelta()
  ) throws -> MetadataDelta {
    let present = InodeDelta.Present.entry(try Sketch.target(kind, target).metadata())
    return try delta(.source(kind), present, MetadataPolicy(preservation), attributes)
  }

  @Test("what is equal differs in nothing", arguments: OracleEntry.Kind.allCases)
  func equal(kind: OracleEntry.Kind) throws {
    for preservation in [Preservation(), .archive, .everything] {
      let delta = try delta(kind, preservation)
      #expect(delta.isEmpty && delta.change.isEmpty && !delta.inode.timesDiffer)
      #expect(
        delta.inode.owner == nil && delta.inode.group == nil
          && delta.inode.isFile == (kind == .file)
      )
    }
  }

  @Test("each aspect is found, and only where it is carried over")
  func aspects() throws {
    let aspects: [((inout Sketch) -> Void, Preservation, EntryChange)] = [
      ({ $0.owner = 9 }, .owner, .owner), ({ $0.group = 9 }, .group, .group),
      ({ $0.permissions = 0o755 }, .permissions, .permissions),
      ({ $0.permissions = 0o1644 }, .permissions, .permissions),
      ({ $0.seconds = 9 }, .times, .time), ({ $0.nanoseconds = 9 }, .times, .time),
    ]
    for (change, bit, letter) in aspects {
      for kind in OracleEntry.Kind.allCases {
        // The permissions of a symbolic link mean nothing.
        let counts = kind != .symbolicLink || letter != .permissions
        let found = try delta(kind, to: change)
        #expect(found.change == (counts ? letter : []) && found.isEmpty == !counts)
        #expect(try delta(kind, to: change, bit).change == (counts ? letter : []))
        #expect(try delta(kind, to: change, .archive.subtracting(bit)).isEmpty)
      }
    }
  }

  @Test("what is wanted is said, whether or not it differs")
  func wanted() throws {
    let found = try delta(
      to: {
        ($0.owner, $0.group, $0.permissions, $0.seconds) = (8, 9, 0o600, 9)
      },
      .everything
    )
    #expect(found.inode.owner == 1 && found.inode.group == 2)
    #expect(found.inode.permissions == 0o644 && found.inode.presentPermissions == 0o600)
    #expect(found.inode.modificationTime == Timestamp(seconds: 1_000, nanoseconds: 5))
    #expect(found.inode.accessTime == Timestamp(seconds: 77, nanoseconds: 7))
    // Access times alone make nobody set times, but times that are set take them along.
    #expect(try delta(.file, .archive).inode.accessTime == nil)
    #expect(try delta(.file, .archive.subtracting(.times)).inode.modificationTime == nil)
    #expect(try delta(.file, [.accessTimes]).inode.accessTime == nil)
  }

  @Test("permissions that are not carried over stay as they are")
  func keptPermissions() throws {
    let found = try delta(to: { $0.permissions = 0o4711 }, .archive.subtracting(.permissions))
    #expect(found.inode.permissions == 0o4711 && !found.inode.permissionsDiffer)
  }

  @Test("a new entry gets the permissions of the source, of what it replaces, or of the umask")
  func newPermissions() throws {
    let source = Sketch.source(.file).with(\.permissions, 0o6777)
    let replaced = try Sketch.target(.file).with(\.permissions, 0o4510).metadata()
    let rows: [(EntryMetadata?, Preservation, UInt32)] = [
      (nil, .permissions, 0o6777), (replaced, .permissions, 0o6777), (replaced, [], 0o4510),
      (nil, [], 0o750),
    ]
    for (replaced, preservation, expected) in rows {
      let policy = MetadataPolicy(preservation, creationMask: 0o027)
      let delta = try delta(source, .new(nil, replacing: replaced), policy)
      // It is not known which it has got.
      #expect(delta.inode.permissions == expected && delta.inode.presentPermissions == nil)
      #expect(delta.inode.permissionsDiffer)
    }
    let link = try delta(
      .source(.symbolicLink),
      .new(nil, replacing: nil),
      MetadataPolicy(.everything)
    )
    #expect(link.inode.permissions == nil && !link.inode.permissionsDiffer)
  }

  @Test("of a new entry only what it did not get from the start is set")
  func newOwner() throws {
    let known = CreatedMetadata.ofDirectory(try Sketch.target(.directory).metadata())
    let source = Sketch.source(.directory).with(\.group, 9)
    let policy = MetadataPolicy(.archive)
    let found = try delta(source, .new(known, replacing: nil), policy)
    #expect(found.inode.owner == nil && found.inode.group == 9)
    // Times are always set: what is made has those of now.
    #expect(found.inode.timesDiffer && found.inode.modificationTime != nil)
    let unknown = try delta(source, .new(nil, replacing: nil), policy)
    #expect(unknown.inode.owner == 1 && unknown.inode.group == 9)
    let bare = try delta(source, .new(nil, replacing: nil), MetadataPolicy([]))
    #expect(bare.inode.owner == nil && bare.inode.group == nil && !bare.inode.timesDiffer)
  }

  @Test("attributes have two letters, and an ACL none where the mode says it all")
  func attributes() throws {
    let rows: [(AttributeDelta, EntryChange)] = [
      (.list, .accessControlLists), (.user, .extendedAttributes),
      (AttributeDelta(["trusted.a"]), .extendedAttributes),
      (AttributeDelta([], removed: ["user.a"]), .extendedAttributes),
      (
        AttributeDelta(["system.posix_acl_default"], removed: ["user.a"]),
        [.accessControlLists, .extendedAttributes]
      ),
    ]
    for (attributes, expected) in rows {
      let found = try delta(.directory, .everything, attributes)
      #expect(found.change == expected && !found.isEmpty && found.attributes == attributes)
    }
    let list = AttributeDelta(["system.posix_acl_access"], listsDifferInModeOnly: true)
    let mode = try delta(to: { $0.permissions = 0o600 }, .everything, list)
    #expect(mode.change == .permissions && mode.attributes == list)
    // Where the mode is not carried over, nothing else would tell.
    let alone = try delta(
      to: { $0.permissions = 0o600 },
      .everything.subtracting(.permissions),
      list
    )
    #expect(alone.change == .accessControlLists)
  }

  @Test("permissions that are left to somebody else do not differ")
  func leftPermissions() throws {
    var found = try delta(.directory, to: { $0.permissions = 0o700 })
    #expect(found.inode.permissionsDiffer)
    found.inode.leavePermissions()
    #expect(!found.inode.permissionsDiffer && found.isEmpty)
  }

  @Test("which attributes count")
  func attributeClasses() {
    let all = Preservation.everything
    let rows: [(MetadataPolicy, EntryKind, AttributeCopier.Classes)] = [
      (MetadataPolicy(.archive), .file, []),
      (
        MetadataPolicy(all), .file, [.accessControlLists, .user, .privileged, .filesystem, .stored]
      ),
      (MetadataPolicy(all), .symbolicLink, [.user, .privileged, .filesystem, .stored]),
      (MetadataPolicy([.accessControlLists]), .directory, .accessControlLists),
      (MetadataPolicy([.accessControlLists]), .symbolicLink, []),
      (
        MetadataPolicy([.extendedAttributes]), .special, [.user, .privileged, .filesystem, .stored]
      ),
      // Whoever is not privileged is told that those are missing, unless it was rsync's option.
      (
        MetadataPolicy([.extendedAttributes], isPrivileged: false), .file,
        [.user, .privileged, .filesystem, .stored]
      ),
      (
        MetadataPolicy([.extendedAttributes], isPrivileged: false, skipsPrivileged: true), .file,
        [.user, .filesystem, .stored]
      ),
      (
        MetadataPolicy([.extendedAttributes], isPrivileged: true, skipsPrivileged: true), .file,
        [.user, .privileged, .filesystem, .stored]
      ),
    ]
    for (policy, kind, classes) in rows {
      #expect(policy.attributeClasses(of: kind) == classes)
    }
  }
}
