// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// When a run will be done.
struct CompletionEstimate {
  private(set) var secondsLeft: Double?
  private(set) var isSlower = false

  /// Takes a look.
  mutating func observe(_ reading: CopyMeter.Reading, at seconds: Double) {
    guard reading.isPlanComplete, reading.bytes > 0 else { return }
    let left = Double(reading.bytesPlanned) - Double(reading.bytes)
    secondsLeft = max(left, 0) / Double(reading.bytes) * seconds
  }
}
