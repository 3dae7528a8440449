// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree
internal import Glibc
internal import SystemPackage
internal import Uring

/// The moving of a device's data, and what came of it.
struct DeviceRun {
  /// How the target is written.
  struct Writing {
    var transfer = FileTask.Transfer()
    /// Whether it is paced, and dropped from the cache.
    var isAdvised = false
    var skipsZeros = false
  }

  let plan: CopyPlan
  private let source: (path: FilePath, number: Int32, size: UInt64, sectorBytes: Int)
  private let metadata: EntryMetadata
  private let target: FilePath
  private let observer: any CopyObserver
  private(set) var report = CopyReport()
  /// Whether all data arrived.
  private(set) var isComplete = false

  init(
    plan: CopyPlan,
    source: borrowing DeviceEnd,
    target: FilePath,
    observer: any CopyObserver
  ) {
    self.plan = plan
    self.source = (source.path, source.descriptor.rawValue, source.size, source.sectorBytes)
    metadata = source.metadata
    self.target = target
    self.observer = observer
    report.entriesVisited = 1
    report.bytesVisited = source.size
  }

  /// What a dry run says.
  var dryReport: CopyReport {
    var report = report
    report.filesCopied = 1
    return report
  }

  /// Reports a failure, and ends the run.
  mutating func fail(_ error: CopyError) {
    isComplete = false
    report.failures += 1
    report.filesCopied = 0
    if error.severity == .stop { report.stop = .failure }
    observer.failed(error)
  }

  /// Directly, if it is all whole sectors; the cache of a device is dropped behind it otherwise.
  func writing(ofDevice target: borrowing DeviceEnd) -> Writing {
    let isWhole = source.size % UInt64(target.sectorBytes) == 0
    switch plan.options.writing {
    case .keep: return Writing()
    case .auto, .direct:
      guard isWhole, cl_set_direct(target.descriptor.rawValue, 1) == 0 else { fallthrough }
      return Writing(transfer: FileTask.Transfer(alignment: target.sectorBytes))
    case .advise, .dontcache: return Writing(isAdvised: true)
    }
  }

  /// Through the cache where zeros become holes, since direct writes into holes wait for each other.
  func writing(ofImage target: Int32) -> Writing {
    let skipsZeros = plan.options.preservation.contains(.holes)
    let isAdvised = plan.options.writing != .keep
    return Writing(isAdvised: isAdvised, skipsZeros: skipsZeros)
  }

  /// How the source is read: a device directly, a file as the table of the run has it.
  private func reading(_ layout: WorkLayout, _ disks: RunDisks) -> FileTask.Transfer {
    let mode = plan.options.reading
    guard source.sectorBytes > 0 else {
      let table = AccessTable(plan.options, blockBytes: layout.blockBytes, disks: disks)
      let device = metadata.identity.device
      let (access, _) = table.access(.reading, device: device, descriptor: source.number)
      guard access.mode == .direct, cl_set_direct(source.number, 1) == 0 else {
        return FileTask.Transfer()
      }
      return access.transfer
    }
    guard mode == .auto || mode == .direct, layout.blockBytes % source.sectorBytes == 0,
      cl_set_direct(source.number, 1) == 0
    else { return FileTask.Transfer() }
    return FileTask.Transfer(alignment: source.sectorBytes)
  }

  /// Moves all data of the source to an open target.
  mutating func move(
    to number: Int32,
    _ writing: Writing,
    _ places: [PlaceOnDisk],
    _ descriptors: Int,
    _ isStopRequested: @escaping () -> Bool
  ) throws(CopyError) {
    let disks = RunDisks(places)
    var options = plan.options
    options.jobs = 1
    let layout = WorkLayout(options, disks: disks, descriptors: descriptors)
    if options.explains {
      for line in explanation(of: layout, places, disks, options) { observer.explained(line) }
    }
    guard !options.isDryRun else { return report = dryReport }
    let pool: BufferPool
    do throws(Errno) {
      pool = try BufferPool(count: layout.blocks, bytesEach: layout.blockBytes)
    } catch {
      throw CopyError("cannot get memory for buffers", "--memory", error, .memory)
    }
    let task = task(number, writing, layout, disks)
    if options.explains {
      let ways = [("reading", task.reading), ("writing", task.writing)]
      for (direction, transfer) in ways {
        observer.explained(
          "\(direction): \(transfer.isDirect ? "direct" : "through the page cache")"
        )
      }
    }
    let watch = StallWatch(places, observer: observer)
    let watching = watch.start()
    defer { watch.stop(watching) }
    let mover = DeviceMover(task: task, pool: pool, disks: disks, isStopRequested: isStopRequested)
    take(try mover.move(options.engine, observer))
  }

  private func task(
    _ target: Int32,
    _ writing: Writing,
    _ layout: WorkLayout,
    _ disks: RunDisks
  ) -> FileTask.Plan {
    let map: DataMap =
      source.sectorBytes > 0
      ? .whole(source.size) : DataMap(of: source.number, metadata, keepsHoles: true)
    var task = FileTask.Plan(source: source.number, target: target, map: map)
    if source.size == 0 { task.map = .sparse(0) }
    task.reading = reading(layout, disks)
    task.writing = writing.transfer
    task.skipsZeros = writing.skipsZeros
    let isCached = plan.options.reading == .keep || task.reading.isDirect
    let pageBytes = UInt64(sysconf(Int32(_SC_PAGESIZE)))
    let residency =
      isCached
      ? Residency.unknown : Residency(of: source.number, size: source.size, pageBytes: pageBytes)
    if source.size > 0 && (writing.isAdvised || residency != .unknown) {
      task.advisor = CacheAdvisor(
        size: source.size,
        residency: residency,
        pacesTarget: writing.isAdvised
      )
    }
    return task
  }

  private mutating func take(_ outcome: FileTask.Outcome) {
    switch outcome {
    case .copied(let bytes):
      report.bytesWritten = bytes
      report.filesCopied = 1
      isComplete = true
    case .failed(.stopped):
      report.stop = .interrupted
    case .failed(.read(let errno)):
      fail(CopyError("cannot read", source.path, errno, .entry))
    case .failed(.sourceEnded(let offset)):
      fail(CopyError("ended at \(offset) of \(source.size) bytes", source.path, nil, .entry))
    case .failed(.write(let errno)), .notWrittenBack(let errno), .notAllocated(let errno):
      fail(.target("cannot write", target, errno))
    case .failed(.wroteNothing), .loaded:
      fail(.target("cannot write", target, .ioError))
    }
  }
}
