// SPDX-License-Identifier: Apache-2.0

/// An open file of a `SimulatedKernel`.
public struct SimulatedFile: Sendable {
  /// The bytes, from the start to the end of the file.
  public var contents: [UInt8]
  /// Whether it was opened for writing.
  public var isWritable: Bool
  /// The size at which the disk is full, in bytes.
  public var limitBytes = Int.max
  /// What direct I/O has to be aligned to, in bytes; 1 for a file that goes through the cache.
  public var alignment = 1
  /// How many bytes were read, counting again what was read again.
  public internal(set) var bytesRead = 0
  /// How many bytes were written, counting again what was written again.
  public internal(set) var bytesWritten = 0

  /// Makes a file.
  public init(contents: [UInt8] = [], isWritable: Bool) {
    self.contents = contents
    self.isWritable = isWritable
  }

  /// Cuts the file, or makes it longer by zeros.
  mutating func resize(to byteCount: Int) {
    if byteCount < contents.count {
      contents.removeLast(contents.count - byteCount)
    } else {
      contents += [UInt8](repeating: 0, count: byteCount - contents.count)
    }
  }
}
