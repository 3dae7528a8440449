// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel

/// Maps of owners and groups as `--usermap` and `--groupmap` take them: `0-99:nobody,wayne:admin`.
enum IdentityText {
  /// Reads a map.
  static func rules(
    _ text: [UInt8],
    _ kind: AccountNames.Kind
  ) throws(Refusal) -> [IdentityRule] {
    var rules: [IdentityRule] = []
    let pairs = text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    // rsync looks for faults from the end.
    for pair in pairs.reversed() { rules.append(try rule(Array(pair), kind)) }
    return rules.reversed()
  }

  private static func rule(
    _ pair: [UInt8],
    _ kind: AccountNames.Kind
  ) throws(Refusal) -> IdentityRule {
    guard let colon = pair.firstIndex(of: UInt8(ascii: ":")) else {
      throw refusal("No colon found in", kind, pair)
    }
    let name = Array(pair[(colon + 1)...])
    guard !name.isEmpty else { throw refusal("No name found after colon", kind, pair) }
    let wanted = Array(pair[..<colon])
    return IdentityRule(try match(wanted, pair, kind), becomes: try number(name, kind))
  }

  private static func match(
    _ wanted: [UInt8],
    _ pair: [UInt8],
    _ kind: AccountNames.Kind
  ) throws(Refusal) -> IdentityRule.Match {
    guard let first = wanted.first, isDigit(first) else {
      // Everybody is meant, and nobody's name has to be known.
      if wanted.elementsEqual("*".utf8) { return .numbers(0...UInt32.max) }
      let isPattern = wanted.contains { "*[?".utf8.contains($0) }
      return isPattern ? .pattern(wanted) : .name(wanted)
    }
    let dash = UInt8(ascii: "-")
    let ends = wanted.split(separator: dash, omittingEmptySubsequences: false)
    guard ends.count <= 2, ends.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isDigit) }) else {
      throw refusal("Invalid number in", kind, wanted)
    }
    let numbers = [try digits(Array(ends[0])), try digits(Array(ends[ends.count - 1]))]
    // A range that ends with 0 is the number before it, as in rsync.
    let last = ends.count > 1 && numbers[1] == 0 ? numbers[0] : numbers[1]
    guard numbers[0] <= last else { return .numbers(UInt32.max...UInt32.max) }
    return .numbers(numbers[0]...last)
  }

  /// The number of a name that was typed, or a number.
  static func number(_ name: [UInt8], _ kind: AccountNames.Kind) throws(Refusal) -> UInt32 {
    if name.allSatisfy(isDigit) { return try digits(name) }
    guard let number = AccountNames.number(of: name, kind) else {
      throw Refusal(Array("Unknown --\(word(kind))map name: ".utf8) + name, "")
    }
    return number
  }

  private static func digits(_ text: [UInt8]) throws(Refusal) -> UInt32 {
    guard let number = UInt32(String(decoding: text, as: UTF8.self)) else {
      throw Refusal(Array("Invalid ID number: ".utf8) + text, "")
    }
    return number
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private static func word(_ kind: AccountNames.Kind) -> String {
    kind == .users ? "user" : "group"
  }

  private static func refusal(
    _ problem: String,
    _ kind: AccountNames.Kind,
    _ text: [UInt8]
  ) -> Refusal {
    Refusal(Array("\(problem) --\(word(kind))map: ".utf8) + text, "")
  }
}
