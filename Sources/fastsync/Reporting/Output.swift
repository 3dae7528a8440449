// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kernel

/// The standard output and the standard error of the run, for all threads.
///
/// Output is gathered and written in large pieces, or line by line on a terminal. Errors are
/// written at once, after the output that came before them. When nobody reads any more (a closed
/// pipe), the output ends and the run does not.
final class Output: Sendable {
  private static let bufferBytesMax = 32 << 10
  /// How long a full pipe that does not block may stay full.
  private static let stallMillisecondsMax: Int32 = 30_000

  private struct State {
    var buffer: [UInt8] = []
    var isOpen = true
  }

  private let isTerminal: Bool
  private let state = Lock(State())

  /// Takes the process's own descriptors 1 and 2.
  ///
  /// Where one of the first three is closed it becomes /dev/null, lest a file of the copy gets its
  /// number, and the output.
  init() {
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 {
      _ = unsafe open("/dev/null", O_RDWR)
    }
    isTerminal = isatty(1) == 1
  }

  /// Adds to the output; the bytes are whole lines.
  func write(_ bytes: [UInt8]) {
    state.withLock { state in
      state.buffer += bytes
      if isTerminal || state.buffer.count >= Output.bufferBytesMax { Output.flush(&state) }
    }
  }

  /// Writes to the standard error at once; the bytes are whole lines.
  func writeError(_ bytes: [UInt8]) {
    state.withLock { state in
      Output.flush(&state)
      _ = Output.writeAll(bytes, to: 2)
    }
  }

  /// Writes what was gathered.
  func flush() {
    state.withLock { state in Output.flush(&state) }
  }

  private static func flush(_ state: inout State) {
    if state.isOpen, !state.buffer.isEmpty { state.isOpen = writeAll(state.buffer, to: 1) }
    state.buffer.removeAll(keepingCapacity: true)
  }

  /// Writes everything, and returns whether that was possible.
  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { buffer in
        unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count)
      }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard unsafe poll(&ready, 1, stallMillisecondsMax) != 0 else { return false }
      } else if errno != EINTR {
        return false
      }
    }
    return true
  }
}
