// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree
internal import Glibc
internal import SystemPackage
internal import Uring

/// Copies a whole device to another or to an image, or an image to a device: one long file, without
/// a tree around it.
struct DeviceCopier {
  let plan: CopyPlan
  let observer: any CopyObserver
  let creationMask: UInt32
  let descriptors: Int
  /// Whether somebody wants the copy to end.
  let isStopRequested: () -> Bool

  let mounts = MountTable()

  init(
    plan: CopyPlan,
    observer: any CopyObserver,
    creationMask: UInt32,
    descriptors: Int,
    isStopRequested: @escaping () -> Bool
  ) {
    self.plan = plan
    self.observer = observer
    self.creationMask = creationMask
    self.descriptors = descriptors
    self.isStopRequested = isStopRequested
  }

  /// Carries out the plan.
  ///
  /// - Throws: What kept it from starting; what fails later is reported and counted.
  func copy() throws(CopyError) -> CopyReport {
    let operands = DeviceOperands(plan: plan, mounts: mounts, observer: observer)
    try operands.checkOptions()
    let source = try operands.openSource()
    if DeviceOperands.isDevice(plan.target) {
      let target = try operands.openTarget(for: source)
      operands.warnIfMounted(source)
      return told(try copy(source, to: target), plan.target.lastComponent)
    }
    let (directory, name) = try operands.imagePlace(for: source)
    operands.warnIfMounted(source)
    return told(try copy(source, toImage: EntryName(name), in: directory), name)
  }

  /// The report, after the observer was told the name of what was written.
  private func told(_ report: CopyReport, _ name: FilePath.Component?) -> CopyReport {
    if report.filesCopied > 0, let name {
      observer.updated(EntryUpdate(path: FilePath(root: nil, [name]), kind: .file, isNew: true))
    }
    return report
  }

  /// What a run needs to know of the disks of both sides.
  func run(
    _ source: borrowing DeviceEnd,
    _ target: FilePath,
    _ metadata: EntryMetadata
  ) -> DeviceRun {
    let places = PlaceOnDisk.all(
      sources: [(source.path, source.metadataOnDisk)],
      target: (target, metadata),
      mounts: mounts,
      options: plan.options
    )
    return DeviceRun(
      plan: plan,
      source: source,
      target: target,
      places: places,
      descriptors: descriptors,
      observer: observer
    )
  }

  /// Writes a device in place, and flushes it at the end (`fsync`).
  private func copy(
    _ source: borrowing DeviceEnd,
    to target: borrowing DeviceEnd
  ) throws(CopyError) -> CopyReport {
    var run = run(source, target.path, target.metadataOnDisk)
    let writing = run.writing(ofDevice: target)
    run.explain(writing, targetBytes: target.size)
    guard !plan.options.isDryRun else {
      noteRest(source, target, isDiscarded: plan.options.discards)
      return try run.dryReport()
    }
    try run.checkEngine()
    let pool = try run.pool()
    run.begin()
    noteRest(source, target, isDiscarded: plan.options.discards && discard(target))
    do throws(CopyError) {
      try clearHoles(source, target)
      let (number, sectorBytes) = (target.descriptor.rawValue, target.sectorBytes)
      try run.move(to: number, writing, sectorBytes: sectorBytes, pool, isStopRequested)
    } catch {
      run.fail(error)
    }
    flush(target, &run)
    return run.report
  }

  /// Tells of what a device has behind the size of the source.
  private func noteRest(
    _ source: borrowing DeviceEnd,
    _ target: borrowing DeviceEnd,
    isDiscarded: Bool
  ) {
    guard source.size < target.size else { return }
    let fate = isDiscarded ? "discarded with all before them" : "left as they are"
    observer.noted("\(target.path): the last \(target.size - source.size) bytes are \(fate)")
  }

  /// Has a device forget all that it holds (BLKDISCARD); not all can.
  private func discard(_ target: borrowing DeviceEnd) -> Bool {
    let result = cl_device_discard(target.descriptor.rawValue, 0, target.size)
    guard result < 0 else { return true }
    let reason = Errno(rawValue: -result).description
    observer.warned("\(target.path) cannot be discarded: \(reason)")
    return false
  }

  /// Fills what is a hole of an image with zeros on the device (BLKZEROOUT), a part at a time, since
  /// each cannot be interrupted.
  private func clearHoles(
    _ source: borrowing DeviceEnd,
    _ target: borrowing DeviceEnd
  ) throws(CopyError) {
    let number = source.descriptor.rawValue
    let map = DataMap(of: number, source.metadata, keepsHoles: true)
    guard !source.isDevice, case .sparse(let size) = map else { return }
    // The kernel only clears whole sectors; what the rest of a hole is in counts as data.
    let sectorBytes = UInt64(target.sectorBytes)
    var offset: UInt64 = 0
    while offset < size && !isStopRequested() {
      let extent: DataExtent?
      do {
        extent = try map.extent(from: offset, in: number, sectorBytes: sectorBytes)
      } catch {
        throw CopyError("cannot read at offset \(offset)", source.path, error, .entry)
      }
      try clear(offset..<(extent?.offset ?? size), target)
      offset = extent.map { $0.offset + $0.length } ?? size
    }
  }

  private func clear(
    _ range: Range<UInt64>,
    _ target: borrowing DeviceEnd
  ) throws(CopyError) {
    let partBytes: UInt64 = 256 << 20
    var offset = range.lowerBound
    while offset < range.upperBound && !isStopRequested() {
      let length = min(range.upperBound - offset, partBytes)
      let result = cl_device_zero(target.descriptor.rawValue, offset, length)
      guard result == 0 else {
        let errno = Errno(rawValue: -result)
        throw .target("cannot write zeros at offset \(offset)", target.path, errno)
      }
      offset += length
    }
  }

  private func flush(_ target: borrowing DeviceEnd, _ run: inout DeviceRun) {
    guard run.isComplete, plan.options.durability == .run,
      fsync(target.descriptor.rawValue) != 0
    else { return }
    let reason = Errno(rawValue: errno)
    run.fail(CopyError("cannot bring to stable storage", target.path, reason, .stop))
  }
}
