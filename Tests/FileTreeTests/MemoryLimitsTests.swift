// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import TestSupport

/// What control groups allow, read from trees like those of the kernel.
@Suite("Limits on memory")
struct MemoryLimitsTests {
  /// Lays files down, and reads them as the kernel's.
  private func controlGroupBytes(_ files: [String: String]) throws -> Int? {
    var found: Int?
    try withScratchDirectory { scratch in
      for (path, contents) in files { try scratch.makeFile(path, contents) }
      found = MemoryLimits.ofProcess(root: scratch.path).controlGroupBytes
    }
    return found
  }

  @Test("version 2: the lowest limit of a group and those above it counts")
  func unified() throws {
    var files = [
      "proc/self/cgroup": "0::/a/b\n",
      "sys/fs/cgroup/a/b/memory.max": "max\n",
      "sys/fs/cgroup/a/b/memory.high": "max\n",
    ]
    #expect(try controlGroupBytes(files) == nil)
    files["sys/fs/cgroup/a/memory.max"] = "33554432\n"
    #expect(try controlGroupBytes(files) == 32 << 20)
    files["sys/fs/cgroup/a/b/memory.max"] = "67108864\n"
    #expect(try controlGroupBytes(files) == 32 << 20)
    files["sys/fs/cgroup/a/b/memory.high"] = "16777216\n"
    #expect(try controlGroupBytes(files) == 16 << 20)
  }

  @Test("version 1: the hierarchy of memory counts, whatever else there is")
  func separate() throws {
    var files = [
      "proc/self/cgroup": "9:name=systemd:/s\n5:cpu,memory:/a:b/c\n1:cpuset:/memory\n0::/\n",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      "sys/fs/cgroup/memory/a:b/c/memory.limit_in_bytes": "25165824\n",
      "sys/fs/cgroup/memory/s/memory.limit_in_bytes": "4096\n",
    ]
    #expect(try controlGroupBytes(files) == 24 << 20)
    files["sys/fs/cgroup/memory/a:b/memory.limit_in_bytes"] = "16777216\n"
    #expect(try controlGroupBytes(files) == 16 << 20)
  }

  @Test("in a container the group may be the root of what is mounted")
  func container() throws {
    let files = [
      "proc/self/cgroup": "4:memory:/docker/0123\n0::/docker/0123\n",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "16777216\n",
    ]
    #expect(try controlGroupBytes(files) == 16 << 20)
  }

  @Test(
    "what cannot be read is no limit",
    arguments: ["", "0:\n", "::\n", "0::", "x:memory", "0::/../..\n"]
  )
  func nonsense(_ text: String) throws {
    #expect(try controlGroupBytes(["proc/self/cgroup": text]) == nil)
    #expect(MemoryLimits.ofProcess(root: "/nowhere").controlGroupBytes == nil)
  }
}
