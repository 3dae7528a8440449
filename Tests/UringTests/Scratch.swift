// SPDX-License-Identifier: Apache-2.0

import SimulatedKernel
import Uring

/// Memory for requests whose bytes nobody looks at, as long as the test runs that holds it.
@safe
final class Scratch {
  private let memory: UnsafeMutableRawPointer = .allocate(byteCount: 65536, alignment: 4096)

  deinit {
    unsafe memory.deallocate()
  }

  private func slice(from offset: Int, count: Int) -> BufferSlice {
    unsafe BufferSlice(start: memory + offset, count: count, bufferIndex: 0)
  }

  /// Prepares a read of the source.
  func prepareRead(
    _ kernel: inout SimulatedKernel,
    at offset: UInt64,
    count: Int,
    bufferAt start: Int = 0
  ) {
    kernel.prepare(
      .read(
        SimulatedKernelTests.source,
        into: slice(from: start, count: count),
        at: offset,
        tag: tag(0)
      )
    )
  }

  /// Prepares a write.
  func prepareWrite(
    _ kernel: inout SimulatedKernel,
    _ descriptor: Int32,
    at offset: UInt64,
    count: Int,
    bufferAt start: Int = 0,
    flags: Submission.Flags = []
  ) {
    kernel.prepare(
      .write(
        descriptor,
        from: slice(from: start, count: count),
        at: offset,
        flags: flags,
        tag: tag(0)
      )
    )
  }
}
