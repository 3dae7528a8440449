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
  /// The index the buffer is registered under, or -1.
  public let registeredIndex: Int32

  /// Names a part of a buffer.
  public init(start: UnsafeMutableRawPointer, count: Int, registeredIndex: Int32) {
    unsafe self.start = start
    self.count = count
    self.registeredIndex = registeredIndex
  }
}
