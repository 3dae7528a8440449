// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
public import SystemPackage

/// System calls on an open block device.
public enum BlockDeviceCalls {
  /// The size, in bytes (BLKGETSIZE64).
  public static func size(of device: Int32) throws(Errno) -> UInt64 {
    UInt64(try value(of: cl_device_bytes(device)))
  }

  /// The size of a sector, in bytes (BLKSSZGET).
  public static func sectorBytes(of device: Int32) throws(Errno) -> Int {
    Int(try value(of: cl_device_sector_bytes(device)))
  }

  /// Whether writes are refused (BLKROGET).
  public static func isReadOnly(_ device: Int32) -> Bool { cl_device_is_read_only(device) == 1 }

  /// Has a range forget what it holds (BLKDISCARD).
  public static func discard(_ device: Int32, offset: UInt64, length: UInt64) throws(Errno) {
    try value(of: cl_device_discard(device, offset, length))
  }

  /// Fills a range with zeros (BLKZEROOUT).
  public static func zero(_ device: Int32, offset: UInt64, length: UInt64) throws(Errno) {
    try value(of: cl_device_zero(device, offset, length))
  }
}
