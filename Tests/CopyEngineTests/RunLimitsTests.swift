// SPDX-License-Identifier: Apache-2.0

import Testing
import Uring

@testable import CopyEngine

@Suite("How a run is divided")
struct WorkLayoutTests {
  static let memories = [64 << 10, 100_000, 1 << 20, 3_333_333, 8 << 20, 64 << 20, 1 << 30]
  static let jobs = [1, 2, 3, 4, 7, 8, 16, 17, 64, 100, 255, 256]
  static let limits = [0, 64, 100, 256, 1024, 4096, 65_536]

  private func layout(
    memory: Int,
    jobs: Int?,
    disks: DiskTraits = DiskTraits(),
    processors: Int = 4,
    descriptors: Int = 65_536
  ) -> RunLimits {
    var options = CopyOptions()
    options.memoryBytes = memory
    options.jobs = jobs
    return RunLimits(
      options,
      disks: disks,
      processors: processors,
      descriptors: descriptors
    )
  }

  @Test("buffers never take more than the memory that is allowed", arguments: memories)
  func memory(memory: Int) {
    for jobs in Self.jobs {
      for descriptors in Self.limits {
        let layout = layout(memory: memory, jobs: jobs, descriptors: descriptors)
        #expect(layout.blocks * layout.blockBytes <= memory, "\(layout)")
        #expect(layout.workers >= 1 && layout.workers <= jobs)
        #expect(layout.blocks >= 1 && layout.blocks <= BufferPool.countMax)
        #expect(layout.blockBytes >= 4096 && layout.blockBytes <= 1 << 20)
        #expect(layout.blockBytes % 4096 == 0)
        #expect(layout.filesMax >= 1 && layout.directoriesMax >= 1)
        // Most of what is allowed is used: less than a block is left.
        #expect((layout.blocks + 1) * layout.blockBytes > memory, "\(layout)")
        #expect(layout.dirtyBytesMax * UInt64(layout.workers) <= RunLimits.dirtyBytesOfRun)
      }
    }
  }

  @Test("the default is 8 blocks of 1 MiB for all, and for many workers two each")
  func defaults() {
    let one = layout(memory: 8 << 20, jobs: 1)
    #expect(one.workers == 1 && one.blocks == 8 && one.blockBytes == 1 << 20)
    let four = layout(memory: 8 << 20, jobs: nil)
    #expect(four.workers == 4 && four.blocks == 8 && four.blockBytes == 1 << 20)
    let eight = layout(memory: 8 << 20, jobs: 8)
    #expect(eight.workers == 8 && eight.blocks == 16 && eight.blockBytes == 512 << 10)
  }

  @Test(
    "one worker where a disk seeks, else one for each processor",
    arguments: [(true, true, 1), (true, false, 1), (false, true, 1), (false, false, 4)]
  )
  func seeking(source: Bool, target: Bool, workers: Int) {
    let disks = DiskTraits(sourceSeeks: source, targetSeeks: target)
    #expect(layout(memory: 8 << 20, jobs: nil, disks: disks).workers == workers)
    #expect(layout(memory: 8 << 20, jobs: 3, disks: disks).workers == 3, "who asks gets it")
  }

  @Test(
    "a few workers on any machine, and no more than gain something",
    arguments: [(-1, 4), (0, 4), (1, 4), (2, 4), (6, 6), (8, 8), (128, 8)]
  )
  func processors(count: Int, workers: Int) {
    #expect(layout(memory: 8 << 20, jobs: nil, processors: count).workers == workers)
  }

  @Test("no more workers than pages", arguments: [4096, 8191, 8192, 65_536])
  func fewPages(memory: Int) {
    let layout = layout(memory: memory, jobs: 256)
    #expect(layout.workers == memory / 4096)
    #expect(layout.blocks == memory / 4096 && layout.blockBytes == 4096)
    #expect(layout.workersWanted == 256 && layout.bound == .memory)
    #expect(self.layout(memory: memory, jobs: 1).bound == nil)
  }

  @Test(
    "what may be open fits the limit on descriptors",
    arguments: [256, 512, 1024, 4096, 65_536]
  )
  func descriptors(limit: Int) {
    for jobs in [1, 2, 4, 8] {
      for memory in Self.memories {
        let layout = layout(memory: memory, jobs: jobs, descriptors: limit)
        // Each file and each directory is open on both sides.
        let open =
          2 * (layout.workers * layout.filesMax + layout.directoriesMax) + layout.settlingMax
        #expect(open + RunLimits.descriptorsReserved <= limit, "\(layout)")
        let seeking = self.layout(
          memory: memory,
          jobs: jobs,
          disks: DiskTraits(sourceSeeks: true, targetSeeks: true),
          descriptors: limit
        )
        let gathered = seeking.workers * (2 * seeking.batchDirectoriesMax + seeking.heldMax)
        let openThere =
          2 * (seeking.workers * seeking.filesMax + seeking.directoriesMax) + seeking.settlingMax
        #expect(openThere + gathered + RunLimits.descriptorsReserved <= limit, "\(seeking)")
      }
    }
  }

  @Test(
    "many workers fit few descriptors",
    arguments: [16, 64, 256],
    [64, 128, 256, 1024, 4096]
  )
  func manyWorkers(jobs: Int, limit: Int) {
    let layout = layout(memory: 8 << 20, jobs: jobs, descriptors: limit)
    // Files in flight may hold their directories too, and each worker has a ring.
    #expect((layout.bound == .descriptors) == (layout.workers < jobs))
    let files = 2 * layout.workers * layout.filesMax
    let open = 2 * (files + layout.directoriesMax) + layout.settlingMax + layout.workers
    #expect(open <= limit, "\(layout)")
  }

  @Test("more memory than a ring can register", arguments: [16 << 30, 17 << 30, 32 << 30])
  func muchMemory(memory: Int) {
    let layout = layout(memory: memory, jobs: 1, descriptors: 1024)
    #expect(layout.blocks <= BufferPool.countMax)
  }

  @Test("more descriptors than buffers need are left to directories")
  func directories() {
    let layout = layout(memory: 8 << 20, jobs: 4, descriptors: 65_536)
    #expect(layout.filesMax == 64 && layout.settlingMax == 8192)
    #expect(layout.directoriesMax > 10_000)
  }

  @Test(
    "blocks are whole rows of an array, as far as there is memory for two",
    arguments: [
      (0, 1_048_576), (262_144, 1_048_576), (196_608, 983_040), (4_194_304, 4_194_304),
      (8_388_608, 1_048_576),
    ] as [(Int, Int)]
  )
  func stripes(stripe: Int, blockBytes: Int) {
    var disks = DiskTraits()
    disks.stripeBytes = stripe
    let layout = RunLimits(CopyOptions(), disks: disks, processors: 1, descriptors: 65_536)
    // Four workers have 2 MiB each.
    var one = CopyOptions()
    one.jobs = 1
    let alone = RunLimits(one, disks: disks, processors: 1, descriptors: 65_536)
    #expect(alone.blockBytes == blockBytes && alone.blocks >= 2)
    #expect(layout.blocks * layout.blockBytes <= 8 << 20)
  }

  @Test("one disk that seeks gets more memory, unless somebody has asked for less")
  func sharedDisk() {
    let disks = DiskTraits(sourceSeeks: true, targetSeeks: true, sharesDisk: true)
    let layout = RunLimits(CopyOptions(), disks: disks, processors: 8, descriptors: 65_536)
    #expect(layout.workers == 1 && layout.blocks == 32 && layout.blockBytes == 2 << 20)
    var options = CopyOptions()
    options.memoryBytes = 4 << 20
    let asked = RunLimits(options, disks: disks, processors: 8, descriptors: 65_536)
    #expect(asked.blocks * asked.blockBytes <= 4 << 20)
  }

  @Test("where no disk seeks there are four workers at least, on btrfs two, and eight at most")
  func workersByFilesystem() {
    for (processors, usual, btrfs) in [(1, 4, 2), (2, 4, 2), (3, 4, 3), (6, 6, 6), (64, 8, 8)] {
      for (kind, expected) in [(FilesystemKind.ext4, usual), (.other, usual), (.btrfs, btrfs)] {
        var disks = DiskTraits()
        disks.targetKind = kind
        let layout = RunLimits(
          CopyOptions(),
          disks: disks,
          processors: processors,
          descriptors: 65_536
        )
        #expect(layout.workers == expected, "\(processors) processors, \(kind)")
      }
    }
  }
}
