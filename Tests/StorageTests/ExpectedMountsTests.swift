// SPDX-License-Identifier: Apache-2.0

import Kernel
import SystemPackage
import TestSupport
import Testing

@testable import Storage

/// What `/etc/fstab` wants mounted.
@Suite struct ExpectedMountsTests {
  @Test func lines() {
    let text = """
      # /etc/fstab: comment
      UUID=0123 /               ext4    errors=remount-ro 0 1
      \tLABEL=data\t/mnt/data\text4 noauto 0 2
      /dev/sdb1 /mnt/with\\040blank xfs defaults
      tmpfs /tmp
      /swap none swap sw 0 0
      #/dev/sdc1 /mnt/old ext4

      broken
      """
    let mounts = ExpectedMounts(parsing: Array(text.utf8))
    #expect(mounts.mountPoints == ["/mnt/data", "/mnt/with blank", "/tmp"])
  }

  @Test func whatIsMissing() throws {
    try withScratchDirectory { scratch in
      let path = FilePath(scratch.path)
      let directory = try Descriptor(opening: path, .directory)
      defer { withExtendedLifetime(directory) {} }
      func missing(_ point: String, isMounted: Bool) -> FilePath? {
        ExpectedMounts(parsing: Array("device \(point) ext4\n".utf8))
          .missing(above: directory.rawValue) { _ in isMounted }
      }
      #expect(missing(scratch.path, isMounted: false) == path)
      #expect(missing(scratch.path, isMounted: true) == nil)
      let above = path.removingLastComponent().string
      #expect(missing(above, isMounted: false)?.string == above)
      #expect(missing("\(scratch.path)/below", isMounted: false) == nil)
      #expect(missing("\(scratch.path)x", isMounted: false) == nil)
      #expect(ExpectedMounts.isMounted("/proc"))
      #expect(!ExpectedMounts.isMounted(path))
    }
  }
}
