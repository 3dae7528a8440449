// SPDX-License-Identifier: Apache-2.0

/// How much of a device is mounted.
public struct MountedDevice: Equatable, Sendable {
  /// The kind of filesystem.
  public let type: String
  /// Whether it is on all of the device, and not on a part or on something that lies on it.
  public let isAll: Bool
}
