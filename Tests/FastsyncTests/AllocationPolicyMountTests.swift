// SPDX-License-Identifier: Apache-2.0

import Glibc
import Storage
import Testing

@testable import CopyEngine

/// Whether space is allocated ahead, on filesystems that are really there.
@Suite(
  .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
  .enabled(if: has("chattr"), "chattr is not installed")
)
struct AllocationPolicyMountTests {
  /// Makes a file, with an attribute of `chattr` if one is given, and asks a policy about it.
  private func allows(
    _ policy: inout AllocationPolicy,
    _ directory: String,
    _ name: String,
    attribute: String? = nil
  ) throws -> Bool {
    let path = "\(directory)/\(name)"
    let file = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    try #require(file >= 0)
    defer { close(file) }
    if let attribute { try succeed("chattr", [attribute, path]) }
    return policy.allows(file)
  }

  @Test(arguments: Filesystem.allCases) func whereNothingIsCompressed(_ kind: Filesystem) throws {
    try withSandbox { sandbox in
      let place = try kind.make(in: sandbox, as: "target")
      var policy = AllocationPolicy(mounts: MountTable())
      #expect(try allows(&policy, place, "first"))
      #expect(try allows(&policy, place, "second"), "what is known of the mount")
    }
  }

  @Test(arguments: ["compress=zstd", "compress=lzo", "compress-force=zstd:1"])
  func notWhereTheMountCompresses(_ option: String) throws {
    try withSandbox { sandbox in
      let place = try Filesystem.btrfs.make(in: sandbox, as: "target", options: "noatime,\(option)")
      var policy = AllocationPolicy(mounts: MountTable())
      #expect(try !allows(&policy, place, "first"))
      #expect(try !allows(&policy, place, "second"), "what is known of the mount")
    }
  }

  /// The attribute is the file's own: it says nothing of the others on the mount.
  @Test func notForAFileThatIsToBeCompressed() throws {
    try withSandbox { sandbox in
      let place = try Filesystem.btrfs.make(in: sandbox, as: "target")
      var policy = AllocationPolicy(mounts: MountTable())
      #expect(try !allows(&policy, place, "compressed", attribute: "+c"))
      #expect(try allows(&policy, place, "plain"))
      #expect(try !allows(&policy, place, "another", attribute: "+c"))
      let inherits = try sandbox.makeDirectory("target/inherits")
      try succeed("chattr", ["+c", inherits])
      #expect(try !allows(&policy, inherits, "below"))
      #expect(try allows(&policy, place, "after"))
    }
  }

  @Test func mountsAreToldApart() throws {
    try withSandbox { sandbox in
      let plain = try Filesystem.btrfs.make(in: sandbox, as: "plain")
      let packed = try Filesystem.btrfs.make(in: sandbox, as: "packed", options: "compress=zstd")
      let other = try Filesystem.ext4.make(in: sandbox, as: "other")
      var policy = AllocationPolicy(mounts: MountTable())
      for round in 0..<2 {
        #expect(try allows(&policy, plain, "\(round)"))
        #expect(try !allows(&policy, packed, "\(round)"))
        #expect(try allows(&policy, other, "\(round)"))
      }
    }
  }
}
