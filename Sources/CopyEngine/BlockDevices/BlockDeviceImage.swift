// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

// Images of devices.
extension BlockDeviceCopy {
  /// As a rule a device is for root alone, and so is what was on it.
  private static let imageMode: UInt32 = 0o600

  /// Writes an image, which gets its name when it is complete.
  func copy(
    _ source: borrowing BlockDeviceEnd,
    toImage name: EntryName,
    in directory: FilePath
  ) throws(CopyError) -> CopyReport {
    let sides: DirectorySides
    let above: EntryMetadata
    do throws(Errno) {
      let opened = OpenDirectory(try Descriptor(opening: directory, .directory))
      above = try EntryLocation(open: opened.descriptor.rawValue).metadata()
      sides = DirectorySides(source: opened, target: opened)
    } catch {
      throw .target(.create, plan.target, error)
    }
    let old = try? EntryLocation(directory: sides.target, name: name).metadataIfPresent()
    if let protection = old?.protection(in: above) {
      throw CopyError(.replaceProtected(protection), plan.target, nil, .entry)
    }
    var transfer = BlockDeviceTransfer(setup, source: source, target: plan.target, above)
    let run = transfer.run
    begin(run)
    let writing = BlockDeviceAccess(toWriteImage: plan.options)
    transfer.explain(writing, targetBytes: nil)
    guard !plan.options.isDryRun else { return try transfer.dryReport() }
    let queue = try EngineChoice(run: run).makeQueue()
    let pool = try run.limits.makePool()
    var target = try create(name, in: sides, bytes: source.size)
    transfer.move(to: target.rawValue, writing, sectorBytes: 1, queue, pool)
    if transfer.isComplete { publish(&target, name, sides, &transfer) }
    return transfer.report
  }

  private func create(
    _ name: EntryName,
    in sides: DirectorySides,
    bytes: UInt64
  ) throws(CopyError) -> TargetFile {
    var random = SystemRandomNumberGenerator()
    AbandonedTemporaries.remove(from: sides.target, unless: { _ in false })
    let target: TargetFile
    do throws(Errno) {
      target = try TargetFile(
        in: sides,
        namedIn: sides,
        for: name,
        mode: Self.imageMode,
        random: &random
      )
    } catch {
      throw .target(.create, plan.target, error)
    }
    do {
      try FileCalls.setSize(target.rawValue, bytes)
    } catch {
      throw .target(.setSize, plan.target, error)
    }
    return target
  }

  private func publish(
    _ target: inout TargetFile,
    _ name: EntryName,
    _ sides: DirectorySides,
    _ transfer: inout BlockDeviceTransfer
  ) {
    var random = SystemRandomNumberGenerator()
    let lasts = plan.options.publish.durability != .none
    do throws(Errno) {
      // A name must not come to the disk before the data.
      if lasts {
        let file = target.rawValue
        try setup.meter.measuredTarget.timeFlush { () throws(Errno) in
          try FileCalls.sync(file)
          try FileCalls.flush(file)
        }
      }
    } catch {
      return transfer.fail(.target(.write, plan.target, error))
    }
    do throws(Errno) {
      let old = try EntryLocation(directory: sides.target, name: name).metadataIfPresent()
      if let old, old.kind == .file { keepAccess(of: old, target.rawValue) }
      try target.publish(as: name, replacing: old?.kind, random: &random)
    } catch {
      return transfer.fail(.target(.publish, plan.target, error))
    }
    guard lasts else { return }
    do {
      try FilesystemCalls.sync(sides.target)
    } catch {
      transfer.fail(CopyError(.sync, plan.target, error, .stop))
    }
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
