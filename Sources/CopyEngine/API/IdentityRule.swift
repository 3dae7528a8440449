// SPDX-License-Identifier: Apache-2.0

/// What becomes of some owners or groups of the source (`--usermap`, `--groupmap`, `--chown`).
public struct IdentityRule: Equatable, Sendable {
  /// Whom it is about.
  public enum Match: Equatable, Sendable {
    /// Those with these numbers.
    case numbers(ClosedRange<UInt32>)
    /// Those of this name, in bytes; those without one, where it is empty.
    case name([UInt8])
    /// Those whose name, empty where there is none, is matched by a pattern of the shell.
    case pattern([UInt8])
  }

  /// Whom it is about.
  public let match: Match
  /// Whom they become.
  public let number: UInt32

  /// Makes a rule.
  public init(_ match: Match, becomes number: UInt32) {
    self.match = match
    self.number = number
  }
}

extension [IdentityRule] {
  /// Whom a number becomes: the first rule that is about it counts.
  ///
  /// - Parameters:
  ///   - number: The number at the source.
  ///   - name: Tells its name; empty where it has none.
  ///   - matches: Tells whether a name is matched by a pattern.
  /// - Returns: The number at the target.
  func mapped(
    _ number: UInt32,
    name: () -> [UInt8],
    matches: ([UInt8], [UInt8]) -> Bool
  ) -> UInt32 {
    var known: [UInt8]?
    func ownName() -> [UInt8] {
      let found = known ?? name()
      known = found
      return found
    }
    let rule = first { rule in
      switch rule.match {
      case .numbers(let range): range.contains(number)
      case .name(let wanted): ownName() == wanted
      case .pattern(let pattern): matches(ownName(), pattern)
      }
    }
    return rule?.number ?? number
  }
}
