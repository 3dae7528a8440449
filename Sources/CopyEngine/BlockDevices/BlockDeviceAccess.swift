// SPDX-License-Identifier: Apache-2.0

internal import Kernel

/// How one side of a copy of a device is read or written, and why.
struct BlockDeviceAccess: Equatable, Sendable {
  /// One of `direct`, `advise` and `keep`.
  let mode: TransferOptions.CacheMode
  let transfer: TransferMode
  let reason: AccessReason
  /// Whether what it brings into the page cache is dropped again.
  let isDropped: Bool
  /// Whether zeros are left out of what is written.
  var skipsZeros = false

  private init(
    _ mode: TransferOptions.CacheMode,
    _ reason: AccessReason,
    alignment: Int = 1,
    fillsCache: Bool = true
  ) {
    self.mode = mode
    self.reason = reason
    transfer = TransferMode(alignment: alignment)
    isDropped = mode != .keep && fillsCache
  }

  /// Chooses for a device, and sets it to direct I/O where that is possible.
  ///
  /// - Parameters:
  ///   - device: The device, open.
  ///   - wanted: What was asked for.
  ///   - blockBytes: The size of a buffer, in bytes, which has to be whole sectors.
  init(
    to device: borrowing BlockDeviceEnd,
    _ wanted: TransferOptions.CacheMode,
    blockBytes: Int
  ) {
    let sector = device.sectorBytes
    switch wanted {
    case .keep: self.init(.keep, .asked)
    case .advise, .dontcache: self.init(.advise, .asked)
    case .auto, .direct:
      guard blockBytes % sector == 0 else {
        self.init(.advise, .obstacle(.wantsBlocks(of: sector)))
        return
      }
      guard (try? FileCalls.setDirect(device.descriptor.rawValue, true)) != nil else {
        self.init(.advise, .obstacle(.refused))
        return
      }
      let reason: AccessReason = wanted == .direct ? .asked : .passesCache
      self.init(.direct, reason, alignment: sector, fillsCache: false)
    }
  }

  /// Chooses for an image that is read, as the policies of a run have it.
  init(toRead image: borrowing BlockDeviceEnd, _ table: AccessPolicies) {
    let number = image.descriptor.rawValue
    let device = image.metadata.identity.device
    let access = table.access(.reading, device: device, descriptor: number)
    switch access.mode {
    case .keep: self.init(.keep, access.reason)
    case .direct where (try? FileCalls.setDirect(number, true)) != nil:
      let alignment = access.alignment
      self.init(.direct, access.reason, alignment: alignment, fillsCache: access.fillsCache)
    case .direct: self.init(.advise, .obstacle(.refused))
    case .auto, .advise, .dontcache: self.init(.advise, access.reason)
    }
  }

  /// Chooses for an image that is written.
  init(toWriteImage options: CopyOptions) {
    let skipsZeros = options.preservation.contains(.holes)
    switch options.transfer.writing {
    case .keep: self.init(.keep, .asked)
    case .advise: self.init(.advise, .asked)
    case .auto, .direct, .dontcache:
      self.init(
        .advise,
        .obstacle(skipsZeros ? .holes : .growth)
      )
    }
    self.skipsZeros = skipsZeros
  }
}
