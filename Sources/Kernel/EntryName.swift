// SPDX-License-Identifier: Apache-2.0

/// The name of one directory entry: bytes, which need not be UTF-8, without a slash.
///
/// An empty name stands for the open directory or file itself, where a call allows it.
public struct EntryName: Hashable, Sendable {
  /// The bytes, with a NUL at the end, as system calls take them.
  private let terminated: [UInt8]

  /// The empty name.
  public static let itself = EntryName([])
  /// The directory that it is looked for in (`.`).
  public static let current = EntryName(".".utf8)
  /// The directory above (`..`).
  public static let parent = EntryName("..".utf8)

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
}

// Names of what is not complete.
extension EntryName {
  private static let temporaryMark = Array(".fastsync-".utf8)
  /// Letters that are chosen by chance, and those that follow from them.
  private static let temporaryLetters = (chosen: 6, check: 2)
  private static let letters = Array(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8
  )
  private static let nameBytesMax = 255

  /// A name for a temporary file beside this one: `.NAME.fastsync-` and eight letters.
  ///
  /// The last two letters follow from those before, so that hardly anything else has such a name.
  ///
  /// - Parameter random: Chooses the others.
  /// - Returns: The name, of at most 255 bytes; a long one is cut short.
  public func temporary(random: UInt64) -> EntryName {
    let (chosen, check) = Self.temporaryLetters
    let suffixBytes = Self.temporaryMark.count + chosen + check
    var name: [UInt8] = [UInt8(ascii: ".")]
    name.append(contentsOf: bytes.prefix(Self.nameBytesMax - 1 - suffixBytes))
    name.append(contentsOf: Self.temporaryMark)
    let letters = Self.letters(chosen, of: random)
    name.append(contentsOf: letters)
    name.append(contentsOf: Self.checkLetters(letters))
    return EntryName(name)
  }

  /// Whether it is a name that `temporary` may have made.
  public var isTemporary: Bool {
    let (chosen, check) = Self.temporaryLetters
    let mark = Self.temporaryMark
    guard count > mark.count + chosen + check, bytes.first == UInt8(ascii: "."),
      bytes.suffix(mark.count + chosen + check).starts(with: mark)
    else { return false }
    let letters = bytes.suffix(chosen + check)
    return Self.checkLetters(letters.prefix(chosen)) == Array(letters.suffix(check))
  }

  private static func letters(_ count: Int, of number: UInt64) -> [UInt8] {
    var rest = number
    return (0..<count).map { _ in
      defer { rest /= UInt64(letters.count) }
      return letters[Int(rest % UInt64(letters.count))]
    }
  }

  private static func checkLetters(_ chosen: some Sequence<UInt8>) -> [UInt8] {
    // FNV-1a.
    let hash = chosen.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return letters(temporaryLetters.check, of: hash >> 16)
  }
}
