// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree
internal import Glibc
internal import SystemPackage
internal import Uring

// Images of devices.
extension DeviceCopier {
  /// As a rule a device is for root alone, and so is what was on it.
  private static let imageMode: UInt32 = 0o600

  /// Writes an image, which gets its name when it is complete.
  func copy(
    _ source: borrowing DeviceEnd,
    toImage name: EntryName,
    in directory: FilePath
  ) throws(CopyError) -> CopyReport {
    let handles: DirectoryHandles
    let above: EntryMetadata
    do throws(Errno) {
      (handles, above) = try open(directory)
    } catch {
      throw .target("cannot create", plan.target, error)
    }
    var run = run(source, plan.target, above)
    let writing = DeviceAccess(toWriteImage: plan.options)
    run.explain(writing, targetBytes: nil)
    guard !plan.options.isDryRun else { return try run.dryReport() }
    let pool = try run.pool()
    var target = try create(name, in: handles, bytes: source.size)
    try run.move(to: target.rawValue, writing, sectorBytes: 1, pool, isStopRequested)
    guard run.isComplete else { return run.report }
    publish(&target, name, handles, &run)
    return run.report
  }

  private func open(_ directory: FilePath) throws(Errno) -> (DirectoryHandles, EntryMetadata) {
    let number = unsafe directory.withPlatformString {
      unsafe cl_open_path($0, O_RDONLY | O_DIRECTORY)
    }
    guard number >= 0 else { throw Errno(rawValue: -number) }
    let opened = OpenDirectory(Descriptor(owning: number))
    let above = try EntryLocation(open: number).metadata()
    return (DirectoryHandles(source: opened, target: opened), above)
  }

  private func create(
    _ name: EntryName,
    in handles: DirectoryHandles,
    bytes: UInt64
  ) throws(CopyError) -> TargetFile {
    var random = SystemRandomNumberGenerator()
    let target: TargetFile
    do throws(Errno) {
      target = try TargetFile(
        in: handles,
        for: name,
        mode: Self.imageMode,
        creationMask: creationMask,
        random: &random
      )
    } catch {
      throw .target("cannot create", plan.target, error)
    }
    guard ftruncate(target.rawValue, Int(bytes)) == 0 else {
      throw .target("cannot set size", plan.target, Errno(rawValue: errno))
    }
    return target
  }

  private func publish(
    _ target: inout TargetFile,
    _ name: EntryName,
    _ handles: DirectoryHandles,
    _ run: inout DeviceRun
  ) {
    var random = SystemRandomNumberGenerator()
    do throws(Errno) {
      let old = try EntryLocation(directory: handles.target, name: name).metadataIfPresent()
      if let old, old.kind == .file { keepAccess(of: old, target.rawValue) }
      try target.publish(as: name, replaces: old != nil, random: &random)
    } catch {
      return run.fail(.target("cannot publish", plan.target, error))
    }
    guard plan.options.durability == .run else { return }
    let result = cl_sync_filesystem(handles.target)
    guard result < 0 else { return }
    let errno = Errno(rawValue: -result)
    run.fail(CopyError("cannot bring to stable storage", plan.target, errno, .stop))
  }

  /// Gives an image the owner and the permissions of the one that it replaces, as writing over that
  /// would have left them.
  ///
  /// Whoever cannot give it to the old group does not open it to another one.
  private func keepAccess(of old: EntryMetadata, _ number: Int32) {
    let file = EntryLocation(open: number)
    var permissions = old.permissions & 0o777
    if (try? file.setOwner(old.owner, group: old.group)) == nil,
      (try? file.setOwner(nil, group: old.group)) == nil
    {
      permissions &= ~0o070
    }
    try? file.setPermissions(permissions)
  }
}
