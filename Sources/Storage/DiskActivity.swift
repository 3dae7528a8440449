// SPDX-License-Identifier: Apache-2.0

internal import Kernel

/// What a disk has done and has to do (`/sys/class/block/*/stat`).
package struct DiskActivity: Equatable, Sendable {
  /// The unit of the kernel's figures, whatever the disk's sectors are, in bytes.
  private static let sectorBytes: UInt64 = 512

  /// Reads, writes, discards and flushes that were completed since the machine started.
  package let completed: UInt64
  /// Requests that the disk has not completed yet.
  package let inFlight: UInt64
  /// What was read since the machine started, in bytes.
  package let bytesRead: UInt64
  /// What was written since the machine started, in bytes.
  package let bytesWritten: UInt64
  /// For how long there was something for it to do, in milliseconds.
  package let busyMilliseconds: UInt64

  package init(
    completed: UInt64,
    inFlight: UInt64,
    bytesRead: UInt64 = 0,
    bytesWritten: UInt64 = 0,
    busyMilliseconds: UInt64 = 0
  ) {
    self.completed = completed
    self.inFlight = inFlight
    self.bytesRead = bytesRead
    self.bytesWritten = bytesWritten
    self.busyMilliseconds = busyMilliseconds
  }

  /// Reads what a disk has done, by its name in `class/block` of a tree such as `/sys`.
  package init?(of name: String, sysfs: String) {
    guard let text = SmallFile.text("\(sysfs)/class/block/\(name)/stat") else { return nil }
    self.init(parsing: text)
  }

  /// Takes a `stat` file apart: eleven figures since ever, four of discards since Linux 4.18, two
  /// of flushes since 5.5.
  package init?(parsing text: String) {
    let fields = text.split(whereSeparator: \.isWhitespace).map { UInt64($0) ?? 0 }
    guard fields.count >= 11 else { return nil }
    completed = [0, 4, 11, 15].reduce(0) { $1 < fields.count ? $0 &+ fields[$1] : $0 }
    inFlight = fields[8]
    bytesRead = fields[2] &* Self.sectorBytes
    bytesWritten = fields[6] &* Self.sectorBytes
    busyMilliseconds = fields[9]
  }
}
