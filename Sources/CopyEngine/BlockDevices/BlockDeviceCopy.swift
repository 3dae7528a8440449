// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Copies a whole device to another or to an image, or an image to a device: one long file, without
/// a tree around it.
struct BlockDeviceCopy {
  let setup: RunSetup
  /// Told of the run before it does anything, so that it can be stopped.
  let begin: (RunContext) -> Void

  var plan: CopyPlan { setup.plan }

  /// Carries the plan out.
  ///
  /// - Throws: What kept it from starting; what fails later is told and counted.
  func copy() throws(CopyError) -> CopyReport {
    let operands = BlockDeviceOperands(setup: setup)
    try operands.checkOptions()
    let source = try operands.openSource()
    if BlockDeviceOperands.isDevice(plan.target) {
      let target = try operands.openTarget(for: source)
      operands.warnIfMounted(source)
      return told(source, try copy(source, to: target), plan.target.lastComponent)
    }
    let (directory, name) = try operands.imagePlace(for: source)
    operands.warnIfMounted(source)
    return told(source, try copy(source, toImage: EntryName(name), in: directory), name)
  }

  /// The report, after it was told what was written.
  private func told(
    _ source: borrowing BlockDeviceEnd,
    _ report: CopyReport,
    _ name: FilePath.Component?
  ) -> CopyReport {
    if report.filesCopied > 0 {
      setup.meter?.noteEnd(of: source.metadata.identity, report.bytesCopied, .copied)
    }
    if report.filesCopied > 0, let name {
      let path = FilePath(root: nil, [name])
      setup.tell(.entry(EntryEvent(path: path, kind: .file, change: .contents)))
    }
    return report
  }

  /// Writes a device in place, and flushes it at the end (`fsync`).
  private func copy(
    _ source: borrowing BlockDeviceEnd,
    to target: borrowing BlockDeviceEnd
  ) throws(CopyError) -> CopyReport {
    var transfer = BlockDeviceTransfer(
      setup,
      source: source,
      target: target.path,
      target.metadataOnDisk
    )
    let run = transfer.run
    begin(run)
    let writing = transfer.writing(ofDevice: target)
    transfer.explain(writing, targetBytes: target.size)
    let discards = plan.options.devices.discards
    guard !plan.options.isDryRun else {
      noteRest(source, target, run, isDiscarded: discards)
      return try transfer.dryReport()
    }
    // Both are had before anything is changed.
    let queue = try EngineChoice(run: run).makeQueue()
    let pool = try run.limits.makePool()
    transfer.begin()
    noteRest(source, target, run, isDiscarded: discards && discard(target, run))
    do throws(CopyError) {
      try clearHoles(source, target, run)
      let (number, sectorBytes) = (target.descriptor.rawValue, target.sectorBytes)
      transfer.move(to: number, writing, sectorBytes: sectorBytes, queue, pool)
    } catch {
      transfer.fail(error)
    }
    flush(target, &transfer)
    return transfer.report
  }

  /// Tells of what a device has behind the size of the source.
  private func noteRest(
    _ source: borrowing BlockDeviceEnd,
    _ target: borrowing BlockDeviceEnd,
    _ run: RunContext,
    isDiscarded: Bool
  ) {
    guard source.size < target.size else { return }
    let byteCount = target.size - source.size
    run.tell(.note(.restOfDevice(target.path, byteCount: byteCount, isDiscarded: isDiscarded)))
  }

  /// Has a device forget all that it holds (BLKDISCARD); not all can.
  private func discard(_ target: borrowing BlockDeviceEnd, _ run: RunContext) -> Bool {
    do {
      try BlockDeviceCalls.discard(target.descriptor.rawValue, offset: 0, length: target.size)
      return true
    } catch {
      run.tell(.warning(.notDiscarded(target.path, error)))
      return false
    }
  }

  /// Fills what is a hole of an image with zeros on the device (BLKZEROOUT), a part at a time,
  /// since each cannot be interrupted.
  private func clearHoles(
    _ source: borrowing BlockDeviceEnd,
    _ target: borrowing BlockDeviceEnd,
    _ run: RunContext
  ) throws(CopyError) {
    let number = source.descriptor.rawValue
    let map = DataMap(of: number, source.metadata, keepsHoles: true)
    guard !source.isDevice, case .sparse(let size) = map else { return }
    // The kernel only clears whole sectors; what the rest of a hole is in counts as data.
    let sectorBytes = UInt64(target.sectorBytes)
    var offset: UInt64 = 0
    while offset < size && !run.shouldStop {
      let extent: DataExtent?
      do {
        extent = try map.extent(from: offset, in: number, sectorBytes: sectorBytes)
      } catch {
        throw CopyError(.read, source.path, error, .entry, offset: offset)
      }
      try clear(offset..<(extent?.offset ?? size), target, run)
      offset = extent.map { $0.offset + $0.length } ?? size
    }
  }

  private func clear(
    _ range: Range<UInt64>,
    _ target: borrowing BlockDeviceEnd,
    _ run: RunContext
  ) throws(CopyError) {
    let partBytes: UInt64 = 256 << 20
    var offset = range.lowerBound
    while offset < range.upperBound && !run.shouldStop {
      let length = min(range.upperBound - offset, partBytes)
      do {
        try BlockDeviceCalls.zero(target.descriptor.rawValue, offset: offset, length: length)
      } catch {
        throw .target(.writeZeros, target.path, error, offset: offset)
      }
      offset += length
    }
  }

  private func flush(
    _ target: borrowing BlockDeviceEnd,
    _ transfer: inout BlockDeviceTransfer
  ) {
    guard transfer.isComplete, plan.options.publish.durability != .none else { return }
    do {
      try setup.meter.measuredTarget.timeFlush { () throws(Errno) in
        try FileCalls.sync(target.descriptor.rawValue)
      }
    } catch {
      transfer.fail(CopyError(.sync, target.path, error, .stop))
    }
  }
}
