// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

@testable import Storage

/// What the running kernel says of loop devices, and how long reads from one take.
@Suite(.enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"))
struct LoopDeviceTests {
  private func device(of path: String) throws -> StorageTopology {
    let directory = try FastsyncTests.OpenDirectory(path)
    let metadata = try EntryLocation(open: directory.descriptor).metadata()
    return StorageTopology(of: metadata, mounts: MountTable())
  }

  @Test(arguments: Filesystem.allCases) func liesOnTheDiskOfItsFile(_ kind: Filesystem) throws {
    try withSandbox { sandbox in
      let outer = try device(of: kind.make(in: sandbox, as: "outer", megabytes: 500))
      let inner = try device(
        of: Filesystem.ext4.make(in: sandbox, as: "outer/inner", megabytes: 64)
      )
      #expect(inner.disks == outer.disks && inner.disks.count == 1 && inner.sharesDisk(with: outer))
      guard case .loop(let device, let file) = inner.layers.first else {
        Issue.record("no loop device: \(inner.layers)")
        return
      }
      #expect(device.hasPrefix("loop") && file == sandbox.path("outer/inner.img"))
    }
  }

  @Test func isTheDiskItselfInMemory() throws {
    try withSandbox { sandbox in
      let memory = try sandbox.mount(["-t", "tmpfs", "tmpfs"], at: "memory")
      #expect(try device(of: memory).disks.isEmpty)
      let device = try device(of: Filesystem.ext4.make(in: sandbox, as: "memory/disk"))
      let disk = try #require(device.disks.first)
      #expect(device.disks.count == 1 && disk.transport == .loop && device.layers.isEmpty)
      #expect(disk.bytes == UInt64(Filesystem.megabytesMin) << 20 && disk.sectorBytes == 512)
      guard case .times(let times) = SeekProbe.run(disk, nanosecondsMax: 60_000_000) else {
        Issue.record("\(disk.name) cannot be read")
        return
      }
      // A busy machine may take its time for some of them.
      #expect((1...SeekProbe.readsMax).contains(times.count) && times.allSatisfy { $0 > 0 })
      #expect(times.sorted().first ?? .max < SeekProbe.nanosecondsOfSeekMin, "\(times)")
    }
  }
}
