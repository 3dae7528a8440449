// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

@testable import CopyEngine

@Suite("Times that a target cannot hold")
struct TargetTimesTests {
  private func time(_ seconds: Int64, _ nanoseconds: UInt32) -> Timestamp {
    Timestamp(seconds: seconds, nanoseconds: nanoseconds)
  }

  @Test(
    "what is left of a finer time",
    arguments: [
      (1_001, 0, true), (1_000, 0, true), (1_001, 120_000_000, true), (1_001, 123_000_000, true),
      (1_001, 123_456_000, true), (1_001, 123_456_700, true),
      (1_001, 123_456_789, false), (1_001, 123_456_788, false), (1_001, 130_000_000, false),
      (1_002, 0, false), (999, 0, false), (1_000, 1, false), (1_001, 100_000_000, false),
    ] as [(Int64, UInt32, Bool)]
  )
  func isCut(seconds: Int64, nanoseconds: UInt32, expected: Bool) {
    #expect(time(seconds, nanoseconds).isCut(from: time(1_001, 123_456_789)) == expected)
  }

  @Test("times before 1970 are cut to an earlier second") func beforeTheEpoch() {
    #expect(time(-1, 0).isCut(from: time(-1, 999_999_999)))
    #expect(time(-2, 0).isCut(from: time(-1, 999_999_999)))
    #expect(!time(0, 0).isCut(from: time(-1, 999_999_999)))
  }

  @Test("years that FAT, 32 bits or both cannot hold") func unusual() {
    for seconds: Int64 in [0, -1, 315_532_800, 2_147_483_648, .max, .min] {
      #expect(time(seconds, 0).isUnusual, "\(seconds)")
    }
    for seconds: Int64 in [316_000_000, 1_700_000_000, 2_147_000_000] {
      #expect(!time(seconds, 0).isUnusual, "\(seconds)")
    }
  }
}
