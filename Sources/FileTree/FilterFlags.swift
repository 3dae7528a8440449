// SPDX-License-Identifier: Apache-2.0

/// What a filter rule says beside its pattern.
struct FilterFlags: OptionSet, Sendable {
  let rawValue: UInt32

  /// It includes, and does not exclude.
  static let include = FilterFlags(rawValue: 1 << 0)
  /// It is about directories alone.
  static let directoriesOnly = FilterFlags(rawValue: 1 << 1)
  /// It is about what does not match (`!`).
  static let negated = FilterFlags(rawValue: 1 << 2)
  /// It is matched against the path from the root of the filesystem (`/`).
  static let absolute = FilterFlags(rawValue: 1 << 3)
  /// It does not count in directories that are removed (`p`).
  static let perishable = FilterFlags(rawValue: 1 << 4)
  /// It is about names of extended attributes (`x`).
  static let attributes = FilterFlags(rawValue: 1 << 5)
  /// It is about what is copied (`s`).
  static let senderSide = FilterFlags(rawValue: 1 << 6)
  /// It is about what is kept from being removed (`r`).
  static let receiverSide = FilterFlags(rawValue: 1 << 7)

  /// It names a file with rules.
  static let mergeFile = FilterFlags(rawValue: 1 << 8)
  /// That is looked for in every directory.
  static let perDirectory = FilterFlags(rawValue: 1 << 9)
  /// The lines of the file are patterns alone (`-`, `+`).
  static let noPrefixes = FilterFlags(rawValue: 1 << 10)
  /// Words and not lines (`w`).
  static let wordSplit = FilterFlags(rawValue: 1 << 11)
  /// The rules do not hold in directories below (`n`).
  static let noInherit = FilterFlags(rawValue: 1 << 12)
  /// The file itself is left out (`e`).
  static let excludesSelf = FilterFlags(rawValue: 1 << 13)
  /// What CVS ignores (`C`).
  static let ignoresLikeCVS = FilterFlags(rawValue: 1 << 14)
  /// It takes back all rules before it.
  static let clears = FilterFlags(rawValue: 1 << 15)

  /// The sides.
  static let sides: FilterFlags = [.senderSide, .receiverSide]
  /// What the rules of a file have from the rule that names it.
  static let fromMergeRule: FilterFlags = [
    .absolute, .include, .directoriesOnly, .negated, .perishable,
  ]
}

/// A side that rules are about.
public enum FilterSide: Sendable {
  /// What is copied from the source.
  case sender
  /// What is removed from the target.
  case receiver
}

/// A rule that decides about a name, as it is told.
public struct FilterMatch: Equatable, Sendable {
  /// Whose rule it is.
  public enum Origin: Equatable, Sendable {
    /// The command line's, or that of a file which it names.
    case commandLine
    /// That of a merge file with this name.
    case directory([UInt8])
    /// One of those that CVS has.
    case cvs
  }

  /// Whether the name is copied, or may be removed; else it is left out, or stays.
  public let isIncluded: Bool
  /// The pattern, where it does not come from a file.
  public let pattern: [UInt8]?
  /// Whose rule it is.
  public let origin: Origin

  init(_ rule: FilterRule) {
    isIncluded = rule.flags.contains(.include)
    let isOfDirectories = rule.flags.contains(.directoriesOnly)
    pattern = rule.text.map { isOfDirectories ? $0 + [slash] : $0 }
    origin = rule.origin
  }
}

/// A rule about names.
final class FilterRule: Sendable {
  /// What it does.
  enum Action: Sendable {
    case include
    case exclude
    /// What the merge files of a directory say counts here.
    case merge(MergeRule)
    /// What CVS ignores counts here.
    case cvs([FilterRule])
  }

  let action: Action
  let flags: FilterFlags
  let pattern: FilterPattern?
  /// The text of the pattern, where the command line has it.
  let text: [UInt8]?
  let origin: FilterMatch.Origin

  init(
    _ action: Action,
    _ flags: FilterFlags,
    _ pattern: FilterPattern? = nil,
    text: [UInt8]? = nil,
    origin: FilterMatch.Origin = .commandLine
  ) {
    self.action = action
    self.flags = flags
    self.pattern = pattern
    self.text = text
    self.origin = origin
  }

  /// Whether it is about a name.
  func matches(_ subject: FilterSubject) -> Bool {
    guard let pattern else { return false }
    let isNegated = flags.contains(.negated)
    if !subject.isDirectory && flags.contains(.directoriesOnly) { return isNegated }
    return pattern.matches(subject) != isNegated
  }

  /// Whether it is about a side.
  func applies(to side: FilterSide) -> Bool {
    let sides = flags.intersection(.sides)
    return sides.isEmpty || sides.contains(side == .sender ? .senderSide : .receiverSide)
  }
}

/// A rule that names a file which is looked for in every directory.
final class MergeRule: Sendable {
  let flags: FilterFlags
  /// The path as it was given.
  let path: [UInt8]
  /// Whether the file that is being read when this rule is, was named by another one.
  let isFromFile: Bool

  init(_ flags: FilterFlags, _ path: [UInt8], isFromFile: Bool) {
    self.flags = flags
    self.path = path
    self.isFromFile = isFromFile
  }

  /// The name that is looked for.
  var name: ArraySlice<UInt8> { lastName(of: path[...]) }
}

/// The part of a path behind the last slash.
func lastName(of path: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
  path.lastIndex(of: slash).map { path[($0 + 1)...] } ?? path
}
