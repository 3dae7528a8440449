// SPDX-License-Identifier: Apache-2.0

/// A rule as it was read.
struct ParsedFilterRule: Equatable {
  var flags: FilterFlags
  /// The pattern, or the path of a file.
  var text: ArraySlice<UInt8>
}

/// Reads single filter rules in rsync's words.
struct FilterParser {
  /// How rules begin.
  enum Prefixes {
    /// With a letter or a word, as `--filter` has it.
    case all
    /// With `+ ` or `- ` at most, as `--exclude` and `--include` have it.
    case old
  }

  /// What the rules have from the rule or option that their file was named by.
  let template: FilterFlags
  let prefixes: Prefixes

  private static let longNames: [(name: [UInt8], letter: UInt8)] = [
    ("clear", "!"), ("dir-merge", ":"), ("exclude", "-"), ("hide", "H"), ("include", "+"),
    ("merge", "."), ("protect", "P"), ("risk", "R"), ("show", "S"),
  ].map { (name: Array($0.0.utf8), letter: Array($0.1.utf8)[0]) }

  /// Reads a rule.
  func parse(_ rule: ArraySlice<UInt8>) throws(FilterProblem) -> ParsedFilterRule {
    var flags = template.intersection(.fromMergeRule)
    var text = rule
    if template.contains(.noPrefixes) {
      if template.contains(.ignoresLikeCVS), rule.elementsEqual("!".utf8) { flags.insert(.clears) }
    } else if prefixes == .old {
      if rule.starts(with: "- ".utf8) {
        flags.remove(.include)
        text = rule.dropFirst(2)
      } else if rule.starts(with: "+ ".utf8) {
        flags.insert(.include)
        text = rule.dropFirst(2)
      } else if rule.elementsEqual("!".utf8) {
        flags.insert(.clears)
      }
    } else {
      text = try parsePrefix(rule, &flags)
    }
    let sides = template.intersection(.sides)
    if !sides.isEmpty {
      guard flags.isDisjoint(with: .sides) else { throw FilterProblem(.sidesTwice) }
      flags.formUnion(sides)
    }
    if flags.contains(.clears) {
      let mayFollow = template.contains(.noPrefixes) || prefixes == .old
      guard mayFollow || text.isEmpty else { throw FilterProblem(.trailingCharacters) }
    } else if text.isEmpty && !flags.contains(.ignoresLikeCVS) {
      throw FilterProblem(.unexpectedEnd)
    }
    guard text.count < Self.textBytesMax else { throw FilterProblem(.tooLong) }
    return ParsedFilterRule(flags: flags, text: text)
  }

  /// PATH_MAX: no path can be longer.
  private static let textBytesMax = 4096

  /// Reads the name of a rule with its modifiers.
  ///
  /// - Returns: What follows.
  private func parsePrefix(
    _ rule: ArraySlice<UInt8>,
    _ flags: inout FilterFlags
  ) throws(FilterProblem) -> ArraySlice<UInt8> {
    guard let (letter, behind) = Self.name(of: rule) else { throw FilterProblem(.unknownRule) }
    let namesSide = try begin(letter, &flags)
    var rest = rule[behind...]
    if letter == UInt8(ascii: "!") { return rest }
    while let byte = rest.first, byte != UInt8(ascii: " "), byte != UInt8(ascii: "_") {
      guard modify(byte, &flags, namesSide: namesSide) else {
        throw FilterProblem(.invalidModifier(byte, position: rest.startIndex - rule.startIndex))
      }
      rest = rest.dropFirst()
    }
    return rest.dropFirst()
  }

  /// The letter of the rule's name, and where what follows begins.
  private static func name(of rule: ArraySlice<UInt8>) -> (letter: UInt8, behind: Int)? {
    guard let first = rule.first else { return nil }
    let comma = UInt8(ascii: ",")
    let isLetter = !"cdehimprs".utf8.contains(first)
    let name = isLetter ? [first] : longNames.first { rule.starts(with: $0.name) }?.name
    guard let name else { return nil }
    let behind = rule.startIndex + name.count
    let next = behind < rule.endIndex ? rule[behind] : nil
    let letter = isLetter ? first : longNames.first { $0.name == name }?.letter
    guard let letter else { return nil }
    if next == comma { return (letter, behind + 1) }
    guard !isLetter, let next, next != UInt8(ascii: "_"), !isSpace(next) else {
      return (letter, behind)
    }
    return nil
  }

  /// Notes what a rule is.
  ///
  /// - Returns: Whether that says for which side it is.
  private func begin(_ letter: UInt8, _ flags: inout FilterFlags) throws(FilterProblem) -> Bool {
    switch letter {
    case UInt8(ascii: ":"): flags.formUnion([.mergeFile, .perDirectory])
    case UInt8(ascii: "."): flags.insert(.mergeFile)
    case UInt8(ascii: "+"): flags.insert(.include)
    case UInt8(ascii: "-"): break
    case UInt8(ascii: "!"): flags.insert(.clears)
    case UInt8(ascii: "S"): flags.formUnion([.include, .senderSide])
    case UInt8(ascii: "H"): flags.insert(.senderSide)
    case UInt8(ascii: "R"): flags.formUnion([.include, .receiverSide])
    case UInt8(ascii: "P"): flags.insert(.receiverSide)
    default: throw FilterProblem(.unknownRule)
    }
    return "SHRP".utf8.contains(letter)
  }

  /// Notes a modifier.
  ///
  /// - Returns: Whether it may stand there.
  private func modify(_ letter: UInt8, _ flags: inout FilterFlags, namesSide: Bool) -> Bool {
    let isMerge = flags.contains(.mergeFile)
    switch letter {
    case UInt8(ascii: "-") where isMerge && !flags.contains(.noPrefixes):
      flags.insert(.noPrefixes)
    case UInt8(ascii: "+") where isMerge && !flags.contains(.noPrefixes):
      flags.formUnion([.noPrefixes, .include])
    case UInt8(ascii: "C") where !flags.contains(.noPrefixes) && !namesSide:
      flags.formUnion([.noPrefixes, .wordSplit, .noInherit, .ignoresLikeCVS])
    case UInt8(ascii: "/"): flags.insert(.absolute)
    case UInt8(ascii: "!") where !isMerge: flags.insert(.negated)
    case UInt8(ascii: "e") where isMerge: flags.insert(.excludesSelf)
    case UInt8(ascii: "n") where isMerge: flags.insert(.noInherit)
    case UInt8(ascii: "w") where isMerge: flags.insert(.wordSplit)
    case UInt8(ascii: "p"): flags.insert(.perishable)
    case UInt8(ascii: "r") where !namesSide: flags.insert(.receiverSide)
    case UInt8(ascii: "s") where !namesSide: flags.insert(.senderSide)
    case UInt8(ascii: "x"): flags.insert(.attributes)
    default: return false
    }
    return true
  }
}

/// What is wrong with a rule; where it is, who reads it knows.
struct FilterProblem: Error {
  let problem: FilterError.Problem

  init(_ problem: FilterError.Problem) {
    self.problem = problem
  }
}

/// Whether a byte is what C calls space.
func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

/// The rules in the contents of a file.
struct FilterLines {
  /// What separates rules, and what is left out.
  enum Form {
    /// Lines; those that begin with `#` or `;` are comments.
    case lines
    /// The same, but ended by NULs (`--from0`).
    case endedByNul
    /// Words; there are no comments.
    case words(alsoNul: Bool)
  }

  /// Each rule, with the number of its line where there are lines.
  let rules: [(text: ArraySlice<UInt8>, line: Int?)]

  /// Splits the contents of a file.
  init(_ contents: [UInt8], _ form: Form) {
    var rules: [(text: ArraySlice<UInt8>, line: Int?)] = []
    switch form {
    case .words(let alsoNul):
      let words = contents.split { isSpace($0) || alsoNul && $0 == 0 }
      rules = words.map { (Self.untilNul($0), nil) }
    case .lines, .endedByNul:
      var start = 0
      var number = 0
      while start <= contents.count {
        let end = contents[start...].firstIndex { Self.ends($0, form) } ?? contents.count
        number += 1
        let line = Self.untilNul(contents[start..<end])
        if let first = line.first, first != UInt8(ascii: "#"), first != UInt8(ascii: ";") {
          rules.append((line, number))
        }
        start = end + 1
        // CR and LF end one line together.
        if case .lines = form, end + 1 < contents.count, contents[end] == 0x0d,
          contents[end + 1] == 0x0a
        {
          start += 1
        }
      }
    }
    self.rules = rules.filter { !$0.text.isEmpty }
  }

  private static func ends(_ byte: UInt8, _ form: Form) -> Bool {
    if case .endedByNul = form { return byte == 0 }
    return byte == 0x0a || byte == 0x0d
  }

  /// A NUL ends what is read as text.
  private static func untilNul(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    text.prefix { $0 != 0 }
  }
}
