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
    var unit = base
    var letters = Array("KMGTPE")[...]
    while figure / unit >= base, letters.count > 1 {
      unit *= base
      letters = letters.dropFirst()
    }
    return decimalText(Double(figure) / Double(unit)) + letters.prefix(1)
  }
}

/// Writes a number with two digits behind the point.
func decimalText(_ number: Double) -> String {
  let hundredths = UInt64(min(max(number, 0) * 100, 1e18).rounded())
  let fraction = hundredths % 100
  return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
}
