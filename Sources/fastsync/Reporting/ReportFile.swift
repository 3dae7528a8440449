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

  /// Writes to a file (`openat`, `ftruncate`), or where that is the standard output or error,
  /// behind what they have.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - plan: The run, which says whether links of others are followed on the way.
  /// - Throws: Why it cannot be opened.
  init(_ path: [UInt8], _ plan: CopyPlan) throws(Errno) {
    let followsAll = plan.options.followsForeignLinks
    let opened = try TrustedPath(FilePath(bytes: path), followsAll: followsAll).openToAppend()
    let found = try EntryLocation(open: opened.rawValue).metadata().identity
    let standard = [STDOUT_FILENO, STDERR_FILENO].first { number in
      (try? EntryLocation(open: number).metadata().identity) == found
    }
    // Of what is no file nothing can be taken away.
    if standard == nil { _ = ftruncate(opened.rawValue, 0) }
    number = standard ?? opened.rawValue
    file = consume opened
  }

  /// Appends (`write`).
  ///
  /// - Returns: Why that was not done, if so.
  func write(_ bytes: [UInt8]) -> Errno? {
    Output.writeAll(bytes, to: number) ? nil : Errno(rawValue: errno)
  }
}
