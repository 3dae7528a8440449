// SPDX-License-Identifier: Apache-2.0

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

  /// Fills its last bytes with zeros.
  public func clearEnd(_ byteCount: Int) {
    precondition(byteCount >= 0 && byteCount <= count)
    unsafe (start + count - byteCount).initializeMemory(
      as: UInt8.self,
      repeating: 0,
      count: byteCount
    )
  }
}
