// SPDX-License-Identifier: Apache-2.0

import Kernel
import SystemPackage

/// One object of JSON, put together field by field.
struct JSONLine {
  private var bytes: [UInt8] = []

  /// An object without fields.
  init() {}

  /// An event.
  init(event: String) { add("event", event) }

  /// All of it, with its end.
  var line: [UInt8] { object + [UInt8(ascii: "\n")] }

  private var object: [UInt8] { [UInt8(ascii: "{")] + bytes + [UInt8(ascii: "}")] }

  /// Adds a text, or `null`.
  mutating func add(_ key: String, _ text: String?) {
    begin(key)
    guard let text else { return bytes += "null".utf8 }
    quote(text.utf8)
  }

  /// Adds a whole number, or `null`.
  mutating func add(_ key: String, _ number: (some BinaryInteger)?) {
    begin(key)
    bytes += (number.map { "\($0)" } ?? "null").utf8
  }

  /// Adds a number with three digits behind the point, or `null`.
  mutating func add(_ key: String, decimal number: Double?) {
    begin(key)
    guard let number, number.isFinite, abs(number) < 1e15 else { return bytes += "null".utf8 }
    let thousandths = Int64((number * 1000).rounded())
    let fraction = zeroPadded(thousandths.magnitude % 1000, 3)
    bytes += "\(thousandths < 0 ? "-" : "")\(thousandths.magnitude / 1000).\(fraction)".utf8
  }

  /// Adds a truth value.
  mutating func add(_ key: String, _ value: Bool) {
    begin(key)
    bytes += "\(value)".utf8
  }

  /// Adds a list of objects.
  mutating func add(_ key: String, _ objects: [JSONLine]) {
    begin(key)
    bytes.append(UInt8(ascii: "["))
    bytes += objects.map(\.object).joined(separator: [UInt8(ascii: ",")])
    bytes.append(UInt8(ascii: "]"))
  }

  /// Adds a name: what is no UTF-8, and so cannot be a text, as Base64 under `KEY_bytes`.
  mutating func add(_ key: String, name: [UInt8]) {
    guard String(validating: name, as: UTF8.self) != nil else {
      begin("\(key)_bytes")
      return quote(Self.base64(name))
    }
    begin(key)
    quote(name)
  }

  /// Adds a path in the same way.
  mutating func add(_ key: String, _ path: FilePath) { add(key, name: path.bytes) }

  private mutating func begin(_ key: String) {
    if !bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
    quote(key.utf8)
    bytes.append(UInt8(ascii: ":"))
  }

  private mutating func quote(_ text: some Sequence<UInt8>) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0..<0x20: bytes += "\\u\(zeroPadded(byte, 4, radix: 16))".utf8
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func base64(_ bytes: [UInt8]) -> [UInt8] {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = (0..<3).reduce(0) { $0 << 8 | ($1 < group.count ? Int(group[start + $1]) : 0) }
      for digit in 0..<4 {
        let isThere = digit <= group.count
        text.append(isThere ? digits[bits >> (18 - 6 * digit) & 63] : UInt8(ascii: "="))
      }
    }
    return text
  }
}
