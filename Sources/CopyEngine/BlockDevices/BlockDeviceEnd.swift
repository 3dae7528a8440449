// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import SystemPackage

/// One side of a copy of a whole device or an image, opened.
struct BlockDeviceEnd: ~Copyable {
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
  static func open(
    _ path: FilePath,
    _ flags: Descriptor.OpenFlags
  ) throws(Errno) -> BlockDeviceEnd {
    // A FIFO would wait for a writer.
    let opened = try Descriptor(opening: path, flags.union(.nonBlocking))
    let number = opened.rawValue
    let metadata = try EntryLocation(open: number).metadata()
    guard metadata.isBlockDevice else {
      return BlockDeviceEnd(
        path: path,
        descriptor: opened,
        metadata: metadata,
        size: metadata.size,
        sectorBytes: 0
      )
    }
    let size = try BlockDeviceCalls.size(of: number)
    let sectorBytes = try BlockDeviceCalls.sectorBytes(of: number)
    return BlockDeviceEnd(
      path: path,
      descriptor: opened,
      metadata: metadata,
      size: size,
      sectorBytes: sectorBytes
    )
  }
}
