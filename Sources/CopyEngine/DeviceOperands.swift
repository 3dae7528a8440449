// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree
internal import Glibc
internal import SystemPackage
internal import Uring

/// One side of a copy of a whole device or an image, opened.
struct DeviceEnd: ~Copyable {
  let path: FilePath
  let descriptor: Descriptor
  let metadata: EntryMetadata
  /// In bytes.
  let size: UInt64
  /// What direct I/O has to be aligned to, in bytes; 0 for a file, which is asked otherwise.
  let sectorBytes: Int

  var isDevice: Bool { metadata.isBlockDevice }

  /// What its disks are found by: of a device the device, not the filesystem that its node is in.
  var metadataOnDisk: EntryMetadata {
    var found = metadata
    if isDevice {
      found.identity.device = found.deviceNumber
      found.mount = 0
    }
    return found
  }

  /// Opens it, and asks for its size (BLKGETSIZE64, BLKSSZGET).
  static func open(_ path: FilePath, flags: Int32) throws(Errno) -> DeviceEnd {
    // O_NONBLOCK: a FIFO would wait for a writer.
    let number = unsafe path.withPlatformString { unsafe cl_open_path($0, flags | O_NONBLOCK) }
    guard number >= 0 else { throw Errno(rawValue: -number) }
    let opened = Descriptor(owning: number)
    let metadata = try EntryLocation(open: number).metadata()
    guard metadata.isBlockDevice else {
      return DeviceEnd(
        path: path,
        descriptor: opened,
        metadata: metadata,
        size: metadata.size,
        sectorBytes: 0
      )
    }
    let bytes = cl_device_bytes(number)
    guard bytes >= 0 else { throw Errno(rawValue: Int32(-bytes)) }
    let sector = cl_device_sector_bytes(number)
    guard sector > 0 else { throw Errno(rawValue: -sector) }
    return DeviceEnd(
      path: path,
      descriptor: opened,
      metadata: metadata,
      size: UInt64(bytes),
      sectorBytes: Int(sector)
    )
  }
}

/// Finds what the operands of `--copy-devices` name, and refuses what would destroy something.
struct DeviceOperands {
  let plan: CopyPlan
  let mounts: MountTable
  let observer: any CopyObserver

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

  private static func refusal(_ reason: String, _ path: FilePath) -> CopyError {
    CopyError(reason, path, nil, .selection)
  }

  /// Opens the source; one that is mounted is copied with a warning.
  func openSource() throws(CopyError) -> DeviceEnd {
    let path = plan.sources[0].path
    let source = try open(path, flags: O_RDONLY) {
      CopyError("cannot open source", path, $0, .entry)
    }
    guard source.isDevice || source.metadata.kind == .file else {
      throw Self.refusal("is neither a block device nor a file", path)
    }
    if source.isDevice, let mount = mounts.mount(ofDevice: source.metadata.deviceNumber),
      !mount.isReadOnly
    {
      observer.warned("\(path) is mounted, and what is written to it meanwhile may arrive in part")
    }
    return source
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
    if let found = try? EntryMetadata(following: path) {
      guard !source.isDevice || found.deviceNumber != source.metadata.deviceNumber else {
        throw Self.refusal("is source and target", path)
      }
      if let mount = mounts.mount(ofDevice: found.deviceNumber) {
        throw Self.refusal("is mounted (\(mount.type)), and was not touched", path)
      }
    }
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
    if source.size < target.size {
      observer.noted("\(path): the last \(target.size - source.size) bytes are left as they are")
    }
    return target
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
    else { throw CopyError("must be a directory", plan.target, .notDirectory, .selection) }
    if let found, !isDirectory && found.kind != .file {
      throw Self.refusal("is neither a block device nor a file", plan.target)
    }
    let directory = isDirectory ? plan.target : plan.target.directory
    if let above = try? EntryMetadata(following: directory),
      above.identity.device == source.metadata.deviceNumber
    {
      throw Self.refusal("lies on the device that is copied", plan.target)
    }
    return (directory, name)
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

extension MountTable {
  /// A mount of a block device.
  func mount(ofDevice number: UInt64) -> Mount? {
    mounts.first { mount in
      mount.source.hasPrefix("/")
        && (try? EntryMetadata(following: FilePath(mount.source)))
          .map { $0.isBlockDevice && $0.deviceNumber == number } ?? false
    }
  }
}

extension MountTable.Mount {
  fileprivate var isReadOnly: Bool { options.contains("ro") }
}
