// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The options without a value that a section of the help lists.
protocol ToggleOption: CaseIterable, Equatable, Sendable {
  /// Its letter, where it has one.
  var letter: Character? { get }
  /// Its long names; the first is the one to show.
  var longNames: [String] { get }
  /// What it does, for the help.
  var summary: String { get }
  /// Whether `--no-NAME` is there to take it back.
  var isNegatable: Bool { get }
}

/// One such option as it was typed: given, or taken back with `--no-`.
///
/// An array of these keeps the order of the command line, in which the later option wins.
struct Toggle<Option: ToggleOption>: EnumerableFlag, CustomStringConvertible, Sendable {
  /// Which option.
  let option: Option
  /// Whether it was given, not taken back.
  let isOn: Bool

  /// The option without its dashes; the parser asks for it often.
  var description: String {
    (isOn ? "" : "no-") + (option.longNames.first ?? option.letter.map { String($0) } ?? "")
  }

  /// Everything that can be typed.
  static var allCases: [Toggle] {
    Option.allCases.map { Toggle(option: $0, isOn: true) }
      + Option.allCases.filter(\.isNegatable).map { Toggle(option: $0, isOn: false) }
  }

  /// The names of an option, or with `--no-` before each.
  static func name(for value: Toggle) -> NameSpecification {
    let option = value.option
    guard value.isOn else {
      let names = option.longNames + (option.letter.map { [String($0)] } ?? [])
      return NameSpecification(names.map { .customLong("no-\($0)") })
    }
    let letters = option.letter.map { [NameSpecification.Element.customShort($0)] } ?? []
    return NameSpecification(letters + option.longNames.map { .customLong($0) })
  }

  /// The help of an option; that of `--no-` is said once for all.
  static func help(for value: Toggle) -> ArgumentHelp? {
    value.isOn
      ? ArgumentHelp(stringLiteral: value.option.summary) : ArgumentHelp(visibility: .hidden)
  }
}
