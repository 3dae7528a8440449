// SPDX-License-Identifier: Apache-2.0

extension FixedWidthInteger {
  /// The smallest multiple that is not less.
  @inlinable
  public func roundedUp(to multiple: Self) -> Self { (self + multiple - 1) / multiple * multiple }

  /// The largest multiple that is not more.
  @inlinable
  public func roundedDown(to multiple: Self) -> Self { self / multiple * multiple }
}
