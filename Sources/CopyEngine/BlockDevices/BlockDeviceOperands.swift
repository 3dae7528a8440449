// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import Storage
internal import SystemPackage

/// Finds what the operands of `--copy-devices` name, and refuses what would destroy something.
struct BlockDeviceOperands {
  let setup: RunSetup
  var sysfs = Sysfs()

  private var plan: CopyPlan { setup.plan }
  private var mounts: MountTable { setup.mounts }

  /// Whether a path names a block device (`stat`).
  static func isDevice(_ path: FilePath) -> Bool {
    (try? EntryMetadata(following: path))?.isBlockDevice ?? false
  }

  /// Whether a plan is about a device alone: its options say so, and one of its two operands is
  /// one; several sources and directories are a tree, in which devices are taken for files.
  static func applies(to plan: CopyPlan) throws(CopyError) -> Bool {
    guard plan.options.devices.copiesContents, plan.options.listing == nil,
      let source = plan.sources.first
    else { return false }
    let isTree = (try? EntryMetadata(following: source.path))?.kind == .directory
    if isTree || plan.sources.count > 1 {
      guard isDevice(plan.target), !plan.options.publish.writesDevices else { return false }
      throw isTree
        ? refusal(.directoryAmongDevices, source.path)
        : refusal(.notTheOnlySource, plan.sources[1].path)
    }
    let paths = [source.path, plan.target]
    for path in paths {
      guard let found = try? EntryMetadata(following: path), found.kind == .device,
        !found.isBlockDevice
      else { continue }
      throw refusal(.characterDevice, path)
    }
    return paths.contains(where: isDevice)
  }

  /// Refuses options that the copy of a device could not heed.
  func checkOptions() throws(CopyError) {
    func unsupported(_ refusal: OperandRefusal) -> CopyError {
      CopyError(.refuse(refusal), FilePath(), nil, .unsupported)
    }
    let options = plan.options.transfer
    if let jobs = options.jobs, jobs > 1 { throw unsupported(.severalWorkers(jobs)) }
    if plan.options.publish.minFreeBytes != nil { throw unsupported(.minFreeOfDevices) }
    if plan.options.publish.checksRoom { throw unsupported(.checkSpaceOfDevices) }
    if options.reflink == .always { throw unsupported(.devicesShareNoExtents) }
    if options.reading == .dontcache || options.writing == .dontcache {
      throw unsupported(.dontCacheDevices)
    }
    let isDevice = Self.isDevice(plan.target)
    if options.writing == .direct && !isDevice { throw unsupported(.directImage) }
    if plan.options.devices.discards && !isDevice { throw Self.noDevice(plan.target) }
  }

  /// What is said where there is no device to discard.
  static func noDevice(_ path: FilePath) -> CopyError {
    refusal(.discardsNoDevice, path)
  }

  private static func refusal(_ reason: OperandRefusal, _ path: FilePath) -> CopyError {
    CopyError(.refuse(reason), path, nil, .selection)
  }

  /// Opens the source.
  func openSource() throws(CopyError) -> BlockDeviceEnd {
    let path = plan.sources[0].path
    let source = try open(path, []) {
      CopyError(.openSource, path, $0, .entry)
    }
    guard source.isDevice || source.metadata.kind == .file else {
      throw Self.refusal(.neitherDeviceNorFile, path)
    }
    guard !plan.sources[0].isContents else {
      throw Self.refusal(.slashAfterNoDirectory, path)
    }
    // It would take the place of a good image, or have a device discarded.
    guard source.size > 0 else {
      throw Self.refusal(.nothingToCopy(isDevice: source.isDevice), path)
    }
    return source
  }

  /// Warns of a source that is mounted: it is copied all the same.
  func warnIfMounted(_ source: borrowing BlockDeviceEnd) {
    guard source.isDevice,
      let mounted = mounted(on: source.metadata, where: { !$0.options.contains("ro") })
    else { return }
    setup.tell(.warning(.sourceIsMounted(source.path, mounted)))
  }

  private func open(
    _ path: FilePath,
    _ flags: Descriptor.OpenFlags,
    failing error: (Errno) -> CopyError
  ) throws(CopyError) -> BlockDeviceEnd {
    do {
      return try BlockDeviceEnd.open(path, flags)
    } catch let errno {
      throw error(errno)
    }
  }

  /// Opens the target device for itself alone (O_EXCL), and checks that the source fits.
  func openTarget(for source: borrowing BlockDeviceEnd) throws(CopyError) -> BlockDeviceEnd {
    let path = plan.target
    guard !plan.targetIsDirectory else {
      throw Self.refusal(.slashAfterNoDirectory, path)
    }
    if let found = try? EntryMetadata(following: path) { try check(found, against: source) }
    let target = try open(path, [.readWrite, .exclusive]) { error in
      error == .resourceBusy
        ? Self.refusal(.inUse, path) : CopyError(.openTarget, path, error, .stop)
    }
    guard !BlockDeviceCalls.isReadOnly(target.descriptor.rawValue) else {
      throw CopyError(.openTarget, path, .readOnlyFileSystem, .stop)
    }
    guard source.size <= target.size else {
      throw Self.refusal(.tooSmall(size: target.size, needed: source.size), path)
    }
    return target
  }

  /// Refuses a target device whose bytes are the source's, or those of something mounted.
  private func check(
    _ target: EntryMetadata,
    against source: borrowing BlockDeviceEnd
  ) throws(CopyError) {
    let path = plan.target
    guard !source.isDevice || target.deviceNumber != source.metadata.deviceNumber else {
      throw Self.refusal(.sameDevice, path)
    }
    guard !stack(of: target).overlaps(stack(of: source.metadata)) else {
      throw Self.refusal(.sameBytes(source: source.path), path)
    }
    if let mounted = mounted(on: target, where: { _ in true }) {
      throw Self.refusal(.mounted(mounted), path)
    }
  }

  private func stack(of metadata: EntryMetadata) -> ByteRegions {
    ByteRegions(of: metadata, mounts: mounts, sysfs: sysfs)
  }

  /// What of a device is mounted: itself, a partition of it, or what lies on it.
  private func mounted(
    on device: EntryMetadata,
    where counts: (MountTable.Mount) -> Bool
  ) -> MountedDevice? {
    let below = stack(of: device)
    var seen: Set<String> = []
    for mount in mounts.mounts where counts(mount) {
      guard seen.insert("\(mount.device) \(mount.source)").inserted else { continue }
      let stack = ByteRegions(of: mount, mounts: mounts, sysfs: sysfs)
      guard stack.lies(on: below) else { continue }
      let isAll = below.same.first.map(stack.same.contains) ?? false
      return MountedDevice(type: mount.type, isAll: isAll)
    }
    return nil
  }

  /// Where an image goes: the target, or in a directory the name of the source.
  func imagePlace(
    for source: borrowing BlockDeviceEnd
  ) throws(CopyError) -> (FilePath, FilePath.Component) {
    let found = try? EntryMetadata(following: plan.target)
    let isDirectory = found?.kind == .directory
    let named = isDirectory ? plan.sources[0].path : plan.target
    guard isDirectory || !plan.targetIsDirectory, let name = named.lastComponent,
      name.kind == .regular
    else { throw Self.refusal(found == nil ? .missing : .notADirectory, plan.target) }
    if let found, !isDirectory && found.kind != .file {
      throw Self.refusal(.neitherDeviceNorFile, plan.target)
    }
    let directory = isDirectory ? plan.target : plan.target.directory
    guard (try? EntryMetadata(following: directory))?.kind == .directory else {
      throw Self.refusal(.notADirectory, directory)
    }
    try checkImage(directory.appending(name), in: directory, against: source)
    return (directory, name)
  }

  /// Refuses an image that would be written to the device that is read, or is what that is made of.
  private func checkImage(
    _ path: FilePath,
    in directory: FilePath,
    against source: borrowing BlockDeviceEnd
  ) throws(CopyError) {
    let read = stack(of: source.metadata)
    if let above = try? EntryMetadata(following: directory), stack(of: above).lies(on: read) {
      throw Self.refusal(.onCopiedDevice, path)
    }
    if let old = try? EntryMetadata(following: path), stack(of: old).overlaps(read) {
      throw Self.refusal(.sameBytes(source: source.path), path)
    }
  }
}
