// SPDX-License-Identifier: Apache-2.0

public import Storage

/// What a run has found out when it begins.
public struct RunStart: Equatable, Sendable {
  /// The sources in their order, and the target, with what they lie on.
  public let locations: [StorageLocation]
  /// How many workers there are.
  public let workers: Int

  /// Describes a beginning.
  public init(locations: [StorageLocation], workers: Int) {
    self.locations = locations
    self.workers = workers
  }
}
