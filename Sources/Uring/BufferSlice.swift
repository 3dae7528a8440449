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

  /// What runs of zeros are measured in, in bytes.
  public static let granuleBytes = 64 << 10

  /// How many bytes from its start are zeros, or are not, in whole granules; the last one may be
  /// shorter.
  public func leadingBytes(areZeros: Bool) -> Int {
    var position = 0
    while position < count {
      let length = min(Self.granuleBytes, count - position)
      let granule = unsafe UnsafeRawBufferPointer(start: start + position, count: length)
      guard unsafe MemoryCalls.isZero(granule) == areZeros else { break }
      position += length
    }
    return position
  }
}
