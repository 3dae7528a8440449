// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Storage

/// One option as it was typed.
struct TypedOption {
  /// How it was typed, without its value.
  let spelling: String
  /// Whether it was given, and not taken back by `--no-`.
  let isOn: Bool
  /// The value in bytes; empty for an option without one.
  let value: [UInt8]

  /// The value as text; what is not UTF-8 is no word and no number.
  private var text: String { String(decoding: value, as: UTF8.self) }

  /// The value as one of the words of an option.
  func word<Word: OptionWord>(_ type: Word.Type = Word.self) throws(Refusal) -> Word {
    guard let word = Word(rawValue: text) else { throw misfit("must be \(Word.choice)") }
    return word
  }

  /// The value as one word, or as two in `SOURCE:TARGET`.
  func wordsBySide<Word: OptionWord>() throws(Refusal) -> BySide<Word> {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count <= 2, let first = parts.first, let last = parts.last,
      let source = Word(rawValue: String(first)), let target = Word(rawValue: String(last))
    else { throw misfit("must be \(Word.choice), or two of them as SOURCE:TARGET") }
    var words = BySide(source)
    words.target = target
    return words
  }

  /// The value as a number.
  func number(_ range: ClosedRange<Int>) throws(Refusal) -> Int {
    guard let number = Int(text), range.contains(number) else {
      throw misfit("must be a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// The value as an integer of 32 bits, read as rsync's parser reads it: also octal and
  /// hexadecimal, and 0 where nothing was typed.
  func integer() throws(Refusal) -> Int {
    guard let (number, isInRange) = Self.integer(value) else {
      throw misread("invalid numeric value")
    }
    guard isInRange, let small = Int32(exactly: number) else {
      throw misread("number too large or too small")
    }
    return Int(small)
  }

  /// Reads the whole of a text as a number (`strtoll` with base 0).
  private static func integer(_ text: [UInt8]) -> (number: Int, isInRange: Bool)? {
    var rest = text[...].drop { $0 == 0x20 || (0x09...0x0d).contains($0) }
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
    var radix = 10
    if rest.first == UInt8(ascii: "0") && rest.count > 1 {
      let isHexadecimal = rest[rest.startIndex + 1] | 0x20 == UInt8(ascii: "x")
      radix = isHexadecimal ? 16 : 8
      rest = rest.dropFirst(isHexadecimal ? 2 : 1)
    }
    if rest.isEmpty { return text.isEmpty ? (0, true) : nil }
    var number = 0
    var isInRange = true
    for byte in rest {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, digit < radix else {
        return nil
      }
      let (product, overflow) = number.multipliedReportingOverflow(by: radix)
      let (sum, carry) = product.addingReportingOverflow(digit)
      if overflow || carry { isInRange = false }
      number = overflow || carry ? 0 : sum
    }
    return (isNegative ? -number : number, isInRange)
  }

  /// The value as a size in bytes, read as rsync reads sizes.
  ///
  /// - Parameters:
  ///   - unit: What counts where no unit is typed.
  ///   - least: The least that is allowed; 0 always is where `mayBeZero`.
  ///   - most: The most that is allowed.
  ///   - mayBeZero: Whether 0 stands for no limit.
  /// - Returns: The size in bytes.
  /// - Throws: What is wrong with it, in rsync's words.
  func size(
    unit: RsyncSize.Unit = .bytes,
    least: Int = 0,
    most: Int? = nil,
    mayBeZero: Bool = false
  ) throws(Refusal) -> Int {
    let name = spelling.hasPrefix("--") ? spelling : "--block-size"
    do {
      return try RsyncSize.parse(value, unit, least: least, most: most, mayBeZero: mayBeZero)
    } catch {
      throw Refusal(Array("\(name)=".utf8) + value, " is \(error.words(mayBeZero: mayBeZero))")
    }
  }

  /// Says as rsync's parser does what is wrong with a value.
  private func misread(_ problem: String) -> Refusal {
    let glue = spelling.hasPrefix("--") ? "=" : ""
    return Refusal(Array("\(spelling)\(glue)".utf8) + value, ": \(problem)")
  }

  /// The value as a size in bytes; `bounds` are the limits in words.
  func bytes(_ range: ClosedRange<Int>, _ bounds: String) throws(Refusal) -> Int {
    guard let size = ByteSize.parse(text) else { throw misfit("must be a size such as 8M or 512K") }
    guard let bytes = Int(exactly: size), range.contains(bytes) else {
      throw misfit("must be \(bounds)")
    }
    return bytes
  }

  /// Says what is wrong with the value.
  private func misfit(_ problem: String) -> Refusal {
    Refusal(Array("\(spelling)=".utf8) + value, ": the value \(problem)")
  }
}

/// The words that an option takes.
protocol OptionWord: RawRepresentable<String>, CaseIterable, Sendable {}

extension OptionWord {
  /// All words, in their order.
  static var words: [String] { allCases.map(\.rawValue) }

  /// The words as a choice: `'a', 'b' or 'c'`.
  static var choice: String {
    let quoted = words.map { "'\($0)'" }
    return "\(quoted.dropLast().joined(separator: ", ")) or \(quoted.last ?? "")"
  }
}

extension TransferOptions.CacheMode: OptionWord {}
extension DiskProfile: OptionWord {}
extension TransferOptions.Engine: OptionWord {}
extension TransferOptions.Reflink: OptionWord {}
extension TransferOptions.ChangePolicy: OptionWord {}
extension TransferOptions.ReadErrorPolicy: OptionWord {}
extension PublishOptions.Durability: OptionWord {}
