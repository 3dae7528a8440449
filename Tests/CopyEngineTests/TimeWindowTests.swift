// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel
import Testing

/// Which times are taken for one.
@Suite struct TimeWindowTests {
  static let rows: [(TimeWindow, Int64, UInt32, Bool)] = [
    (.nanoseconds, 100, 5, true), (.nanoseconds, 100, 6, false), (.nanoseconds, 101, 5, false),
    (.seconds(0), 100, 999, true), (.seconds(0), 101, 5, false), (.seconds(0), 99, 5, false),
    (.seconds(1), 101, 9, true), (.seconds(1), 99, 0, true), (.seconds(1), 102, 5, false),
    (.seconds(2), 98, 5, true), (.seconds(2), 97, 5, false), (.seconds(5), .min, 5, false),
    (.seconds(5), .max, 5, false),
  ]

  @Test(arguments: rows)
  func areEqual(_ window: TimeWindow, _ seconds: Int64, _ nanoseconds: UInt32, _ areEqual: Bool) {
    let one = Timestamp(seconds: 100, nanoseconds: 5)
    let other = Timestamp(seconds: seconds, nanoseconds: nanoseconds)
    #expect(window.areEqual(one, other) == areEqual)
    #expect(window.areEqual(other, one) == areEqual)
  }
}
