// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kernel
import SystemPackage

/// The file of `--log-file`: one line for each thing that happens, with its time and the process.
final class LogFile: Sendable {
  private let file: Descriptor

  /// Opens a file to append to, or makes it.
  init(_ path: FilePath, followsAll: Bool) throws(Errno) {
    file = try TrustedPath(path, followsAll: followsAll).openToAppend()
  }

  /// Adds a line, which has no end yet; a full disk is no reason to end the run.
  func write(_ text: [UInt8]) {
    let time = ModeText.time(Clock.wallSeconds, separator: " ")
    let line = Array("\(time) [\(getpid())] ".utf8) + text + [UInt8(ascii: "\n")]
    unsafe line.withUnsafeBytes { buffer in
      _ = unsafe Glibc.write(file.rawValue, buffer.baseAddress, buffer.count)
    }
  }
}
