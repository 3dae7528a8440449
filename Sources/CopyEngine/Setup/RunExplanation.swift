// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import Storage

/// What `--explain` says of a run before it starts.
struct RunExplanation {
  let run: RunContext
  let locations: [StorageLocation]

  private var disks: DiskTraits { run.disks }
  private var limits: RunLimits { run.limits }

  /// Tells what the copy of trees chose, and why.
  func tellTrees() {
    for location in locations { run.explain(.location(location, deviceBytes: nil)) }
    tellSharing()
    if disks.seek {
      if disks.sharesDisk { run.explain(.takesTurns(isOneWorker: limits.workers == 1)) }
      run.explain(
        .order(
          limits.workers == 1
            ? .oneStream : .streams(limits.workers, areWritten: disks.targetSeeks)
        )
      )
    }
    run.explain(.workers(limits.workers, workersReason))
    tellBuffers(areShared: true)
  }

  /// Tells what the copy of a device or image chose, and why.
  ///
  /// - Parameter sizes: The sizes of the devices among the locations, in bytes.
  func tellDevice(sizes: [UInt64?]) {
    for (location, size) in zip(locations, sizes) {
      run.explain(.location(location, deviceBytes: size))
    }
    tellSharing()
    if disks.sharesDisk { run.explain(.takesTurns(isOneWorker: true)) }
    if disks.targetSeeks && !disks.sharesDisk { run.explain(.order(.sequential)) }
    tellBuffers(areShared: false)
  }

  private func tellBuffers(areShared: Bool) {
    let memory = limits.followedMemory
    if memory != .none {
      run.explain(
        .memoryLimit(
          controlGroupBytes: memory.controlGroupBytes,
          addressBytes: memory.addressBytes
        )
      )
    }
    run.explain(
      .buffers(
        count: limits.blocks,
        bytesEach: limits.blockBytes,
        stripeBytes: disks.stripeBytes,
        areShared: areShared
      )
    )
  }

  /// Tells whether source and target are on one disk, as far as the machine does.
  private func tellSharing() {
    guard let target = locations.first(where: { $0.role == .target })?.topology else { return }
    let sources = locations.filter { $0.role == .source }.map(\.topology)
    let areKnown = ([target] + sources).allSatisfy { !$0.disks.isEmpty }
    let answer: Explanation.SameDisk =
      if sources.contains(where: { !$0.disks.isEmpty && $0.sharesDisk(with: target) }) {
        .yes
      } else if !areKnown {
        .unknown
      } else if sources.contains(where: { $0.isVirtual }) && target.isVirtual {
        .unknownVirtual
      } else {
        .no
      }
    run.explain(.sameDisk(answer))
  }

  /// Why there are as many workers as there are.
  private var workersReason: Explanation.WorkersReason {
    switch limits.bound {
    case .memory: .memory(wanted: limits.workersWanted)
    case .descriptors: .descriptors(wanted: limits.workersWanted)
    case .controlGroup: .controlGroup(wanted: limits.workersWanted)
    case .addressSpace: .addressSpace(wanted: limits.workersWanted)
    case nil where run.options.transfer.jobs != nil: .asked
    case nil where disks.seek: .seeks
    case nil:
      .processors(min: RunLimits.workersMin(disks), max: RunLimits.workersDefaultMax)
    }
  }
}

extension StorageTopology {
  /// Whether one of its disks is made up by a hypervisor.
  fileprivate var isVirtual: Bool { disks.contains { $0.transport == .virtio } }
}
