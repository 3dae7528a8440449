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
