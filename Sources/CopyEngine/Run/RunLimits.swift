// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import Storage
internal import SystemPackage
internal import Uring

/// How a run is divided: workers, their buffers, and the descriptors that all may hold.
struct RunLimits: Equatable {
  /// The number of workers, each with a thread, a queue and buffers of its own.
  let workers: Int
  /// How many there would be if nothing stood against it, and what does.
  let workersWanted: Int
  let bound: Bound?
  /// What memory the process may take, and with it the run.
  let memory: MemoryLimits
  /// How many workers help each other to remove trees.
  let removersMax: Int
  /// The buffers that all workers share.
  let blocks: Int
  /// The size of a buffer, in bytes.
  let blockBytes: Int
  /// How many files one worker may have open.
  let filesMax: Int
  /// How many directories may be kept open.
  let directoriesMax: Int
  /// How many files that have their names may be kept open until they are written back.
  let writebackFilesMax: Int
  /// How many small files each worker may hold back after they were read.
  let loadedFilesMax: Int
  /// How many directories each worker may hold open for names that it has gathered.
  let batchDirectoriesMax: Int
  /// How many names each worker may hold back.
  let batchNamesMax: Int
  /// How much each worker's large files may have dirty, in bytes.
  let dirtyBytesMax: UInt64
  /// How much all small files may have dirty, in bytes.
  let smallDirtyBytesMax: Int

  /// Room in a worker's queue for a pair for each buffer, or a read for each file, and some advice,
  /// in requests.
  var queueDepth: Int { min(max(2 * blocks, filesMax) + 16, 4096) }

  /// What allows fewer workers than were wanted.
  enum Bound {
    /// Each needs a page of the buffers.
    case memory
    /// Each needs a few descriptors.
    case descriptors
    /// Each needs some of what the control group may have.
    case controlGroup
    /// Each needs a stack.
    case addressSpace
  }

  /// More than this gains nothing: a disk takes requests of 1 MiB at full speed.
  static let blockBytesMax = 1 << 20
  /// Where one disk is read and written, a file has so many bytes on their way in its 32 blocks,
  /// and the ways between source and target take a few per cent of the time.
  static let blockBytesMaxOfSharedDisk = 2 << 20
  /// What the buffers take if nobody has asked for another figure, in bytes.
  static let memoryBytesDefault = 8 << 20
  /// The same where one disk is read and written.
  static let memoryBytesDefaultOfSharedDisk = 64 << 20
  /// Enough to keep a disk busy with one file.
  static let blocksWanted = 8
  /// Where the rate is limited, a second has so many blocks at the least, as far as pages allow it.
  static let blocksPerSecondMin = 8
  /// What each worker needs to keep reads and writes in flight together.
  static let blocksOfWorker = 2
  /// More workers than this only wait for the same locks of the filesystem.
  static let workersDefaultMax = 8
  /// Some wait for metadata from the disk while others compute.
  static let workersDefaultMin = 4
  /// On btrfs they wait for each other at its trees instead, and more than there are processors
  /// slow it down.
  static let workersDefaultMinOnBtrfs = 2
  /// Dirty data of all large files together, in bytes.
  static let dirtyBytesOfRun: UInt64 = 32 << 20
  /// Beyond this many files a batch of them gains nothing more.
  static let writebackFilesWanted = 8192
  /// More small files than this fill 8 MiB.
  static let loadedFilesWanted = 2048
  /// More directories than this need no shorter ways between them.
  static let batchDirectoriesWanted = 4096
  static let pageBytes = 4096
  /// Buffers, dirty data of large files and that of small ones take so much of the memory that the
  /// control group may have; the rest is for the kernel, the program and what is just read.
  static let shareOfMemory = 8
  /// Open files and directories, and names, take so much of it each.
  static let shareOfMemoryOfEntries = 16
  /// What the kernel keeps for an open file or directory, and the program, in bytes.
  static let bytesOfOpenFile = 4096
  /// What a name takes that is held back, with what is known of it, in bytes.
  static let bytesOfName = 400
  /// What a worker takes beside the buffers, in bytes.
  static let bytesOfWorker = 4 << 20
  /// What a run maps beside buffers and stacks at the least, and what each further worker does, in
  /// bytes.
  static let addressBytesMin = 8 << 20
  static let addressBytesOfWorker = 6 << 20
  /// Smaller buffers than this, in bytes, are for who asks for them.
  static let memoryBytesDefaultMin = 64 << 10
  /// Descriptors that a run asks for at the most; more would be for trees deeper than 10,000.
  static let descriptorsMax = 65_536
  /// Small files whose reads are in flight together: enough for the queue of a fast disk.
  static let filesWanted = 64
  /// The same where a disk seeks: neighbours that are asked for together become one request.
  static let filesWantedBySeeks = 256
  /// Descriptors for standard streams, operands and what the process around may hold.
  static let descriptorsReserved = 32
  /// A ring, and both sides of the directory being read, of one on the way to it, of one that holds
  /// the first name of a hard link, and of one being given its metadata.
  static let descriptorsOfWorker = 9
  /// Both sides of a file, and of its directory where that is not kept open.
  static let descriptorsOfFile = 4

  /// How many files may be open; where the process is there for the run, after the limit was raised
  /// as far as a run has use for it (`setrlimit`).
  static func descriptorLimit(_ process: ProcessUse) -> Int {
    ProcessFacts.raiseDescriptorLimit(to: process == .own ? descriptorsMax : 0)
  }

  /// Divides a run.
  ///
  /// A disk that seeks gets one worker: four took ten times as long there for small files.
  init(
    _ options: TransferOptions,
    disks: DiskTraits,
    processors: Int = ProcessFacts.processors,
    descriptors: Int,
    memory: MemoryLimits = .none
  ) {
    self.memory = memory
    let fitting = min(max(processors, Self.workersMin(disks)), Self.workersDefaultMax)
    let wanted = options.jobs ?? (disks.seek ? 1 : fitting)
    let available = max(0, descriptors - Self.descriptorsReserved)
    let memoryBytes =
      options.memoryBytes
      ?? min(Self.memoryBytesDefault(disks, memory), options.allocationBytesMax ?? .max)
    // The least that a worker can do anything with is one page and one file.
    let pages = memoryBytes / Self.pageBytes
    let openable = available / (Self.descriptorsOfWorker + Self.descriptorsOfFile)
    let allowed: [(bound: Bound, workers: Int)] = [
      (.memory, pages), (.descriptors, openable),
      (.controlGroup, memory.controlGroupBytes.map { $0 / Self.bytesOfWorker } ?? wanted),
      (.addressSpace, Self.workersMapped(memory, memoryBytes) ?? wanted),
    ]
    let least = allowed.min { $0.workers < $1.workers } ?? (.memory, wanted)
    workers = max(1, min(wanted, least.workers))
    removersMax = Self.removersMax(disks, workers: workers, processors: processors)
    workersWanted = wanted
    bound = workers >= wanted ? nil : least.bound
    let blocksWanted = max(Self.blocksWanted, Self.blocksOfWorker * workers)
    let blockBytesMax = disks.sharesDisk ? Self.blockBytesMaxOfSharedDisk : Self.blockBytesMax
    let paced = options.bytesPerSecond.map { $0 / Self.blocksPerSecondMin } ?? blockBytesMax
    let bytes = min(memoryBytes / blocksWanted, blockBytesMax, paced)
    let unit = Self.unit(stripe: disks.stripeBytes, blockBytesWanted: bytes, memoryBytes / workers)
    blockBytes = max(unit.roundedDown(to: Self.pageBytes), Self.pageBytes)
    blocks = max(1, min(memoryBytes / blockBytes, BufferPool.countMax))
    let rest = available - workers * Self.descriptorsOfWorker
    let openMax = memory.entriesMax(ofBytes: Self.bytesOfOpenFile)
    let filesOfHalf = rest / 2 / workers / Self.descriptorsOfFile
    filesMax = max(1, min(disks.seek ? Self.filesWantedBySeeks : Self.filesWanted, filesOfHalf))
    var unused = rest - workers * filesMax * Self.descriptorsOfFile
    loadedFilesMax =
      disks.targetSeeks
      ? max(1, min(unused / 8 / workers, openMax / workers, Self.loadedFilesWanted)) : 1
    let writtenTogether = disks.targetSeeks ? min(loadedFilesMax, AioWriteBatch.countMax) : 0
    unused = max(0, unused - workers * (loadedFilesMax + writtenTogether))
    writebackFilesMax = max(0, min(unused / 2, openMax, Self.writebackFilesWanted))
    let batched =
      disks.seek ? min((unused - writebackFilesMax) / 4 / workers, Self.batchDirectoriesWanted) : 0
    batchDirectoriesMax = max(1, min(batched, openMax / workers))
    directoriesMax = max(1, min((unused - writebackFilesMax) / 2 - batched * workers, openMax))
    batchNamesMax = max(1, memory.entriesMax(ofBytes: Self.bytesOfName) / workers)
    smallDirtyBytesMax = memory.controlGroupBytes.map { $0 / Self.shareOfMemory } ?? .max
    dirtyBytesMax = min(Self.dirtyBytesOfRun, UInt64(smallDirtyBytesMax)) / UInt64(workers)
  }

  /// What the buffers take if nobody has asked for another figure, in bytes.
  private static func memoryBytesDefault(_ disks: DiskTraits, _ memory: MemoryLimits) -> Int {
    let wanted = disks.sharesDisk ? memoryBytesDefaultOfSharedDisk : memoryBytesDefault
    let given = [memory.controlGroupBytes, memory.addressBytes].compactMap { $0 }.min() ?? .max
    return min(wanted, max(given / shareOfMemory, memoryBytesDefaultMin))
  }

  /// How many workers may be mapped, with the thread that writes back and the one that watches
  /// disks; none where there is not room enough for one.
  private static func workersMapped(_ memory: MemoryLimits, _ memoryBytes: Int) -> Int? {
    memory.addressBytes.map { left in
      let (stack, fixed) = (MemoryLimits.stackBytes, addressBytesMin + memoryBytes)
      let rest = left - fixed - 2 * stack
      return rest < 0 ? 0 : 1 + rest / (stack + addressBytesOfWorker)
    }
  }

  /// Those of the limits on memory that make the run take less than it would.
  var followedMemory: MemoryLimits {
    func isFollowed(_ bytes: Int) -> Bool { bytes / Self.shareOfMemory < Self.memoryBytesDefault }
    return MemoryLimits(
      controlGroupBytes: memory.controlGroupBytes.flatMap { isFollowed($0) ? $0 : nil },
      addressBytes: memory.addressBytes.flatMap { isFollowed($0) ? $0 : nil }
    )
  }

  /// Gets the memory for the buffers.
  func makePool() throws(CopyError) -> BufferPool {
    do throws(Errno) {
      // A run that finds no memory for anything else would not come to an end.
      if Self.workersMapped(memory, blocks * blockBytes) == 0 { throw .noMemory }
      return try BufferPool(count: blocks, bytesEach: blockBytes)
    } catch {
      throw CopyError(.allocateBuffers, FilePath(), error, .memory)
    }
  }

  /// How many workers there are by default at least, where no disk seeks.
  static func workersMin(_ disks: DiskTraits) -> Int {
    disks.targetKind == .btrfs ? workersDefaultMinOnBtrfs : workersDefaultMin
  }

  /// On XFS to remove a name and to free its inode in the background both take the lock of a group
  /// of inodes, so that more than there are processors only wait; on btrfs all wait for one tree.
  private static func removersMax(_ disks: DiskTraits, workers: Int, processors: Int) -> Int {
    switch disks.targetKind {
    case .btrfs: 1
    case .xfs: min(workers, max(1, processors))
    default: workers
    }
  }

  /// How many of the workers that wait may help to remove trees; those that do something else count
  /// as if they did.
  ///
  /// - Parameter waiting: How many wait.
  /// - Returns: How many of them may.
  func helpersToRemove(of waiting: Int) -> Int { max(0, waiting - (workers - removersMax)) }

  /// The size of a block for an array: whole rows, so that none has to be read before it is written
  /// again with its parity.
  private static func unit(stripe: Int, blockBytesWanted wanted: Int, _ memoryBytes: Int) -> Int {
    guard stripe > 0, stripe <= memoryBytes / blocksOfWorker else { return wanted }
    return stripe > wanted ? stripe : wanted.roundedDown(to: stripe)
  }
}

extension MemoryLimits {
  /// How many entries of so many bytes the control group has room for.
  fileprivate func entriesMax(ofBytes bytes: Int) -> Int {
    controlGroupBytes.map { max(1, $0 / RunLimits.shareOfMemoryOfEntries / bytes) } ?? .max
  }
}
