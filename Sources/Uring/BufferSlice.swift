// SPDX-License-Identifier: Apache-2.0

internal import Kernel

/// A part of a buffer of a `BufferPool`, as a request names it.
///
/// To carry it about is safe; what is at `start` may be used only while the buffer is lent.
@safe
public struct BufferSlice {
  /// The address of the first byte.
  public let start: UnsafeMutableRawPointer
  /// The length in bytes.
  public let count: Int
  /// Which buffer of its pool it lies in.
  public let bufferIndex: Int

  /// Names a part of a buffer.
  public init(start: UnsafeMutableRawPointer, count: Int, bufferIndex: Int) {
    unsafe self.start = start
    self.count = count
    self.bufferIndex = bufferIndex
  }

  /// A copy of the bytes.
  public var bytes: [UInt8] { unsafe Array(UnsafeRawBufferPointer(start: start, count: count)) }

  /// How many bytes are zeros, or are not, in whole granules; the last one may be shorter.
  ///
  /// - Parameters:
  ///   - position: Where to look from, in bytes.
  ///   - areZeros: Whether zeros are looked for.
  ///   - granuleBytes: What runs are measured in, in bytes.
  /// - Returns: The length of the run.
  public func run(from position: Int = 0, ofZeros areZeros: Bool, granuleBytes: Int) -> Int {
    var end = position
    while end < count {
      let length = min(granuleBytes, count - end)
      let granule = unsafe UnsafeRawBufferPointer(start: start + end, count: length)
      guard unsafe MemoryCalls.isZero(granule) == areZeros else { break }
      end += length
    }
    return end - position
  }
}
