// SPDX-License-Identifier: Apache-2.0

import FileTree
import Glibc
import Kernel
import Storage
import Testing
import TestSupport

@testable import CopyEngine

/// What needs no filesystem of its own; those that have one are in `AllocationPolicyMountTests`.
@Suite("Whether space is allocated ahead")
struct AllocationPolicyTests {
  @Test("on every filesystem but btrfs, whatever its mount says")
  func allowed() throws {
    let descriptor = unsafe open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    let mount = try anyMetadata(of: "/dev").mount
    let mounts = MountTable(parsing: "\(mount) 1 0:6 / /dev rw - devtmpfs none rw,compress=zstd")
    var policy = AllocationPolicy(mounts: mounts)
    #expect(policy.allows(descriptor) == true)
    #expect(policy.allows(descriptor) == true)
  }

  @Test("a file that cannot be asked is no obstacle: the allocation itself will tell")
  func unknown() {
    var policy = AllocationPolicy(mounts: MountTable(parsing: ""))
    #expect(policy.allows(-1) == true)
  }
}
