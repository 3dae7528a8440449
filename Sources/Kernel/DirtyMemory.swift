// SPDX-License-Identifier: Apache-2.0

/// What of the machine's page cache has still to get to the disks (`/proc/meminfo`).
public struct DirtyMemory: Equatable, Sendable {
  /// What was written and waits, in bytes.
  public let dirtyBytes: UInt64
  /// What is on its way to a disk, in bytes.
  public let writebackBytes: UInt64

  /// Reads what there is now; `nil` where that is not told.
  public init?() {
    guard let text = SmallFile.text("/proc/meminfo") else { return nil }
    self.init(parsing: text)
  }

  /// Takes a table apart: `Dirty:   1234 kB`.
  package init?(parsing text: String) {
    func bytes(_ name: String) -> UInt64? {
      let line = text.split(separator: "\n").first { $0.hasPrefix("\(name):") }
      return line?.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }.map { $0 << 10 }
    }
    guard let dirty = bytes("Dirty"), let writeback = bytes("Writeback") else { return nil }
    (dirtyBytes, writebackBytes) = (dirty, writeback)
  }
}
