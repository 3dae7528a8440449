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
