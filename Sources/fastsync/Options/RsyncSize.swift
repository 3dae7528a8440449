// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// Sizes as rsync's options take them: `1.5m`, `2G+1`, `100kb-1`, `512`.
///
/// A letter alone, or with `ib`, counts in 1024, with `b` behind it in 1000; a byte more or less
/// may be asked for at the end.
enum RsyncSize {
  /// The units, in their order.
  enum Unit: Int, CaseIterable {
    case bytes, kilo, mega, giga, tera, peta

    /// The letter for it, small.
    var letter: UInt8 { Array("bkmgtp".utf8)[rawValue] }
  }

  /// What is wrong with a size.
  enum Problem: Error, Equatable {
    case invalid
    /// More than may be; the limit where it is worth a mention.
    case tooLarge(most: Int?)
    case tooSmall(least: Int)

    /// The problem in rsync's words.
    func words(mayBeZero: Bool) -> String {
      switch self {
      case .invalid: "invalid"
      case .tooLarge(nil): "too large"
      case .tooLarge(let most?): "too large (max: \(RsyncSize.text(most)))"
      case .tooSmall(let least):
        "too small (min: \(RsyncSize.text(least))\(mayBeZero ? " or 0 for unlimited" : ""))"
      }
    }
  }

  /// Reads a size.
  ///
  /// - Parameters:
  ///   - text: What was typed.
  ///   - unit: What counts where no unit was typed.
  ///   - least: The least that is allowed.
  ///   - most: The most that is allowed.
  ///   - mayBeZero: Whether 0 is allowed all the same.
  /// - Returns: The size in bytes.
  /// - Throws: What is wrong with it.
  static func parse(
    _ text: [UInt8],
    _ unit: Unit = .bytes,
    least: Int = 0,
    most: Int? = nil,
    mayBeZero: Bool = false
  ) throws(Problem) -> Int {
    let tooLarge = Problem.tooLarge(most: most)
    let ceiling = most ?? Int.max
    var rest = text[...]
    let number = takeNumber(&rest)
    let factor = try takeFactor(&rest, unit)
    let step = try takeStep(&rest)
    guard number != nil || step == 0 || rest.startIndex > 1 || text.first != UInt8(ascii: "+")
    else { throw .invalid }
    if number == nil && text.first == UInt8(ascii: "-") { throw tooLarge }
    let product = (number ?? 0) * factor
    guard product < Double(Int.max), product <= Double(ceiling) else { throw tooLarge }
    let (size, overflow) = Int(product).addingReportingOverflow(step)
    guard !overflow, size >= 0, size <= ceiling else { throw tooLarge }
    guard size >= least || mayBeZero && size == 0 else { throw .tooSmall(least: least) }
    return size
  }

  /// Digits with or without a point; `nil` where there are none.
  private static func takeNumber(_ rest: inout ArraySlice<UInt8>) -> Double? {
    let start = rest
    func skipDigits() {
      while let byte = rest.first, (0x30...0x39).contains(byte) { rest = rest.dropFirst() }
    }
    skipDigits()
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      skipDigits()
    }
    let digits = start.prefix(start.count - rest.count)
    let text = String(decoding: digits, as: UTF8.self)
    return Double(text.hasPrefix(".") ? "0\(text)" : text.hasSuffix(".") ? "\(text)0" : text)
  }

  /// What the number is to be multiplied by.
  private static func takeFactor(
    _ rest: inout ArraySlice<UInt8>,
    _ standard: Unit
  ) throws(Problem) -> Double {
    var unit = standard
    if let byte = rest.first, !isSign(byte) {
      guard let typed = Unit.allCases.first(where: { $0.letter == byte | 0x20 }) else {
        throw .invalid
      }
      unit = typed
      rest = rest.dropFirst()
    }
    var base = 1024.0
    if let byte = rest.first, !isSign(byte) {
      let word = rest.prefix(2).map { $0 | 0x20 }
      if byte | 0x20 == UInt8(ascii: "b") {
        base = 1000
        rest = rest.dropFirst()
      } else if word.elementsEqual("ib".utf8) {
        rest = rest.dropFirst(2)
      } else {
        throw .invalid
      }
    }
    return (0..<unit.rawValue).reduce(1) { factor, _ in factor * base }
  }

  /// The byte more or less at the end.
  private static func takeStep(_ rest: inout ArraySlice<UInt8>) throws(Problem) -> Int {
    guard let sign = rest.first else { return 0 }
    guard rest.count == 2, isSign(sign), rest.last == UInt8(ascii: "1") else { throw .invalid }
    return sign == UInt8(ascii: "+") ? 1 : -1
  }

  private static func isSign(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
  }

  /// A limit as rsync writes it: `128.00K`.
  static func text(_ bytes: Int) -> String {
    guard bytes >= 1024 else { return String(bytes) }
    var hundredths = bytes
    var letters = "KMGTP".makeIterator()
    var letter: Character = "K"
    var divisor = 1
    while hundredths / divisor >= 1024, let next = letters.next() {
      letter = next
      divisor *= 1024
    }
    hundredths = Int((Double(bytes) / Double(divisor) * 100).rounded())
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)\(letter)"
  }
}
