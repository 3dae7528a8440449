// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import Glibc

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
  /// Descriptors for standard streams, rings and what the process around may hold.
  static let descriptorsReserved = 64

  /// Divides a run.
  ///
  /// A disk that seeks gets one worker: four took ten times as long there for small files.
  init(
    _ options: CopyOptions,
    disks: [Device],
    processors: Int = sysconf(Int32(_SC_NPROCESSORS_ONLN)),
    descriptors: Int = Int(cl_raise_descriptor_limit(Self.descriptorsMax))
  ) {
    let seeks = disks.contains { $0.isRotational == true }
    let wanted = options.jobs ?? (seeks ? 1 : max(1, processors))
    // The least that a worker can do anything with is one page.
    workers = max(1, min(wanted, options.memoryBytes / Self.pageBytes))
    let share = options.memoryBytes / workers
    let bytes = min(share / Self.blocksWanted, Self.blockBytesMax) / Self.pageBytes * Self.pageBytes
    blockBytes = max(bytes, Self.pageBytes)
    blocks = max(1, share / blockBytes)
    // Files beyond those with a buffer are settling: their last window is on its way to the disk.
    let forWorkers = (descriptors - Self.descriptorsReserved) / 2 / workers
    filesMax = max(1, min(max(8, 2 * blocks), 64, forWorkers / 2))
    directoriesMax = max(
      8,
      (descriptors - Self.descriptorsReserved - workers * filesMax * 2) / 4
    )
  }
}
