// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kernel
import Testing
import TestSupport
import Uring

@testable import CopyEngine
@testable import Storage

/// Several workers and one thread that writes back.
@Suite(.timeLimit(.minutes(1))) struct WritebackQueueTests {
  private func queue() -> WritebackQueue {
    var disks = DiskTraits()
    disks.targetSeeks = true
    return WritebackQueue(
      filesMax: 4096,
      pageBytes: 4096,
      targets: TargetFilesystems(),
      disks: disks
    )
  }

  private static func file() -> Descriptor {
    Descriptor(owning: unsafe open("/proc/self/exe", O_RDONLY | O_CLOEXEC))
  }

  /// One who is done adds more while others still wait: everybody comes back all the same.
  @Test func severalWaitForAll() {
    for _ in 0..<200 {
      let queue = queue()
      Threads.run(3) { _ in
        for _ in 0..<5 {
          for _ in 0..<2 {
            _ = queue.add(Self.file(), WritebackQueue.Load(byteCount: 4096, way: .together))
          }
          _ = queue.writeBackAll()
          _ = queue.add(Self.file(), WritebackQueue.Load(byteCount: 4096, way: .sent))
        }
      }
      #expect(queue.finish().isEmpty)
      queue.dropRest()
    }
  }
}
