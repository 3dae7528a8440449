// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import Glibc
internal import Uring

/// How a run is divided: workers, their buffers, and the descriptors that all may hold.
struct WorkLayout: Equatable {
  /// The number of workers, each with a thread, a queue and buffers of its own.
  let workers: Int
  /// The buffers of one worker.
  let blocks: Int
  /// The size of a buffer, in bytes.
  let blockBytes: Int
  /// How many files one worker may have open.
  let filesMax: Int
  /// How many directories may be kept open.
  let directoriesMax: Int

  /// More than this gains nothing: a disk takes requests of 1 MiB at full speed.
  static let blockBytesMax = 1 << 20
  /// Enough to keep reads and writes of one file in flight together.
  static let blocksWanted = 4
  static let pageBytes = 4096
  /// Descriptors that a run asks for at the most; more would be for trees deeper than 10,000.
  static let descriptorsMax: UInt64 = 65_536
  /// Descriptors for standard streams, operands and what the process around may hold.
  static let descriptorsReserved = 32
  /// A ring, and both sides of the directory being read, of one on the way to it, of one that holds
  /// the first name of a hard link, and of one being given its metadata.
  static let descriptorsOfWorker = 9
  /// Both sides of a file, and of its directory where that is not kept open.
  static let descriptorsOfFile = 4

  /// Raises the limit on open files as far as a run has use for it, and returns it (`setrlimit`).
  static func raiseDescriptorLimit() -> Int {
    Int(cl_raise_descriptor_limit(descriptorsMax))
  }

  /// Divides a run.
  ///
  /// A disk that seeks gets one worker: four took ten times as long there for small files.
  init(
    _ options: CopyOptions,
    disks: [Device],
    processors: Int = sysconf(Int32(_SC_NPROCESSORS_ONLN)),
    descriptors: Int
  ) {
    let seeks = disks.contains { $0.isRotational == true }
    let wanted = options.jobs ?? (seeks ? 1 : max(1, processors))
    let available = max(0, descriptors - Self.descriptorsReserved)
    // The least that a worker can do anything with is one page and one file.
    workers = max(
      1,
      min(
        wanted,
        options.memoryBytes / Self.pageBytes,
        available / (Self.descriptorsOfWorker + Self.descriptorsOfFile)
      )
    )
    let share = options.memoryBytes / workers
    let bytes = min(share / Self.blocksWanted, Self.blockBytesMax) / Self.pageBytes * Self.pageBytes
    blockBytes = max(bytes, Self.pageBytes)
    blocks = max(1, min(share / blockBytes, BufferPool.countMax))
    // Files beyond those with a buffer are settling: their last window is on its way to the disk.
    let rest = available - workers * Self.descriptorsOfWorker
    let filesOfHalf = rest / 2 / workers / Self.descriptorsOfFile
    filesMax = max(1, min(max(8, 2 * blocks), 64, filesOfHalf))
    directoriesMax = max(1, (rest - workers * filesMax * Self.descriptorsOfFile) / 2)
  }
}
