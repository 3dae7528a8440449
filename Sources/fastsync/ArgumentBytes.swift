// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import Glibc

/// The words of the command line, as text that keeps every byte.
///
/// Paths are bytes and need not be UTF-8, but the argument parser takes text. So a byte that is not
/// part of valid UTF-8 becomes a private-use character, U+10FE80 for 0x80 up to U+10FEFF for 0xFF,
/// and comes back as that byte. These characters themselves, should someone type them, go the same
/// way byte by byte, so that text and bytes correspond one to one.
enum ArgumentBytes {
  private static let privateBase: UInt32 = 0x10FE00
  private static let privateRange: ClosedRange<UInt32> = 0x10FE80...0x10FEFF

  /// The words of this process after its own name, also where there is no `/proc`, from which
  /// `CommandLine` has them.
  static func ofProcess() -> [[UInt8]] {
    var count: Int32 = 0
    let words = unsafe cl_process_arguments(&count)
    return (1..<max(Int(count), 1)).compactMap { index in
      guard let word = unsafe words?[index] else { return nil }
      let length = unsafe strlen(word)
      return unsafe UnsafeBufferPointer(start: word, count: length).map { UInt8(bitPattern: $0) }
    }
  }

  /// The text that stands for `bytes`.
  static func text(_ bytes: [UInt8]) -> String {
    var scalars = String.UnicodeScalarView()
    var rest = bytes[...]
    while let first = rest.first {
      let length = sequenceLength(first)
      if let scalar = onlyScalar(rest.prefix(length)), !privateRange.contains(scalar.value) {
        scalars.append(scalar)
        rest = rest.dropFirst(length)
      } else {
        scalars.append(Unicode.Scalar(privateBase + UInt32(first)) ?? "\u{FFFD}")
        rest = rest.dropFirst()
      }
    }
    return String(scalars)
  }

  /// The bytes that `text` stands for.
  static func bytes(_ text: String) -> [UInt8] {
    text.unicodeScalars.flatMap { scalar in
      privateRange.contains(scalar.value)
        ? [UInt8(truncatingIfNeeded: scalar.value)] : Array(String(scalar).utf8)
    }
  }

  private static func sequenceLength(_ first: UInt8) -> Int {
    switch first {
    case 0xC2...0xDF: 2
    case 0xE0...0xEF: 3
    case 0xF0...0xF4: 4
    default: 1
    }
  }

  private static func onlyScalar(_ bytes: ArraySlice<UInt8>) -> Unicode.Scalar? {
    let scalars = String(validating: bytes, as: UTF8.self)?.unicodeScalars
    return scalars?.count == 1 ? scalars?.first : nil
  }
}
