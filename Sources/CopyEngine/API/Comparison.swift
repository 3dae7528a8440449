// SPDX-License-Identifier: Apache-2.0

public import Kernel

/// How it is told whether a file at the target has the contents of the source's.
///
/// Files of different sizes never do. Of the other questions the first that is to be asked decides,
/// in the order of the fields.
public struct Comparison: Equatable, Sendable {
  /// The bytes of both sides are compared (`-c`).
  public var comparesContents = false
  /// Files of one size are taken for equal (`--size-only`).
  public var isBySizeAlone = false
  /// No file is taken for equal (`-I`).
  public var ignoresTimes = false
  /// Which modification times are taken for equal (`--modify-window`).
  public var window = TimeWindow.nanoseconds

  /// The comparison of the bare command: by size and time.
  public init() {}
}

/// Which two times are taken for one.
public enum TimeWindow: Equatable, Sendable {
  /// Those that are equal.
  case nanoseconds
  /// Those whose whole seconds are not farther apart than this.
  case seconds(Int64)

  /// Whether two times are taken for one.
  @inlinable
  public func areEqual(_ one: Timestamp, _ other: Timestamp) -> Bool {
    switch self {
    case .nanoseconds: return one == other
    case .seconds(let most):
      let distance = one.seconds.subtractingReportingOverflow(other.seconds)
      return !distance.overflow && distance.partialValue.magnitude <= most.magnitude
    }
  }
}
