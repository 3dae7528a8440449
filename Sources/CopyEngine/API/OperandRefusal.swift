// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// Why operands or options are refused.
public enum OperandRefusal: Equatable, Sendable {
  /// An operand has to be a directory.
  case notADirectory
  /// Backups cannot go to what is no directory.
  case backupDirectory
  /// A file would take the place of a device.
  case fileOntoDevice
  /// The target lies inside of the source; on another filesystem a run that stays on the
  /// source's would not come to it.
  case targetInsideSource(isOnOtherFilesystem: Bool)
  /// A character device has no contents.
  case characterDevice
  /// A directory cannot be copied onto a device.
  case directoryAmongDevices
  /// A device is copied alone.
  case notTheOnlySource
  /// A device is copied by one worker, not by so many.
  case severalWorkers(Int)
  /// A device shares no extents.
  case devicesShareNoExtents
  /// RWF_DONTCACHE is not for devices.
  case dontCacheDevices
  /// An image is not written directly.
  case directImage
  /// A device or image is copied without regard to what stays free.
  case minFreeOfDevices
  /// A device or image is compared with its target anyway.
  case checkSpaceOfDevices
  /// There is no device to discard.
  case discardsNoDevice
  /// An operand is neither a block device nor a file.
  case neitherDeviceNorFile
  /// A device without bytes, which is how one without a medium looks, or an image without any.
  case nothingToCopy(isDevice: Bool)
  /// What is no directory has a slash behind it.
  case slashAfterNoDirectory
  /// The device is in use.
  case inUse
  /// The target is smaller than the source.
  case tooSmall(size: UInt64, needed: UInt64)
  /// The device is source and target.
  case sameDevice
  /// The target lies on the same bytes as the source.
  case sameBytes(source: FilePath)
  /// The device is mounted, or carries what is.
  case mounted(MountedDevice)
  /// There is no such thing.
  case missing
  /// A source directory is empty, and all that is at the target would be deleted.
  case emptySource
  /// Nothing is mounted where a source lies, and what is at the target would be deleted.
  case unmountedSource(FilePath)
  /// An image lies on the device that is copied.
  case onCopiedDevice
}
