// SPDX-License-Identifier: Apache-2.0

/// When a run ends though not everything is copied.
public struct TimeLimits: Equatable, Sendable {
  /// When to stop, in seconds since 1970 (`--stop-at`, `--stop-after`).
  public var stopsAt: Int?
  /// After how many seconds in which nothing went on to stop (`--timeout`).
  public var idleSecondsMax: Int?

  /// The limits of the bare command: none.
  public init() {}
}
