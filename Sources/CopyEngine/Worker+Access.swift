// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree
internal import SystemPackage
internal import Uring

// How files are accessed: the run's choices, asked for once by each worker.
extension Worker where Queue: ~Copyable {
  /// How the filesystem of a source is read.
  mutating func reading(_ entry: FoundEntry, _ source: Int32) -> Access {
    let device = entry.metadata.identity.device
    if let known = knownReading[device] { return known }
    let access = run.access.access(.reading, device: device, descriptor: source)
    // Of an empty file nothing is read, and there may be no other.
    guard entry.metadata.size > 0 else { return access }
    knownReading[device] = access
    run.explain(.reading, entry.metadata, access)
    return access
  }

  /// How the filesystem of a target is written; `nil` in a dry run.
  ///
  /// Only a regular file tells of direct I/O, so one without a name is made where nobody has asked.
  mutating func writing(_ entry: FoundEntry) -> Access? {
    guard let metadata = entry.handles.targetMetadata, !run.options.isDryRun else { return nil }
    let device = metadata.identity.device
    if let known = knownWriting[device] { return known }
    let access: Access
    do throws(Errno) {
      let probe = try EntryLocation(open: entry.handles.target).createUnnamed()
      access = run.access.access(.writing, device: device, descriptor: probe.rawValue)
      withExtendedLifetime(probe) {}
    } catch {
      let directory = entry.handles.target
      access = run.access.access(.writing, device: device, descriptor: directory)
    }
    knownWriting[device] = access
    run.explain(.writing, metadata, access)
    return access
  }

  /// Says how a file would be read and written that is not, in a run that is to explain itself: there
  /// is nothing to do, or it is a dry run.
  mutating func explainAccess(_ entry: FoundEntry) {
    guard run.options.explains, entry.metadata.size > 0 else { return }
    run.explainSharing(entry.metadata, with: entry.handles.targetMetadata ?? run.nearestTarget)
    if knownReading[entry.metadata.identity.device] == nil,
      let source = try? openSource(entry, isDirect: false)
    {
      _ = reading(entry, source.rawValue)
      withExtendedLifetime(source) {}
    }
    if !run.options.isDryRun {
      _ = writing(entry)
    } else if let metadata = entry.handles.targetMetadata {
      run.explainWriting(to: entry.handles.target, metadata)
    }
  }

  /// Notes that the source's filesystem refused a mode.
  mutating func refuseReading(_ mode: CopyOptions.CacheMode, _ entry: FoundEntry) {
    let device = entry.metadata.identity.device
    knownReading[device] = nil
    if let access = run.access.refuse(.reading, device: device, mode) {
      run.explain(.reading, entry.metadata, access)
    }
  }

  /// Notes that the target's filesystem refused a mode.
  mutating func refuseWriting(_ mode: CopyOptions.CacheMode, _ entry: FoundEntry) {
    guard let metadata = entry.handles.targetMetadata else { return }
    knownWriting[metadata.identity.device] = nil
    if let access = run.access.refuse(.writing, device: metadata.identity.device, mode) {
      run.explain(.writing, metadata, access)
    }
  }

  /// Decides how a file is read.
  ///
  /// - Returns: What of it stays in the cache; `unknown` where nothing is to be dropped.
  mutating func planReading(
    _ plan: inout FileTask.Plan,
    _ file: borrowing OpenFile
  ) -> Residency {
    let source = file.source.rawValue
    let access = reading(file.entry, source)
    guard access.mode != .keep, plan.map != .unknownSize else { return .unknown }
    guard access.mode != .dontcache else {
      plan.reading = access.transfer
      return .unknown
    }
    let size = file.opened.size
    let residency = Residency(of: source, size: size, pageBytes: run.pageBytes)
    plan.reading = access.transfer
    if plan.reading.isDirect {
      // What somebody has in the cache is read from there.
      let isDirect = residency != .everything && !file.avoidsDirect
      if !isDirect { plan.reading.alignment = 1 }
      guard cl_set_direct(source, isDirect ? 1 : 0) == 0 else {
        plan.reading.alignment = 1
        return residency
      }
    }
    return !plan.reading.isDirect || access.fillsCache ? residency : .unknown
  }

  /// Decides how a file is written.
  ///
  /// - Returns: Whether what is written has to be paced and dropped.
  mutating func planWriting(
    _ plan: inout FileTask.Plan,
    _ file: borrowing OpenFile,
    mayAllocate: Bool
  ) -> Bool {
    guard let target = plan.target, let access = writing(file.entry), access.mode != .keep
    else { return false }
    plan.writing = access.transfer
    guard plan.writing.isDirect else { return plan.map != .unknownSize }
    // Direct writes that make a file longer, or fill holes, each wait for the one before.
    guard case .whole(let size) = plan.map, !file.avoidsDirect,
      mayAllocate || size < AllocationPolicy.fileBytesMin,
      cl_set_direct(target, 1) == 0
    else {
      _ = cl_set_direct(target, 0)
      plan.writing.alignment = 1
      return plan.map != .unknownSize
    }
    // Whole blocks of the filesystem: the one that the file ends in is then written once.
    plan.writing.alignment = max(plan.writing.alignment, WorkLayout.pageBytes)
    plan.allocateBytes = size
    return false
  }
}
