// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree
internal import Glibc
internal import SystemPackage
internal import Uring

/// Finds what the operands of `--copy-devices` name, and refuses what would destroy something.
struct DeviceOperands {
  let plan: CopyPlan
  let mounts: MountTable
  let observer: any CopyObserver
  var sysfs = Sysfs()

  /// Whether a path names a block device (`stat`).
  static func isDevice(_ path: FilePath) -> Bool {
    (try? EntryMetadata(following: path))?.isBlockDevice ?? false
  }

  /// Whether a plan is about devices: its options say so, and an operand is one.
  static func applies(to plan: CopyPlan) throws(CopyError) -> Bool {
    guard plan.options.copiesDevices else { return false }
    let paths = plan.sources.map(\.path) + [plan.target]
    for path in paths {
      guard let found = try? EntryMetadata(following: path), found.kind == .device,
        !found.isBlockDevice
      else { continue }
      throw refusal("is a character device, which has no contents to copy", path)
    }
    guard paths.contains(where: isDevice) else {
      let tree = plan.sources.first { (try? EntryMetadata(following: $0.path))?.kind == .directory }
      guard let tree else { return false }
      throw refusal("is a directory; --copy-devices copies devices and images", tree.path)
    }
    guard plan.sources.count == 1 else {
      throw refusal("is not the only source, and a device is copied alone", plan.sources[1].path)
    }
    return true
  }

  /// Refuses options that the copy of a device could not heed.
  func checkOptions() throws(CopyError) {
    func unsupported(_ option: FilePath, _ reason: String) -> CopyError {
      CopyError(reason, option, nil, .unsupported)
    }
    let options = plan.options
    if let jobs = options.jobs, jobs > 1 {
      throw unsupported("--jobs", "a device is copied by one worker, not \(jobs)")
    }
    if options.reflink == .always {
      throw unsupported("--reflink=always", "a device shares no extents with anything")
    }
    if options.reading == .dontcache || options.writing == .dontcache {
      let reason = "is not for devices; advise leaves nothing in the cache either"
      throw unsupported("--cache=dontcache", reason)
    }
    let isDevice = Self.isDevice(plan.target)
    if options.writing == .direct && !isDevice {
      let reason = "an image is written through the page cache; direct:auto is possible"
      throw unsupported("--cache=direct", reason)
    }
    if options.discards && !isDevice { throw Self.noDevice(plan.target) }
  }

  /// What is said where there is no device to discard.
  static func noDevice(_ path: FilePath) -> CopyError {
    refusal("is not a block device; --discard needs one", path)
  }

  private static func refusal(_ reason: String, _ path: FilePath) -> CopyError {
    CopyError(reason, path, nil, .selection)
  }

  /// Opens the source.
  func openSource() throws(CopyError) -> DeviceEnd {
    let path = plan.sources[0].path
    let source = try open(path, flags: O_RDONLY) {
      CopyError("cannot open source", path, $0, .entry)
    }
    guard source.isDevice || source.metadata.kind == .file else {
      throw Self.refusal("is neither a block device nor a file", path)
    }
    guard !plan.sources[0].isContents else {
      throw Self.refusal("is no directory, and cannot have a slash behind it", path)
    }
    return source
  }

  /// Warns of a source that is mounted: it is copied all the same.
  func warnIfMounted(_ source: borrowing DeviceEnd) {
    guard source.isDevice,
      let mounted = mounted(on: source.metadata, where: { !$0.options.contains("ro") })
    else { return }
    observer.warned(
      "\(source.path) \(mounted), and what is written to it meanwhile may arrive in part"
    )
  }

  private func open(
    _ path: FilePath,
    flags: Int32,
    failing error: (Errno) -> CopyError
  ) throws(CopyError) -> DeviceEnd {
    do {
      return try DeviceEnd.open(path, flags: flags)
    } catch let errno {
      throw error(errno)
    }
  }

  /// Opens the target device for itself alone (O_EXCL), and checks that the source fits.
  func openTarget(for source: borrowing DeviceEnd) throws(CopyError) -> DeviceEnd {
    let path = plan.target
    guard !plan.targetIsDirectory else {
      throw Self.refusal("is no directory, and cannot have a slash behind it", path)
    }
    if let found = try? EntryMetadata(following: path) { try check(found, against: source) }
    let target = try open(path, flags: O_RDWR | O_EXCL) { error in
      error == .resourceBusy
        ? Self.refusal(
          "is in use (mounted, swap, or part of another device), and was not touched",
          path
        ) : CopyError("cannot open target", path, error, .stop)
    }
    guard cl_device_is_read_only(target.descriptor.rawValue) != 1 else {
      throw CopyError("cannot open target", path, .readOnlyFileSystem, .stop)
    }
    guard source.size <= target.size else {
      throw Self.refusal(
        "is too small: it has \(target.size) bytes, the source \(source.size)",
        path
      )
    }
    return target
  }

  /// Refuses a target device whose bytes are the source's, or those of something mounted.
  private func check(
    _ target: EntryMetadata,
    against source: borrowing DeviceEnd
  ) throws(CopyError) {
    let path = plan.target
    guard !source.isDevice || target.deviceNumber != source.metadata.deviceNumber else {
      throw Self.refusal("is source and target", path)
    }
    guard !stack(of: target).overlaps(stack(of: source.metadata)) else {
      throw Self.refusal("lies on the same bytes as the source \(source.path)", path)
    }
    if let mounted = mounted(on: target, where: { _ in true }) {
      throw Self.refusal("\(mounted), and was not touched", path)
    }
  }

  private func stack(of metadata: EntryMetadata) -> DeviceStack {
    DeviceStack(of: metadata, mounts: mounts, sysfs: sysfs)
  }

  /// What of a device is mounted, in words: itself, a partition of it, or what lies on it.
  private func mounted(
    on device: EntryMetadata,
    where counts: (MountTable.Mount) -> Bool
  ) -> String? {
    let below = stack(of: device)
    var seen: Set<String> = []
    for mount in mounts.mounts where counts(mount) {
      guard seen.insert("\(mount.device) \(mount.source)").inserted else { continue }
      let stack = DeviceStack(of: mount, mounts: mounts, sysfs: sysfs)
      guard stack.lies(on: below) else { continue }
      let isAll = below.same.first.map(stack.same.contains) ?? false
      return isAll ? "is mounted (\(mount.type))" : "carries what is mounted (\(mount.type))"
    }
    return nil
  }

  /// Where an image goes: the target, or in a directory the name of the source.
  func imagePlace(
    for source: borrowing DeviceEnd
  ) throws(CopyError) -> (FilePath, FilePath.Component) {
    let found = try? EntryMetadata(following: plan.target)
    let isDirectory = found?.kind == .directory
    let named = isDirectory ? plan.sources[0].path : plan.target
    guard isDirectory || !plan.targetIsDirectory, let name = named.lastComponent,
      name.kind == .regular
    else { throw Self.refusal(found == nil ? "is not there" : "is not a directory", plan.target) }
    if let found, !isDirectory && found.kind != .file {
      throw Self.refusal("is neither a block device nor a file", plan.target)
    }
    let directory = isDirectory ? plan.target : plan.target.directory
    guard (try? EntryMetadata(following: directory))?.kind == .directory else {
      throw Self.refusal("is not a directory", directory)
    }
    try checkImage(directory.appending(name), in: directory, against: source)
    return (directory, name)
  }

  /// Refuses an image that would be written to the device that is read, or is what that is made of.
  private func checkImage(
    _ path: FilePath,
    in directory: FilePath,
    against source: borrowing DeviceEnd
  ) throws(CopyError) {
    let read = stack(of: source.metadata)
    if let above = try? EntryMetadata(following: directory), stack(of: above).lies(on: read) {
      throw Self.refusal("lies on the device that is copied", path)
    }
    if let old = try? EntryMetadata(following: path), stack(of: old).overlaps(read) {
      throw Self.refusal("lies on the same bytes as the source \(source.path)", path)
    }
  }
}

extension EntryMetadata {
  /// What a path leads to (`statx`).
  init(following path: FilePath) throws(Errno) {
    let number = unsafe path.withPlatformString { unsafe cl_open_path($0, cl_o_path) }
    guard number >= 0 else { throw Errno(rawValue: -number) }
    let opened = Descriptor(owning: number)
    self = try EntryLocation(open: opened.rawValue).metadata()
    withExtendedLifetime(opened) {}
  }

  /// The number of a device node: major in the upper 32 bits, minor in the lower.
  var deviceNumber: UInt64 { UInt64(deviceMajor) << 32 | UInt64(deviceMinor) }
}
