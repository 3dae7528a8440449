// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import SystemPackage

// Devices in trees whose contents are copied (`--copy-devices`).
extension EntryMetadata {
  /// Whether this is a device that is taken for a file.
  var isContentsOfDevice: Bool { kind == .file && (deviceMajor | deviceMinor) != 0 }

  /// What its contents are read from: its filesystem, or the device that it is.
  var readDevice: UInt64 { isContentsOfDevice ? deviceNumber : identity.device }

  /// What a device is as a file; a character device has no size, and is empty.
  ///
  /// Its time is the present one, as in rsync: that of the node says nothing of what is on it.
  func asFile(size: UInt64) -> EntryMetadata {
    var file = self
    file.mode = 0o100000 | permissions
    file.size = size
    file.modificationTime = Clock.wallTime
    file.blocks = size.roundedUp(to: 512) / 512
    return file
  }

  /// What an open source is: of a device that was taken for a file, what it is as one
  /// (BLKGETSIZE64).
  ///
  /// - Parameters:
  ///   - file: The open file.
  ///   - found: What was found before.
  /// - Throws: The error of a call.
  init(ofOpen file: Int32, foundAs found: EntryMetadata) throws(Errno) {
    self = try EntryLocation(open: file).metadata()
    guard found.isContentsOfDevice && kind == .device else { return }
    self = asFile(size: isBlockDevice ? try BlockDeviceCalls.size(of: file) : 0)
  }
}

extension EntryLocation {
  /// What an entry is whose contents count where it is a device (BLKGETSIZE64).
  ///
  /// One that cannot be opened seems to be empty, and fails when it is copied.
  func withDeviceContents(_ found: EntryMetadata) -> EntryMetadata {
    guard found.kind == .device else { return found }
    guard found.isBlockDevice, let device = try? openForReading() else {
      return found.asFile(size: 0)
    }
    defer { withExtendedLifetime(device) {} }
    return found.asFile(size: (try? BlockDeviceCalls.size(of: device.rawValue)) ?? 0)
  }
}
