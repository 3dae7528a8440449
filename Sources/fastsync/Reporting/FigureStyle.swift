// SPDX-License-Identifier: Apache-2.0

/// How figures look; the raw value is rsync's level of `-h`.
enum FigureStyle: Int, Sendable {
  /// `1234567` (`--no-h`).
  case plain = 0
  /// `1,234,567`.
  case grouped = 1
  /// `1.23M` (`-h`).
  case decimal = 2
  /// `1.18M` (`-hh`).
  case binary = 3

  /// Writes a figure.
  func text(_ figure: UInt64) -> String {
    switch self {
    case .plain: String(figure)
    case .grouped: grouped(figure)
    case .decimal: scaled(figure, by: 1000)
    case .binary: scaled(figure, by: 1024)
    }
  }

  /// Writes a number of things, which has no unit.
  func count(_ number: Int) -> String {
    let number = UInt64(max(number, 0))
    return self == .plain ? String(number) : grouped(number)
  }

  /// Writes a number with two digits behind the point.
  func decimal(_ number: Double) -> String {
    let text = decimalText(number)
    guard self != .plain, let whole = UInt64(text.dropLast(3)) else { return text }
    return grouped(whole) + text.suffix(3)
  }

  /// Writes so much a second.
  func rate(_ figure: Double) -> String {
    switch self {
    case .decimal where figure >= 1000, .binary where figure >= 1024: text(UInt64(figure))
    default: decimal(figure)
    }
  }

  private func grouped(_ figure: UInt64) -> String {
    let digits = Array(String(figure))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }

  private func scaled(_ figure: UInt64, by base: UInt64) -> String {
    guard figure >= base else { return String(figure) }
    let base = Double(base)
    // One division for each letter, as in rsync: the last digit depends on that.
    var number = Double(figure) / base
    var letters = Array("KMGTPE")[...]
    while number >= base, letters.count > 1 {
      number /= base
      letters = letters.dropFirst()
    }
    return decimalText(number) + letters.prefix(1)
  }
}

/// Writes a number with two digits behind the point, rounded as `printf` rounds the exact value of
/// a binary fraction: 74.455 is a little less than that.
func decimalText(_ number: Double) -> String {
  let number = min(max(number, 0), 1e16)
  var hundredths = (number * 100).rounded(.down)
  // The product was rounded; what is left of it is exact.
  if (-hundredths).addingProduct(number, 100) < 0 { hundredths -= 1 }
  let rest = (-hundredths - 0.5).addingProduct(number, 100)
  let isOdd = hundredths.truncatingRemainder(dividingBy: 2) == 1
  if rest > 0 || rest == 0 && isOdd { hundredths += 1 }
  let whole = UInt64(hundredths)
  return "\(whole / 100).\(zeroPadded(whole % 100, 2))"
}

/// Writes a whole number with so many digits at least.
func zeroPadded(_ number: some BinaryInteger, _ digits: Int, radix: Int = 10) -> String {
  let text = String(number, radix: radix)
  return String(repeating: "0", count: max(digits - text.count, 0)) + text
}
