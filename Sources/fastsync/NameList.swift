// SPDX-License-Identifier: Apache-2.0

/// The names in a file that `--files-from` reads.
struct NameList {
  private let bytes: [UInt8]
  private let endsInNUL: Bool

  /// Takes what was read.
  init(_ bytes: [UInt8], endsInNUL: Bool) {
    self.bytes = bytes
    self.endsInNUL = endsInNUL
  }

  /// Calls a function with each name; empty ones and comments are left out.
  func forEach(_ body: (ArraySlice<UInt8>) throws(Refusal) -> Void) throws(Refusal) {
    var start = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(where: isEnd) ?? bytes.count
      let name = bytes[start..<end]
      if let first = name.first, first != UInt8(ascii: "#"), first != UInt8(ascii: ";") {
        // A name has no NUL, whatever the file has.
        try body(name.prefix { $0 != 0 })
      }
      start = end + 1
    }
  }

  private func isEnd(_ byte: UInt8) -> Bool {
    endsInNUL ? byte == 0 : byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
  }

  /// A path that stays below the directory that it is relative to: without slashes at its start,
  /// and with each `..` resolved, the ones that would climb above left out.
  static func resolved(_ name: ArraySlice<UInt8>) -> [UInt8] {
    let slash = UInt8(ascii: "/")
    guard name.first == slash || name.contains(UInt8(ascii: ".")) || hasDoubleSlash(name) else {
      return Array(name)
    }
    var parts: [ArraySlice<UInt8>] = []
    for part in name.split(separator: slash) {
      if part.elementsEqual("..".utf8) {
        while parts.last?.elementsEqual(".".utf8) == true { parts.removeLast() }
        if !parts.isEmpty { parts.removeLast() }
      } else {
        parts.append(part)
      }
    }
    let isDirectory =
      name.last == slash || name.suffix(2).elementsEqual("..".utf8) && name.count < 3
    guard !parts.isEmpty else { return [UInt8(ascii: ".")] }
    return Array(parts.joined(separator: [slash])) + (isDirectory ? [slash] : [])
  }

  private static func hasDoubleSlash(_ name: ArraySlice<UInt8>) -> Bool {
    zip(name, name.dropFirst()).contains { $0 == UInt8(ascii: "/") && $1 == UInt8(ascii: "/") }
  }
}
