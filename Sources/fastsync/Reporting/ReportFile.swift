// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Glibc
import Kernel
import SystemPackage

/// What a run writes for machines while it goes on: a file that is written anew, or the standard
/// output.
final class ReportFile: Sendable {
  /// A descriptor to write to.
  private let number: Int32
  /// Kept open.
  private let file: Descriptor?

  /// Writes to the standard output.
  init() {
    number = STDOUT_FILENO
    file = nil
  }

  /// Writes to a file (`openat`, `ftruncate`).
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - plan: The run, which says whether links of others are followed on the way.
  /// - Throws: Why it cannot be opened.
  init(_ path: [UInt8], _ plan: CopyPlan) throws(Errno) {
    let followsAll = plan.options.followsForeignLinks
    let opened = try TrustedPath(FilePath(bytes: path), followsAll: followsAll).openToAppend()
    // Of what is no file nothing can be taken away.
    _ = ftruncate(opened.rawValue, 0)
    number = opened.rawValue
    file = consume opened
  }

  /// Appends (`write`).
  ///
  /// - Returns: Why that was not done, if so.
  func write(_ bytes: [UInt8]) -> Errno? {
    Output.writeAll(bytes, to: number) ? nil : Errno(rawValue: errno)
  }
}
