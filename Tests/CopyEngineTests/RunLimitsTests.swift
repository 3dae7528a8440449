// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Uring

@testable import CopyEngine
@testable import Storage

@Suite("How a run is divided")
struct RunLimitsTests {
  static let memories = [64 << 10, 100_000, 1 << 20, 3_333_333, 8 << 20, 64 << 20, 1 << 30]
  static let jobs = [1, 2, 3, 4, 7, 8, 16, 17, 64, 100, 255, 256]
  static let limits = [0, 64, 100, 256, 1024, 4096, 65_536]

  private func limits(
    memory: Int,
    jobs: Int?,
    disks: DiskTraits = DiskTraits(),
    processors: Int = 4,
    descriptors: Int = 65_536
  ) -> RunLimits {
    var options = TransferOptions()
    options.memoryBytes = memory
    options.jobs = jobs
    return RunLimits(
      options,
      disks: disks,
      processors: processors,
      descriptors: descriptors
    )
  }

  @Test("buffers take no more than may be allocated, and blocks no more than the rate allows")
  func allocationAndRate() {
    var options = TransferOptions()
    options.allocationBytesMax = 1 << 20
    let limits = RunLimits(options, disks: .none, processors: 4, descriptors: 65_536)
    #expect(limits.blocks * limits.blockBytes <= 1 << 20)
    for (rate, blockBytes) in [(1024, 4096), (1 << 20, 128 << 10), (1 << 30, 1 << 20)] {
      options = TransferOptions()
      options.bytesPerSecond = rate
      let limits = RunLimits(options, disks: .none, processors: 4, descriptors: 65_536)
      #expect(limits.blockBytes == blockBytes)
    }
  }

  @Test("buffers never take more than the memory that is allowed", arguments: memories)
  func memory(memory: Int) {
    for jobs in Self.jobs {
      for descriptors in Self.limits {
        let limits = limits(memory: memory, jobs: jobs, descriptors: descriptors)
        #expect(limits.blocks * limits.blockBytes <= memory, "\(limits)")
        #expect(limits.workers >= 1 && limits.workers <= jobs)
        #expect(limits.blocks >= 1 && limits.blocks <= BufferPool.countMax)
        #expect(limits.blockBytes >= 4096 && limits.blockBytes <= 1 << 20)
        #expect(limits.blockBytes % 4096 == 0)
        #expect(limits.filesMax >= 1 && limits.directoriesMax >= 1)
        // Most of what is allowed is used: less than a block is left.
        #expect((limits.blocks + 1) * limits.blockBytes > memory, "\(limits)")
        #expect(limits.dirtyBytesMax * UInt64(limits.workers) <= RunLimits.dirtyBytesOfRun)
      }
    }
  }

  @Test("the default is 8 blocks of 1 MiB for all, and for many workers two each")
  func defaults() {
    let one = limits(memory: 8 << 20, jobs: 1)
    #expect(one.workers == 1 && one.blocks == 8 && one.blockBytes == 1 << 20)
    let four = limits(memory: 8 << 20, jobs: nil)
    #expect(four.workers == 4 && four.blocks == 8 && four.blockBytes == 1 << 20)
    let eight = limits(memory: 8 << 20, jobs: 8)
    #expect(eight.workers == 8 && eight.blocks == 16 && eight.blockBytes == 512 << 10)
  }

  @Test(
    "one worker where a disk seeks, else one for each processor",
    arguments: [(true, true, 1), (true, false, 1), (false, true, 1), (false, false, 4)]
  )
  func seeking(source: Bool, target: Bool, workers: Int) {
    let disks = DiskTraits(sourceSeeks: source, targetSeeks: target)
    #expect(limits(memory: 8 << 20, jobs: nil, disks: disks).workers == workers)
    #expect(limits(memory: 8 << 20, jobs: 3, disks: disks).workers == 3, "who asks gets it")
  }

  @Test(
    "a few workers on any machine, and no more than gain something",
    arguments: [(-1, 4), (0, 4), (1, 4), (2, 4), (6, 6), (8, 8), (128, 8)]
  )
  func processors(count: Int, workers: Int) {
    #expect(limits(memory: 8 << 20, jobs: nil, processors: count).workers == workers)
  }

  @Test("no more workers than pages", arguments: [4096, 8191, 8192, 65_536])
  func fewPages(memory: Int) {
    let limits = limits(memory: memory, jobs: 256)
    #expect(limits.workers == memory / 4096)
    #expect(limits.blocks == memory / 4096 && limits.blockBytes == 4096)
    #expect(limits.workersWanted == 256 && limits.bound == .memory)
    #expect(self.limits(memory: memory, jobs: 1).bound == nil)
  }

  @Test(
    "what may be open fits the limit on descriptors",
    arguments: [256, 512, 1024, 4096, 65_536]
  )
  func descriptors(limit: Int) {
    for jobs in [1, 2, 4, 8] {
      for memory in Self.memories {
        let limits = limits(memory: memory, jobs: jobs, descriptors: limit)
        // Each file and each directory is open on both sides.
        let open =
          2 * (limits.workers * limits.filesMax + limits.directoriesMax) + limits.writebackFilesMax
        #expect(open + RunLimits.descriptorsReserved <= limit, "\(limits)")
        let seeking = self.limits(
          memory: memory,
          jobs: jobs,
          disks: DiskTraits(sourceSeeks: true, targetSeeks: true),
          descriptors: limit
        )
        let gathered = seeking.workers * (2 * seeking.batchDirectoriesMax + seeking.loadedFilesMax)
        let openThere =
          2 * (seeking.workers * seeking.filesMax + seeking.directoriesMax)
          + seeking.writebackFilesMax
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
    let limits = limits(memory: 8 << 20, jobs: jobs, descriptors: limit)
    // Files in flight may hold their directories too, and each worker has a ring.
    #expect((limits.bound == .descriptors) == (limits.workers < jobs))
    let files = 2 * limits.workers * limits.filesMax
    let open = 2 * (files + limits.directoriesMax) + limits.writebackFilesMax + limits.workers
    #expect(open <= limit, "\(limits)")
  }

  @Test("more memory than a ring can register", arguments: [16 << 30, 17 << 30, 32 << 30])
  func muchMemory(memory: Int) {
    let limits = limits(memory: memory, jobs: 1, descriptors: 1024)
    #expect(limits.blocks <= BufferPool.countMax)
  }

  @Test("more descriptors than buffers need are left to directories")
  func directories() {
    let limits = limits(memory: 8 << 20, jobs: 4, descriptors: 65_536)
    #expect(limits.filesMax == 64 && limits.writebackFilesMax == 8192)
    #expect(limits.directoriesMax > 10_000)
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
    let limits = RunLimits(TransferOptions(), disks: disks, processors: 1, descriptors: 65_536)
    // Four workers have 2 MiB each.
    var one = TransferOptions()
    one.jobs = 1
    let alone = RunLimits(one, disks: disks, processors: 1, descriptors: 65_536)
    #expect(alone.blockBytes == blockBytes && alone.blocks >= 2)
    #expect(limits.blocks * limits.blockBytes <= 8 << 20)
  }

  @Test("one disk that seeks gets more memory, unless somebody has asked for less")
  func sharedDisk() {
    let disks = DiskTraits(sourceSeeks: true, targetSeeks: true, sharesDisk: true)
    let limits = RunLimits(TransferOptions(), disks: disks, processors: 8, descriptors: 65_536)
    #expect(limits.workers == 1 && limits.blocks == 32 && limits.blockBytes == 2 << 20)
    var options = TransferOptions()
    options.memoryBytes = 4 << 20
    let asked = RunLimits(options, disks: disks, processors: 8, descriptors: 65_536)
    #expect(asked.blocks * asked.blockBytes <= 4 << 20)
  }

  private func limits(onto kind: FilesystemKind, processors: Int) -> RunLimits {
    var disks = DiskTraits()
    disks.targetKind = kind
    return RunLimits(
      TransferOptions(),
      disks: disks,
      processors: processors,
      descriptors: 65_536
    )
  }

  @Test("where no disk seeks there are four workers at least, on btrfs two, and eight at most")
  func workersByFilesystem() {
    for (processors, usual, btrfs) in [(1, 4, 2), (2, 4, 2), (3, 4, 3), (6, 6, 6), (64, 8, 8)] {
      for (kind, expected) in [(FilesystemKind.ext4, usual), (.other, usual), (.btrfs, btrfs)] {
        let limits = limits(onto: kind, processors: processors)
        #expect(limits.workers == expected, "\(processors) processors, \(kind)")
      }
    }
  }

  @Test("no more workers help to remove trees than the target's filesystem lets go on at once")
  func removers() {
    for (kind, processors, waiting, expected) in [
      (FilesystemKind.ext4, 2, 3, 3), (.xfs, 2, 3, 1), (.xfs, 2, 2, 0), (.xfs, 8, 7, 7),
      (.xfs, 64, 5, 5), (.btrfs, 2, 1, 0), (.btrfs, 8, 7, 0), (.other, 2, 0, 0),
    ] {
      let limits = limits(onto: kind, processors: processors)
      #expect(limits.helpersToRemove(of: waiting) == expected, "\(kind), \(processors)")
    }
  }

  @Test("buffers, workers and what is dirty follow the control group", arguments: [1, 4, 16, 24])
  func controlGroup(_ megabytes: Int) {
    let bytes = megabytes << 20
    for disks in [DiskTraits(), DiskTraits(sourceSeeks: true, targetSeeks: true, sharesDisk: true)]
    {
      let limits = RunLimits(
        TransferOptions(),
        disks: disks,
        processors: 8,
        descriptors: 65_536,
        memory: MemoryLimits(controlGroupBytes: bytes)
      )
      #expect(limits.blocks * limits.blockBytes <= bytes / 8 && limits.blocks >= 8)
      #expect(limits.workers == (disks.seek ? 1 : max(1, megabytes / 4)))
      #expect(limits.smallDirtyBytesMax <= bytes / 8)
      #expect(limits.dirtyBytesMax * UInt64(limits.workers) <= UInt64(bytes / 8))
      let files = limits.writebackFilesMax + limits.loadedFilesMax * limits.workers
      #expect(files * RunLimits.bytesOfOpenFile <= bytes / 8 + (1 << 16))
      #expect(limits.followedMemory == limits.memory)
    }
  }

  @Test("where much memory is allowed it is as if there were no limit")
  func wideControlGroup() {
    let memory = MemoryLimits(controlGroupBytes: 1 << 30, addressBytes: 1 << 40)
    let limits = RunLimits(
      TransferOptions(),
      disks: DiskTraits(),
      processors: 4,
      descriptors: 65_536,
      memory: memory
    )
    let usual = self.limits(memory: 8 << 20, jobs: nil)
    #expect(limits.blocks == usual.blocks && limits.blockBytes == usual.blockBytes)
    #expect(limits.workers == usual.workers && limits.bound == nil)
    #expect(limits.dirtyBytesMax == usual.dirtyBytesMax)
    #expect(limits.writebackFilesMax == usual.writebackFilesMax)
    #expect(limits.followedMemory == .none)
  }

  @Test("a run that may map too little does not begin, and any other has room for its workers")
  func addressSpace() {
    for megabytes in 0..<200 {
      let limits = RunLimits(
        TransferOptions(),
        disks: DiskTraits(),
        processors: 8,
        descriptors: 65_536,
        memory: MemoryLimits(addressBytes: megabytes << 20)
      )
      let (stack, buffers) = (MemoryLimits.stackBytes, limits.blocks * limits.blockBytes)
      let threads = 2 * stack + (limits.workers - 1) * (stack + RunLimits.addressBytesOfWorker)
      let isEnough = buffers + RunLimits.addressBytesMin + threads <= megabytes << 20
      if isEnough {
        #expect(throws: Never.self) { _ = try limits.makePool() }
      } else {
        #expect(limits.workers == 1)
        #expect(throws: CopyError.self) { _ = try limits.makePool() }
      }
    }
  }
}
