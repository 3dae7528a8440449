// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// Why filter rules cannot be followed.
public struct FilterError: Error, Equatable, Sendable {
  /// What is wrong.
  public enum Problem: Equatable, Sendable {
    /// It begins like no rule.
    case unknownRule
    /// A letter behind its name means nothing there; at which byte it stands.
    case invalidModifier(UInt8, position: Int)
    /// The rule that names the file says for which side its rules are, and so does this one.
    case sidesTwice
    /// A rule that clears the list has something behind it.
    case trailingCharacters
    /// The pattern is missing.
    case unexpectedEnd
    /// It is longer than any path.
    case tooLong
    /// A file with rules cannot be opened.
    case cannotOpen(Errno)
    /// Files with rules name each other without an end.
    case tooDeep
  }

  /// Where a rule comes from.
  public enum Origin: Equatable, Sendable {
    /// From the command line.
    case argument
    /// From a file, with the number of the line where it has lines.
    case file([UInt8], line: Int?)
    /// From a file that another one named.
    case nestedFile
  }

  /// What is wrong.
  public let problem: Problem
  /// The rule, or the path of a file.
  public let text: [UInt8]
  /// Where it comes from; what a file has is not to be shown to who cannot read that.
  public let origin: Origin
}

extension FilterError.Problem {
  /// Whether the rules are wrong, and not a file missing.
  public var isOfSyntax: Bool {
    switch self {
    case .cannotOpen, .tooDeep: false
    default: true
    }
  }
}
