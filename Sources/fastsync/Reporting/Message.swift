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
    for (index, byte) in text.enumerated() {
      let isControl = byte < 0x20 && byte != UInt8(ascii: "\t")
      guard isControl || Message.looksEscaped(text[index...]) else {
        bytes.append(byte)
        continue
      }
      bytes += Message.octal(byte)
    }
  }

  /// How a byte is shown that may not be written.
  static func octal(_ byte: UInt8) -> [UInt8] {
    Array("\\#\(zeroPadded(byte, 3, radix: 8))".utf8)
  }

  private static func looksEscaped(_ text: ArraySlice<UInt8>) -> Bool {
    let digits = text.dropFirst(2).prefix(3)
    return text.starts(with: "\\#".utf8) && digits.count == 3
      && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }
}
