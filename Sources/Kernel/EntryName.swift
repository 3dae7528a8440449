// SPDX-License-Identifier: Apache-2.0

/// The name of one directory entry: bytes, which need not be UTF-8, without a slash.
///
/// An empty name stands for the open directory or file itself, where a call allows it.
public struct EntryName: Hashable, Sendable {
  /// The bytes, with a NUL at the end, as system calls take them.
  private let terminated: [UInt8]

  /// The empty name.
  public static let itself = EntryName([])

  /// Takes the bytes of a name, without a NUL.
  public init(_ bytes: some Collection<UInt8>) {
    var terminated: [UInt8] = []
    terminated.reserveCapacity(bytes.count + 1)
    terminated.append(contentsOf: bytes)
    terminated.append(0)
    self.terminated = terminated
  }

  /// The bytes without the NUL.
  public var bytes: ArraySlice<UInt8> { terminated.dropLast() }
  /// The length in bytes.
  public var count: Int { terminated.count - 1 }
  /// Whether it stands for the open file itself.
  public var isEmpty: Bool { count == 0 }

  /// Lends the name as a C string.
  public func withCString<Result, Failure: Error>(
    _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // One pointer conversion for all calls; the closure form of Array rethrows untyped.
    try unsafe terminated.withUnsafeBufferPointer { (buffer) throws(Failure) -> Result in
      try unsafe buffer.withMemoryRebound(to: CChar.self) { (chars) throws(Failure) -> Result in
        guard let start = chars.baseAddress else { preconditionFailure("no NUL") }
        return try unsafe body(start)
      }
    }
  }

  /// A name for a temporary file beside this one: `.NAME.XXXXXX`, at most 255 bytes.
  ///
  /// - Parameter random: Chooses the six letters.
  /// - Returns: The name; a long one is cut short.
  public func temporary(random: UInt64) -> EntryName {
    let suffixBytes = 7
    let nameBytesMax = 255
    var name: [UInt8] = [UInt8(ascii: ".")]
    name.append(contentsOf: bytes.prefix(nameBytesMax - 1 - suffixBytes))
    name.append(UInt8(ascii: "."))
    let letters = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    var rest = random
    for _ in 1..<suffixBytes {
      name.append(letters[Int(rest % UInt64(letters.count))])
      rest /= UInt64(letters.count)
    }
    return EntryName(name)
  }
}
