// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree
internal import Glibc
internal import SystemPackage
internal import Uring

/// The moving of a device's data, and what came of it.
struct DeviceRun {
  /// What is read.
  private struct Source {
    let path: FilePath
    let number: Int32
    let size: UInt64
    let isDevice: Bool
    let metadata: EntryMetadata
  }

  let plan: CopyPlan
  private let source: Source
  private let target: FilePath
  private let observer: any CopyObserver
  private let places: [PlaceOnDisk]
  private let disks: RunDisks
  private let layout: WorkLayout
  private let reading: DeviceAccess
  private var counted = CopyReport()
  /// Whether all data arrived.
  private(set) var isComplete = false
  /// Whether a target device does not have any more what it had.
  private var hasBegun = false

  /// Prepares the copy of an open source.
  init(
    plan: CopyPlan,
    source: borrowing DeviceEnd,
    target: FilePath,
    places: [PlaceOnDisk],
    descriptors: Int,
    observer: any CopyObserver
  ) {
    self.plan = plan
    self.source = Source(
      path: source.path,
      number: source.descriptor.rawValue,
      size: source.size,
      isDevice: source.isDevice,
      metadata: source.metadata
    )
    self.target = target
    self.observer = observer
    self.places = places
    disks = RunDisks(places)
    var options = plan.options
    options.jobs = 1
    layout = WorkLayout(options, disks: disks, descriptors: descriptors)
    let blockBytes = layout.blockBytes
    reading =
      source.isDevice
      ? DeviceAccess(to: source, options.reading, blockBytes: blockBytes)
      : DeviceAccess(
        toRead: source,
        AccessTable(options, blockBytes: blockBytes, disks: disks)
      )
    counted.entriesVisited = 1
    counted.bytesVisited = source.size
  }

  /// What was done until now.
  var report: CopyReport {
    var report = counted
    report.leavesTargetHalfWritten = hasBegun && !isComplete
    return report
  }

  /// How a target device is written.
  func writing(ofDevice target: borrowing DeviceEnd) -> DeviceAccess {
    DeviceAccess(to: target, plan.options.writing, blockBytes: layout.blockBytes)
  }

  private var mover: DeviceMover {
    DeviceMover(options: plan.options, disks: disks, blocks: layout.blocks, observer: observer)
  }

  /// Says how it is done, if that is wanted.
  ///
  /// - Parameters:
  ///   - writing: How the target is written.
  ///   - targetBytes: The size of a target device, or `nil` for an image.
  func explain(_ writing: DeviceAccess, targetBytes: UInt64?) {
    guard plan.options.explains else { return }
    let sizes = [source.isDevice ? source.size : nil, targetBytes]
    let lines =
      zip(places, sizes).flatMap { $0.lines(ofDevice: $1) } + sharing(places)
      + explanation(ofDevice: layout, disks) + [
        "reading \(source.path): \(reading.mode.rawValue) (\(reading.reason))",
        "writing \(target): \(writing.mode.rawValue) (\(writing.reason))",
      ]
    for line in lines { observer.explained(line) }
  }

  /// What a dry run says.
  func dryReport() throws(CopyError) -> CopyReport {
    if plan.options.explains { _ = try mover.ring(explains: true) }
    var report = counted
    report.filesCopied = 1
    return report
  }

  /// Finds out whether io_uring can be had where nothing else will do, before anything is changed.
  func checkEngine() throws(CopyError) {
    if plan.options.engine == .uring { _ = try mover.ring(explains: false) }
  }

  /// The buffers.
  func pool() throws(CopyError) -> BufferPool { try layout.makePool() }

  /// Notes that the target device is being changed from now on.
  mutating func begin() { hasBegun = true }

  /// Reports a failure, and ends the run.
  mutating func fail(_ error: CopyError) {
    isComplete = false
    counted.failures += 1
    counted.filesCopied = 0
    if error.severity == .stop { counted.stop = .failure }
    observer.failed(error)
  }
}

// Moving the data.
extension DeviceRun {
  /// Moves all data of the source to an open target.
  ///
  /// - Parameters:
  ///   - number: The target.
  ///   - writing: How it is written.
  ///   - sectorBytes: What a target device is written in, in bytes; 1 for an image.
  ///   - pool: The buffers.
  ///   - isStopRequested: Whether somebody wants the copy to end.
  /// - Throws: The failure of the queue; what else fails is reported.
  mutating func move(
    to number: Int32,
    _ writing: DeviceAccess,
    sectorBytes: Int,
    _ pool: BufferPool,
    _ isStopRequested: () -> Bool
  ) throws(CopyError) {
    let task = task(number, writing, sectorBytes)
    if plan.options.advisesNoReuse {
      _ = posix_fadvise(source.number, 0, 0, FileAdvice.noReuse)
      _ = posix_fadvise(number, 0, 0, FileAdvice.noReuse)
    }
    let watch = StallWatch(places, observer: observer)
    let watching = watch.start()
    defer { watch.stop(watching) }
    take(try mover.move(task, through: pool, isStopRequested), number)
  }

  private func task(
    _ target: Int32,
    _ writing: DeviceAccess,
    _ sectorBytes: Int
  ) -> FileTask.Plan {
    var task = FileTask.Plan(source: source.number, target: target, map: map)
    task.sectorBytes = UInt64(max(sectorBytes, reading.transfer.alignment))
    task.reading = reading.transfer
    task.writing = writing.transfer
    task.skipsZeros = writing.skipsZeros
    let pageBytes = UInt64(sysconf(Int32(_SC_PAGESIZE)))
    let residency =
      reading.isDropped
      ? Residency(of: source.number, size: source.size, pageBytes: pageBytes) : .unknown
    if source.size > 0 && (writing.isDropped || residency != .unknown) {
      task.advisor = CacheAdvisor(
        size: source.size,
        residency: residency,
        pacesTarget: writing.isDropped
      )
    }
    return task
  }

  private var map: DataMap {
    guard source.size > 0 else { return .sparse(0) }
    guard !source.isDevice else { return .whole(source.size) }
    return DataMap(of: source.number, source.metadata, keepsHoles: true)
  }

  private mutating func take(_ moved: DeviceMover.Moved, _ number: Int32) {
    let place = moved.failedAt.map { " at offset \($0)" } ?? ""
    switch moved.outcome {
    case .copied(let bytes):
      counted.bytesWritten = bytes
      writeEnd(moved.end, number)
    case .failed(.stopped):
      counted.stop = .interrupted
    case .failed(.read(let errno)):
      let place = moved.failedAt.map { " at offset \(firstUnreadable(from: $0))" } ?? ""
      fail(CopyError("cannot read\(place)", source.path, errno, .entry))
    case .failed(.sourceEnded(let offset)):
      fail(CopyError("ended at \(offset) of \(source.size) bytes", source.path, nil, .entry))
    case .failed(.write(let errno)), .notWrittenBack(let errno), .notAllocated(let errno):
      fail(.target("cannot write\(place)", target, errno))
    case .failed(.wroteNothing), .loaded:
      fail(.target("cannot write\(place)", target, .ioError))
    }
  }

  /// Finds the page that could not be read in a request that failed as a whole.
  private func firstUnreadable(from start: UInt64) -> UInt64 {
    _ = cl_set_direct(source.number, 0)
    _ = posix_fadvise(source.number, 0, 0, FileAdvice.random)
    var page = [UInt8](repeating: 0, count: WorkLayout.pageBytes)
    let end = min(start + UInt64(layout.blockBytes), source.size)
    for offset in stride(from: start, to: end, by: page.count) {
      let count = unsafe pread(source.number, &page, page.count, off_t(offset))
      if count < 0 { return offset }
    }
    return start
  }

  /// Writes the last bytes, which are no whole sector, through the cache (`pwrite`): what is behind
  /// them in their sector stays.
  private mutating func writeEnd(_ end: [UInt8], _ number: Int32) {
    if let (offset, errno) = FileEnd.write(end, upTo: source.size, of: number) {
      return fail(.target("cannot write at offset \(offset)", target, errno))
    }
    counted.filesCopied = 1
    isComplete = true
  }
}
