// SPDX-License-Identifier: Apache-2.0

/// Sizes in bytes, read as rsync reads them.
enum ByteSize {
  /// Reads `8M`, `512K`, `1.5G` or a number of bytes.
  ///
  /// A suffix counts in 1024; with a B behind it (`8MB`) in 1000, and `8MiB` is `8M`.
  ///
  /// - Returns: `nil` if this is not a size.
  static func parse(_ text: String) -> UInt64? {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard let number = Double(digits), digits.first != ".", digits.last != "." else { return nil }
    let suffix = text.dropFirst(digits.count).lowercased()
    let unit = suffix.prefix(1)
    let base: Double
    switch suffix.dropFirst() {
    case "", "ib": base = 1024
    case "b": base = 1000
    default: return nil
    }
    let factor: Double
    switch unit {
    case "" where suffix.isEmpty, "b" where suffix == "b": factor = 1
    case "k": factor = base
    case "m": factor = base * base
    case "g": factor = base * base * base
    default: return nil
    }
    let bytes = number * factor
    return bytes < 1e18 ? UInt64(bytes) : nil
  }
}
