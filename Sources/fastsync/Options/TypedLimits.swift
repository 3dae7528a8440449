// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// Options about how fast a run goes, and how long, as they were typed.
struct TypedLimits {
  /// Bytes that may be copied in a second.
  var bytesPerSecond: Int?

  /// Notes a rate, which rsync rounds to KiB; 0 is no limit.
  mutating func setRate(_ typed: TypedOption) throws(Refusal) {
    guard typed.isOn else { return bytesPerSecond = nil }
    let rate = try typed.size(unit: .kilo, least: 512, mayBeZero: true)
    let (rounded, overflow) = rate.addingReportingOverflow(512)
    let kibibytes = (overflow ? rate : rounded) / 1024
    bytesPerSecond = kibibytes == 0 ? nil : kibibytes * 1024
  }
}

extension CopyOptions {
  /// Takes over how fast a run may go, and how long.
  mutating func limit(_ typed: TypedLimits) {
    transfer.bytesPerSecond = typed.bytesPerSecond
  }
}
