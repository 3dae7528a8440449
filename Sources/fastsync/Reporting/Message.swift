// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import SystemPackage

/// Builds one line of output, in bytes, since names are bytes.
struct Message {
  /// The line so far, without its end.
  private(set) var bytes: [UInt8] = []

  /// An empty line.
  init() {}

  /// A line of bytes of which some may have to be escaped.
  init(escaping text: [UInt8]) { escape(text) }

  /// A line for the standard error, with the command's name before it.
  static func error(_ text: some Sequence<UInt8>) -> Message {
    var message = named()
    message.escape(Array(text))
    return message
  }

  /// A line that begins with the command's name.
  static func named() -> Message {
    var message = Message()
    message.bytes = Array("fastsync: ".utf8)
    return message
  }

  /// The line with its end.
  var line: [UInt8] { bytes + [UInt8(ascii: "\n")] }

  /// Adds text.
  mutating func append(_ text: String) {
    escape(Array(text.utf8))
  }

  /// Adds a path.
  mutating func append(_ path: FilePath) {
    escape(unsafe path.withPlatformString { unsafe Array(cString: $0) })
  }

  /// Adds bytes.
  mutating func append(bytes: [UInt8]) { escape(bytes) }

  /// Adds bytes; control characters become `\#ooo` as in rsync, and so does the backslash of what
  /// looks like one already.
  private mutating func escape(_ text: [UInt8]) {
    var start = 0
    for index in text.indices where Message.isEscaped(text, at: index) {
      bytes += text[start..<index]
      bytes += Message.octal(text[index])
      start = index + 1
    }
    bytes += text[start...]
  }

  /// How a byte is shown that may not be written.
  static func octal(_ byte: UInt8) -> [UInt8] {
    Array("\\#\(zeroPadded(byte, 3, radix: 8))".utf8)
  }

  private static func isEscaped(_ text: [UInt8], at index: Int) -> Bool {
    let byte = text[index]
    if byte < 0x20 { return byte != UInt8(ascii: "\t") }
    guard byte == UInt8(ascii: "\\"), index + 4 < text.count else { return false }
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    return text[index + 1] == UInt8(ascii: "#") && digits.contains(text[index + 2])
      && digits.contains(text[index + 3]) && digits.contains(text[index + 4])
  }
}
