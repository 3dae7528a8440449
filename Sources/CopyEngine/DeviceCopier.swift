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

  private let mounts = MountTable()

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
    let source = try operands.openSource()
    if DeviceOperands.isDevice(plan.target) {
      let target = try operands.openTarget(for: source)
      operands.warnIfMounted(source)
      return told(try copy(source, to: target), plan.target.lastComponent)
    }
    guard !plan.options.discards else {
      throw CopyError("is no device that could be discarded", plan.target, nil, .selection)
    }
    let (directory, name) = try operands.imagePlace(for: source)
    operands.warnIfMounted(source)
    return told(try copy(source, to: directory, EntryName(name)), name)
  }

  /// The report, after the observer was told the name of what was written.
  private func told(_ report: CopyReport, _ name: FilePath.Component?) -> CopyReport {
    if report.filesCopied > 0, let name {
      observer.updated(EntryUpdate(path: FilePath(root: nil, [name]), kind: .file, isNew: true))
    }
    return report
  }

  /// Writes a device in place, and flushes it at the end (`fsync`).
  private func copy(
    _ source: borrowing DeviceEnd,
    to target: borrowing DeviceEnd
  ) throws(CopyError) -> CopyReport {
    var run = DeviceRun(plan: plan, source: source, target: target.path, observer: observer)
    let places = places(source, target.path, target.metadataOnDisk)
    let number = target.descriptor.rawValue
    if !plan.options.isDryRun {
      if plan.options.discards {
        let result = cl_device_discard(number, 0, target.size)
        if result < 0 {
          let reason = Errno(rawValue: -result).description
          observer.warned("\(target.path) cannot be discarded: \(reason)")
        }
      }
      try clearHoles(source, number, target.path)
    }
    let writing = run.writing(ofDevice: target)
    try run.move(to: number, writing, places, descriptors, isStopRequested)
    guard run.isComplete, plan.options.durability == .run, !plan.options.isDryRun else {
      return run.report
    }
    if fsync(number) != 0 {
      run.fail(
        CopyError("cannot bring to stable storage", target.path, Errno(rawValue: errno), .stop)
      )
    }
    return run.report
  }

  /// Fills what is a hole of an image with zeros on the device (BLKZEROOUT), a part at a time, since
  /// each cannot be interrupted.
  private func clearHoles(
    _ source: borrowing DeviceEnd,
    _ target: Int32,
    _ path: FilePath
  ) throws(CopyError) {
    let partBytes: UInt64 = 256 << 20
    var offset: UInt64 = 0
    let map = DataMap(of: source.descriptor.rawValue, source.metadata, keepsHoles: true)
    guard case .sparse(let size) = map else { return }
    while offset < size && !isStopRequested() {
      let extent: DataExtent?
      do {
        extent = try map.extent(from: offset, in: source.descriptor.rawValue)
      } catch {
        throw CopyError("cannot read", source.path, error, .entry)
      }
      let end = extent?.offset ?? size
      while offset < end && !isStopRequested() {
        let length = min(end - offset, partBytes)
        let result = cl_device_zero(target, offset, length)
        guard result == 0 else {
          throw .target("cannot write zeros", path, Errno(rawValue: -result))
        }
        offset += length
      }
      offset = extent.map { $0.offset + $0.length } ?? size
    }
  }

  /// Writes an image, which gets its name when it is complete.
  private func copy(
    _ source: borrowing DeviceEnd,
    to directory: FilePath,
    _ name: EntryName
  ) throws(CopyError) -> CopyReport {
    var run = DeviceRun(plan: plan, source: source, target: plan.target, observer: observer)
    let handles: DirectoryHandles
    let above: EntryMetadata
    var target: TargetFile
    var random = SystemRandomNumberGenerator()
    do throws(Errno) {
      let number = unsafe directory.withPlatformString {
        unsafe cl_open_path($0, O_RDONLY | O_DIRECTORY)
      }
      guard number >= 0 else { throw Errno(rawValue: -number) }
      let opened = OpenDirectory(Descriptor(owning: number))
      handles = DirectoryHandles(source: opened, target: opened)
      above = try EntryLocation(open: number).metadata()
      if plan.options.isDryRun { return run.dryReport }
      target = try TargetFile(
        in: handles,
        for: name,
        mode: 0o600,
        creationMask: creationMask,
        random: &random
      )
    } catch {
      throw .target("cannot create", plan.target, error)
    }
    guard ftruncate(target.rawValue, Int(source.size)) == 0 else {
      throw .target("cannot set size", plan.target, Errno(rawValue: errno))
    }
    let writing = run.writing(ofImage: target.rawValue)
    let places = places(source, plan.target, above)
    try run.move(to: target.rawValue, writing, places, descriptors, isStopRequested)
    guard run.isComplete else { return run.report }
    publish(&target, name, handles, &run)
    return run.report
  }

  private func publish(
    _ target: inout TargetFile,
    _ name: EntryName,
    _ handles: DirectoryHandles,
    _ run: inout DeviceRun
  ) {
    var random = SystemRandomNumberGenerator()
    do throws(Errno) {
      let isThere = try EntryLocation(directory: handles.target, name: name).metadataIfPresent()
      try target.publish(as: name, replaces: isThere != nil, random: &random)
    } catch {
      return run.fail(.target("cannot publish", plan.target, error))
    }
    guard plan.options.durability == .run else { return }
    let result = cl_sync_filesystem(handles.target)
    guard result < 0 else { return }
    let errno = Errno(rawValue: -result)
    run.fail(CopyError("cannot bring to stable storage", plan.target, errno, .stop))
  }

  private func places(
    _ source: borrowing DeviceEnd,
    _ target: FilePath,
    _ metadata: EntryMetadata
  ) -> [PlaceOnDisk] {
    PlaceOnDisk.all(
      sources: [(source.path, source.metadataOnDisk)],
      target: (target, metadata),
      mounts: mounts,
      options: plan.options
    )
  }
}
