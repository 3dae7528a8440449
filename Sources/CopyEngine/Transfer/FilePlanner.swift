// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage
internal import SystemPackage

/// How each file is read and written: past the cache or through it, allocated or not, or not at all
/// where extents can be shared.
///
/// Asks the run's `AccessPolicies`, once for each filesystem.
struct FilePlanner {
  /// A source and a target device.
  private struct DevicePair: Hashable {
    let source: UInt64
    let target: UInt64
  }

  private let run: RunContext
  private let explanation: AccessExplanation
  private let policies: AccessPolicies
  private var allocation: AllocationPolicy
  /// What the run has chosen, by device.
  private var knownReading: [UInt64: Access] = [:]
  private var knownWriting: [UInt64: Access] = [:]
  /// Whether extents may be shared between two devices.
  private var sharesExtents: [DevicePair: Bool] = [:]
  /// How much of a large file is advised at once, in bytes.
  private let windowBytes: UInt64

  init(_ run: RunContext, _ policies: AccessPolicies) {
    self.run = run
    explanation = AccessExplanation(run: run)
    self.policies = policies
    allocation = AllocationPolicy(mounts: run.mounts)
    windowBytes = CacheAdvisor.windowBytes(dirtyBytesMax: run.limits.dirtyBytesMax)
  }
}

// How filesystems are accessed.
extension FilePlanner {
  /// How the filesystem of a source is read, if that is known already.
  func knownReading(_ entry: FoundEntry) -> Access? {
    knownReading[entry.contentsMetadata.readDevice]
  }

  /// How the filesystem of a source is read.
  mutating func reading(_ entry: FoundEntry, _ source: Int32) -> Access {
    let device = entry.contentsMetadata.readDevice
    if let known = knownReading[device] { return known }
    let access = policies.access(.reading, device: device, descriptor: source)
    // Of an empty file nothing is read, and there may be no other.
    guard entry.metadata.size > 0 else { return access }
    knownReading[device] = access
    explanation.tell(.reading, entry.contentsMetadata, access)
    return access
  }

  /// How the filesystem of a target is written.
  ///
  /// Only a regular file tells of direct I/O, so one without a name is made where nobody has asked.
  mutating func writing(_ entry: FoundEntry) -> Access? {
    guard let metadata = entry.sides.targetMetadata else { return nil }
    let device = metadata.identity.device
    if let known = knownWriting[device] { return known }
    let access: Access
    do throws(Errno) {
      let probe = try EntryLocation(open: entry.sides.target).createUnnamed()
      access = policies.access(.writing, device: device, descriptor: probe.rawValue)
      withExtendedLifetime(probe) {}
    } catch {
      access = policies.access(.writing, device: device, descriptor: entry.sides.target)
    }
    knownWriting[device] = access
    explanation.tell(.writing, metadata, access)
    return access
  }

  /// Says how a file would be read and written that is not, since there is nothing to do.
  mutating func explainAccess(_ entry: FoundEntry) {
    guard run.wants(.explanations), entry.metadata.size > 0 else { return }
    explanation.tellSharing(entry.metadata, with: entry.sides.targetMetadata ?? run.nearestTarget)
    explainReading(entry)
    _ = writing(entry)
  }

  /// Says how a file would be read.
  mutating func explainReading(_ entry: FoundEntry) {
    guard knownReading(entry) == nil, let source = try? entry.contents.openForReading() else {
      return
    }
    _ = reading(entry, source.rawValue)
    withExtendedLifetime(source) {}
  }

  /// Notes that the source's filesystem refused a mode.
  mutating func refuseReading(_ mode: TransferOptions.CacheMode, _ entry: FoundEntry) {
    let device = entry.contentsMetadata.readDevice
    knownReading[device] = nil
    if let access = policies.refuse(.reading, device: device, mode) {
      explanation.tell(.reading, entry.contentsMetadata, access)
    }
  }

  /// Notes that the target's filesystem refused a mode.
  mutating func refuseWriting(_ mode: TransferOptions.CacheMode, _ entry: FoundEntry) {
    guard let metadata = entry.sides.targetMetadata else { return }
    knownWriting[metadata.identity.device] = nil
    if let access = policies.refuse(.writing, device: metadata.identity.device, mode) {
      explanation.tell(.writing, metadata, access)
    }
  }
}

// Sharing extents.
extension FilePlanner {
  /// Whether the two sides may share extents.
  mutating func mayReflink(_ entry: FoundEntry) -> Bool {
    let wanted = run.options.transfer.reflink
    guard wanted != .never, entry.metadata.size > 0, let target = entry.sides.targetMetadata,
      !entry.metadata.isContentsOfDevice
    else { return false }
    guard wanted == .auto else { return true }
    let devices = devices(entry, target)
    if let known = sharesExtents[devices] { return known }
    let may = run.mounts.mayShareExtents(entry.contentsMetadata, target)
    sharesExtents[devices] = may
    return may
  }

  private func devices(_ entry: FoundEntry, _ target: EntryMetadata) -> DevicePair {
    DevicePair(source: entry.contentsMetadata.identity.device, target: target.identity.device)
  }

  /// Shares the extents of the source where both sides can (`FICLONE`).
  ///
  /// - Returns: Whether it did; else the data has to be copied.
  mutating func reflink(_ file: borrowing OpenFile) throws(CopyError) -> Bool {
    let entry = file.entry
    guard mayReflink(entry), let parent = entry.sides.targetMetadata else { return false }
    do {
      try FileCalls.clone(file.source.rawValue, to: file.targetNumber)
      run.explain(.sharesExtents(run.mounts.mount(parent.mount), isCertain: true))
      return true
    } catch {
      guard run.options.transfer.reflink == .auto && !error.stopsRun else {
        throw .target(.shareExtents, entry.targetPath, error)
      }
      // EINVAL is about this file alone, such as one that is not checksummed on btrfs.
      if error != .invalidArgument { sharesExtents[devices(entry, parent)] = false }
      return false
    }
  }
}

// Plans of single files.
extension FilePlanner {
  /// Whether a file is large, and will take as much room as it has bytes.
  mutating func needsRoom(_ file: borrowing OpenFile) -> Bool {
    file.opened.size >= AllocationPolicy.fileBytesMin && !file.opened.mayHaveHoles
      && allocation.allows(file.targetNumber)
  }

  /// Whether what a plan allocates may go beyond the end of the file (XFS).
  mutating func exceedsEnd(_ plan: TransferPlan, _ file: borrowing OpenFile) -> Bool {
    plan.allocateBytes > 0 && writing(file.entry)?.kind == .xfs
      && allocation.exceedsEnd(file.targetNumber, in: file.entry.sides)
  }

  /// Decides how the data of a file goes block by block to its open target.
  mutating func plan(_ file: borrowing OpenFile) throws(CopyError) -> TransferPlan {
    let size = file.opened.size
    let (source, target) = (file.source.rawValue, file.targetNumber)
    // What was not written must not count as there when the next run appends.
    let appends = run.options.publish.inPlace?.appends == true
    let isEmptyFile = !file.isDevice && !appends
    let keepsHoles = isEmptyFile && run.preservation.contains(.holes)
    let makesHoles = isEmptyFile && run.preservation.contains(.zerosAsHoles)
    let map =
      file.opened.isContentsOfDevice
      ? .whole(size) : DataMap(of: source, file.opened, keepsHoles: keepsHoles)
    var plan = TransferPlan(source: source, target: target, map: map)
    plan.device = file.opened.readDevice
    if file.keptBytes > 0 { plan.leftOut = [0..<file.keptBytes] }
    if makesHoles && map != .unknownSize {
      plan.zeroGranuleBytes = TransferPlan.zeroGranuleBytes
    }
    if map == .sparse(size) || plan.skipsZeros {
      do {
        try FileCalls.setSize(target, size)
      } catch {
        throw .target(.setSize, file.entry.targetPath, error)
      }
    }
    // What is kept in the cache is published before it is written, and shows by its size what of it
    // has come to the disk when the power fails.
    let mayAllocate =
      map == .whole(size) && !makesHoles && size >= AllocationPolicy.fileBytesMin
      && writing(file.entry)?.mode != .keep && isEmptyFile && allocation.allows(target)
    if mayAllocate { plan.allocateBytes = size }
    let residency = planReading(&plan, file)
    let pacesTarget = planWriting(&plan, file, mayAllocate: mayAllocate)
    if size > 0 && (pacesTarget || residency != .unknown) {
      plan.advisor = CacheAdvisor(
        size: size,
        residency: residency,
        pacesTarget: pacesTarget,
        windowBytes: windowBytes
      )
    }
    return plan
  }

  /// Decides how a file is read.
  ///
  /// - Returns: What of it stays in the cache; `unknown` where nothing is to be dropped.
  private mutating func planReading(
    _ plan: inout TransferPlan,
    _ file: borrowing OpenFile
  ) -> Residency {
    let source = file.source.rawValue
    let access = reading(file.entry, source)
    guard access.mode != .keep, plan.map != .unknownSize else { return .unknown }
    plan.reading = access.transfer
    guard access.mode != .dontcache else { return .unknown }
    let residency = Residency(
      of: source,
      size: file.opened.size,
      pageBytes: UInt64(ProcessFacts.pageBytes)
    )
    if plan.reading.isDirect {
      // What somebody has in the cache is read from there.
      let isDirect = residency != .everything && !file.avoidsDirect
      if !isDirect { plan.reading.alignment = 1 }
      guard (try? FileCalls.setDirect(source, isDirect)) != nil else {
        plan.reading.alignment = 1
        return residency
      }
    }
    return !plan.reading.isDirect || access.fillsCache ? residency : .unknown
  }

  /// Decides how a file is written.
  ///
  /// - Returns: Whether what is written has to be paced and dropped.
  private mutating func planWriting(
    _ plan: inout TransferPlan,
    _ file: borrowing OpenFile,
    mayAllocate: Bool
  ) -> Bool {
    guard let target = plan.target, let access = writing(file.entry), access.mode != .keep
    else { return false }
    plan.writing = access.transfer
    guard plan.writing.isDirect else { return plan.map != .unknownSize }
    // Direct writes that make a file longer, or fill holes, each wait for the one before.
    guard case .whole(let size) = plan.map, !plan.skipsZeros, !file.avoidsDirect,
      run.options.publish.inPlace?.appends != true,
      mayAllocate || size < AllocationPolicy.fileBytesMin,
      (try? FileCalls.setDirect(target, true)) != nil
    else {
      try? FileCalls.setDirect(target, false)
      plan.writing.alignment = 1
      // Where a disk seeks they go in the order of the disk.
      plan.sendsPieces = access.kind == .xfs && access.mayDontCache && !run.disks.targetSeeks
      return plan.map != .unknownSize
    }
    // Whole blocks of the filesystem: the one that the file ends in is then written once.
    plan.writing.alignment = max(plan.writing.alignment, RunLimits.pageBytes)
    plan.allocateBytes = size
    return false
  }
}
