// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree
internal import Uring

/// How one side of a copy of a device is read or written, and why.
struct DeviceAccess: Equatable, Sendable {
  /// One of `direct`, `advise` and `keep`.
  let mode: CopyOptions.CacheMode
  let transfer: FileTask.Transfer
  /// Why, for people.
  let reason: String
  /// Whether what it brings into the page cache is dropped again.
  let isDropped: Bool
  /// Whether zeros are left out of what is written.
  var skipsZeros = false

  private init(
    _ mode: CopyOptions.CacheMode,
    _ reason: String,
    alignment: Int = 1,
    fillsCache: Bool = true
  ) {
    self.mode = mode
    self.reason = reason
    transfer = FileTask.Transfer(alignment: alignment)
    isDropped = mode != .keep && fillsCache
  }

  /// Chooses for a device, and sets it to direct I/O where that is possible.
  ///
  /// - Parameters:
  ///   - device: The device, open.
  ///   - wanted: What was asked for.
  ///   - blockBytes: The size of a buffer, in bytes, which has to be whole sectors.
  init(
    to device: borrowing DeviceEnd,
    _ wanted: CopyOptions.CacheMode,
    blockBytes: Int
  ) {
    let sector = device.sectorBytes
    switch wanted {
    case .keep: self.init(.keep, "as asked")
    case .advise, .dontcache: self.init(.advise, "as asked")
    case .auto, .direct:
      guard blockBytes % sector == 0 else {
        self.init(.advise, "direct I/O wants blocks of \(sector) bytes")
        return
      }
      guard cl_set_direct(device.descriptor.rawValue, 1) == 0 else {
        self.init(.advise, "direct I/O was refused")
        return
      }
      let reason =
        wanted == .direct ? "as asked" : "it passes by the page cache, and costs least"
      self.init(.direct, reason, alignment: sector, fillsCache: false)
    }
  }

  /// Chooses for an image that is read, as the table of a run has it.
  init(toRead image: borrowing DeviceEnd, _ table: AccessTable) {
    let number = image.descriptor.rawValue
    let device = image.metadata.identity.device
    let access = table.access(.reading, device: device, descriptor: number)
    switch access.mode {
    case .keep: self.init(.keep, access.reason)
    case .direct where cl_set_direct(number, 1) == 0:
      let alignment = access.alignment
      self.init(.direct, access.reason, alignment: alignment, fillsCache: access.fillsCache)
    case .direct: self.init(.advise, "direct I/O was refused")
    case .auto, .advise, .dontcache: self.init(.advise, access.reason)
    }
  }

  /// Chooses for an image that is written.
  init(toWriteImage options: CopyOptions) {
    let skipsZeros = options.preservation.contains(.holes)
    switch options.writing {
    case .keep: self.init(.keep, "as asked")
    case .advise: self.init(.advise, "as asked")
    case .auto, .direct, .dontcache:
      self.init(
        .advise,
        skipsZeros
          ? "direct writes into holes wait for each other"
          : "direct writes that make a file longer wait for each other"
      )
    }
    self.skipsZeros = skipsZeros
  }
}
