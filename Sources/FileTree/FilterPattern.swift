// SPDX-License-Identifier: Apache-2.0

/// A name that rules are asked about, with the path that it has in the transfer.
struct FilterSubject {
  /// The name alone.
  let name: ArraySlice<UInt8>
  /// The whole path from the root, a slash before and behind it; empty where no rule needs it.
  let path: [UInt8]
  /// Where in the path the part begins that is in the transfer.
  let relativeStart: Int
  let isDirectory: Bool
}

/// What a filter rule is matched against, and how.
struct FilterPattern: Equatable, Sendable {
  /// Where the text begins that is matched.
  enum Base: Equatable, Sendable {
    /// At the name.
    case name
    /// At the part of the path that is in the transfer.
    case transfer
    /// At the root of the filesystem.
    case root
    /// Behind the directory of the merge file, which takes so many bytes of the path.
    case directory(Int)
  }

  private enum Placement: Equatable {
    /// It has to match from there to the end.
    case whole
    /// It has to match so many names at the end.
    case lastNames(Int)
    /// It may begin behind any slash.
    case behindAnySlash
  }

  private enum Matcher: Equatable {
    case literal([UInt8])
    case wildcard(WildcardPattern)
  }

  let base: Base
  private let placement: Placement
  private let matcher: Matcher
  /// Whether the text begins with the slash before it, so that `**/` may stand for nothing.
  private let hasSlashBefore: Bool
  /// Whether the text of a directory ends with a slash, so that `/***` may stand for that.
  private let hasSlashBehind: Bool

  /// Whether it needs more than the name.
  var needsPath: Bool { base != .name }

  /// Compiles the pattern of a rule, without the slash that only says that it is about directories.
  ///
  /// - Parameters:
  ///   - text: The pattern.
  ///   - isAbsolute: Whether it is matched from the root of the filesystem.
  ///   - directoryBytes: For a rule of a merge file, how long the path of its directory is: what
  ///     begins with a slash begins there.
  init(_ text: ArraySlice<UInt8>, isAbsolute: Bool, directoryBytes: Int?) {
    let isAnchored = text.first == slash
    let slashes = text.count { $0 == slash }
    let wildcards = text.contains { Self.wildcardBytes.contains($0) }
    let firstPair = wildcards ? Self.firstStarPair(in: text) : nil
    let rest = isAnchored ? text.dropFirst() : text
    matcher = wildcards ? .wildcard(WildcardPattern(rest)) : .literal(Array(rest))
    let matchesPath = slashes > 0 || firstPair != nil
    let beginsWithPair = firstPair == text.startIndex
    if !matchesPath {
      base = .name
    } else if isAbsolute {
      base = .root
    } else if let directoryBytes, isAnchored {
      base = .directory(directoryBytes)
    } else {
      base = .transfer
    }
    hasSlashBefore = base == .transfer && beginsWithPair
    hasSlashBehind = firstPair != nil && text.suffix(3).elementsEqual("***".utf8)
    if isAnchored || !matchesPath || beginsWithPair {
      placement = .whole
    } else {
      placement = firstPair == nil ? .lastNames(slashes + 1) : .behindAnySlash
    }
  }

  private static let wildcardBytes = Array("*[?".utf8)

  private static func firstStarPair(in text: ArraySlice<UInt8>) -> Int? {
    let star = UInt8(ascii: "*")
    return text.indices.dropLast().first { text[$0] == star && text[$0 + 1] == star }
  }

  /// Whether it matches, kinds aside.
  func matches(_ subject: FilterSubject) -> Bool {
    let start: Int
    switch base {
    case .name: return matches(subject.name)
    case .transfer: start = hasSlashBefore ? subject.relativeStart - 1 : subject.relativeStart
    case .root: start = 1
    case .directory(let bytes): start = bytes
    }
    let isWithSlash = hasSlashBehind && subject.isDirectory
    let end = isWithSlash ? subject.path.count : subject.path.count - 1
    let text = subject.path[start..<end]
    switch placement {
    case .whole: return matches(text)
    case .lastNames(let count):
      guard let names = Self.lastNames(count, of: text) else { return false }
      return matches(names)
    case .behindAnySlash:
      if matches(text) { return true }
      return text.indices.contains { text[$0] == slash && matches(text[($0 + 1)...]) }
    }
  }

  private func matches(_ text: ArraySlice<UInt8>) -> Bool {
    switch matcher {
    case .literal(let bytes): text.elementsEqual(bytes)
    case .wildcard(let pattern): pattern.matches(text)
    }
  }

  private static func lastNames(_ count: Int, of text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    var left = count
    var index = text.endIndex
    while index > text.startIndex {
      index -= 1
      guard text[index] == slash else { continue }
      left -= 1
      if left == 0 { return text[(index + 1)...] }
    }
    return left == 1 ? text : nil
  }
}
