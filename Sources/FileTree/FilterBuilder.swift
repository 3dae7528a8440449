// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage

/// Builds one list of rules: that of the command line, or what a merge file says of a directory.
struct FilterBuilder {
  /// What the rules that are read now lie in.
  struct Place {
    /// The side that rules of the other one are left out for; `nil` keeps all.
    var side: FilterSide?
    /// The path of the directory that a merge file lies in, with its slash; `nil` for the command
    /// line.
    var directory: [UInt8]?
    /// What rsync works in: there merge files are looked for that a merge file names without a
    /// slash.
    var workingDirectory: [UInt8] = []
    /// The name of the merge file, which is looked for in every directory; `nil` otherwise.
    var mergeName: [UInt8]?
    /// Whether the rules are those that CVS has.
    var isOfCVS = false
    /// Whether the directory lies above the transfer.
    var isAboveTransfer = false
  }

  var settings: FilterSettings
  private let files: any FilterFiles
  private let place: Place
  /// The rules, in their order.
  private(set) var rules: [FilterRule] = []
  /// Rules of directories above, which count behind them.
  var inherited: [FilterRule] = []
  /// The merge files that are looked for, of all lists.
  private(set) var merges: [MergeRule]
  /// Whether rules are about attributes.
  private(set) var hasAttributeRules = false
  /// What CVS ignores, as the first rule has it that asks for that; all after it mean the same.
  private(set) var ignoredByCVS: [FilterRule]?

  init(
    _ settings: FilterSettings,
    _ files: any FilterFiles,
    _ place: Place = Place(),
    merges: [MergeRule] = [],
    ignoredByCVS: [FilterRule]? = nil
  ) {
    self.settings = settings
    self.files = files
    self.place = place
    self.merges = merges
    self.ignoredByCVS = ignoredByCVS
  }

  private static let depthMax = 32

  /// Adds a rule.
  ///
  /// - Parameters:
  ///   - text: The rule.
  ///   - parser: How it is read.
  ///   - origin: Where it comes from.
  ///   - depth: How many files name each other down to it.
  /// - Throws: What is wrong with it, or a file that it names.
  mutating func add(
    _ text: ArraySlice<UInt8>,
    _ parser: FilterParser,
    _ origin: FilterError.Origin = .argument,
    depth: Int = 0
  ) throws(FilterError) {
    guard !text.isEmpty else { return }
    var rule: ParsedFilterRule
    do {
      rule = try parser.parse(text)
    } catch {
      throw FilterError(problem: error.problem, text: Array(text), origin: origin)
    }
    if rule.flags.contains(.attributes) { hasAttributeRules = true }
    if rule.flags.contains(.clears) { return clear() }
    guard rule.flags.contains(.mergeFile) else { return try add(rule, origin, depth: depth) }
    if rule.text.isEmpty { rule.text = Self.cvsFile[...] }
    if rule.flags.contains(.excludesSelf) {
      let own = ParsedFilterRule(flags: [], text: lastName(of: rule.text))
      append(own, origin, isAtTop: false)
      rule.flags.remove(.excludesSelf)
    }
    if rule.flags.contains(.perDirectory) {
      addMerge(rule, origin)
    } else {
      try addFile(at: path(of: rule.text), rule.flags, .all, origin, depth: depth)
    }
  }

  private static let cvsFile = Array(".cvsignore".utf8)

  /// Adds what a file says.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - template: What its rules have from the rule that names it.
  ///   - prefixes: How its rules begin.
  ///   - origin: Where the path comes from.
  ///   - depth: How many files name each other down to it.
  /// - Throws: What is wrong with it, or that it cannot be opened.
  mutating func addFile(
    at path: [UInt8],
    _ template: FilterFlags,
    _ prefixes: FilterParser.Prefixes,
    _ origin: FilterError.Origin = .argument,
    depth: Int = 0
  ) throws(FilterError) {
    guard !path.isEmpty else { return }
    guard depth < Self.depthMax else {
      throw FilterError(problem: .tooDeep, text: path, origin: origin)
    }
    let contents: [UInt8]
    do {
      contents = try files.contents(at: path)
    } catch {
      throw FilterError(problem: .cannotOpen(error), text: path, origin: origin)
    }
    // What a file of a file says is for both sides, and anchored as the command line is.
    let isNested = origin != .argument || place.directory != nil
    try addContents(
      contents,
      FilterParser(template: template, prefixes: prefixes),
      isNested ? .nestedFile : .file(path, line: nil),
      depth: depth + 1
    )
  }

  /// Adds the rules in the contents of a file.
  mutating func addContents(
    _ contents: [UInt8],
    _ parser: FilterParser,
    _ origin: FilterError.Origin,
    depth: Int = 0
  ) throws(FilterError) {
    let form: FilterLines.Form =
      parser.template.contains(.wordSplit)
      ? .words(alsoNul: settings.endsByNul) : settings.endsByNul ? .endedByNul : .lines
    for (text, line) in FilterLines(contents, form).rules {
      var place = origin
      if case .file(let path, _) = origin { place = .file(path, line: line) }
      try add(text, parser, place, depth: depth)
    }
  }

  /// Where a file is that a rule names.
  private func path(of text: ArraySlice<UInt8>) -> [UInt8] {
    guard let directory = place.directory, text.first != slash else { return Array(text) }
    if text.elementsEqual("-".utf8) { return Array(text) }
    let base =
      text.contains(slash) || place.isAboveTransfer ? directory : place.workingDirectory
    return FilterPath.cleaned(base + text)
  }

  /// Takes back all rules, those of directories above as well.
  private mutating func clear() {
    for rule in rules {
      if case .merge(let merge) = rule.action { merges.removeAll { $0 === merge } }
    }
    rules = []
    inherited = []
  }

  private mutating func addMerge(_ rule: ParsedFilterRule, _ origin: FilterError.Origin) {
    var (flags, text) = (rule.flags, rule.text)
    if text.count > 1, text.last == slash {
      text = text.dropLast()
      flags.insert(.directoriesOnly)
    }
    var path = Array(text)
    if place.isAboveTransfer, let directory = place.directory, path.first != slash {
      path = FilterPath.cleaned(directory + path)
    }
    let merge = MergeRule(flags, path, isFromFile: origin != .argument)
    // One that is looked for already is not looked for again.
    guard !merges.contains(where: { $0.name == merge.name }) else { return }
    merges.append(merge)
    rules.append(FilterRule(.merge(merge), flags))
  }

  private mutating func add(
    _ rule: ParsedFilterRule,
    _ origin: FilterError.Origin,
    depth: Int
  ) throws(FilterError) {
    if rule.flags.contains(.ignoresLikeCVS) {
      let ignored = if let ignoredByCVS { ignoredByCVS } else { try cvsRules(rule.flags) }
      ignoredByCVS = ignored
      return rules.append(FilterRule(.cvs(ignored), rule.flags))
    }
    append(rule, origin, isAtTop: depth <= 1)
  }

  /// Adds a rule about names.
  ///
  /// - Parameters:
  ///   - rule: The rule.
  ///   - origin: Where it comes from.
  ///   - isAtTop: Whether it stands in a directory's own merge file, not in one that that names.
  private mutating func append(
    _ rule: ParsedFilterRule,
    _ origin: FilterError.Origin,
    isAtTop: Bool
  ) {
    var (flags, text) = (rule.flags, rule.text)
    if settings.deletesExcluded && flags.isDisjoint(with: .sides) { flags.insert(.senderSide) }
    if text.count > 1, text.last == slash {
      text = text.dropLast()
      flags.insert(.directoriesOnly)
    }
    let directoryBytes = isAtTop ? place.directory?.count : nil
    if let side = place.side, !isAtTop {
      // Rules that a file of a file has count for both sides.
      flags.formUnion(side == .sender ? .senderSide : .receiverSide)
    }
    let pattern = FilterPattern(
      text,
      isAbsolute: flags.contains(.absolute),
      directoryBytes: directoryBytes
    )
    let action: FilterRule.Action = flags.contains(.include) ? .include : .exclude
    let isTyped = origin == .argument
    let built = FilterRule(
      action,
      flags,
      pattern,
      text: isTyped ? Array(text) : nil,
      origin: place.isOfCVS ? .cvs : place.mergeName.map { .directory($0) } ?? .commandLine
    )
    if let side = place.side, !built.applies(to: side) { return }
    rules.append(built)
  }

  /// What CVS ignores: its own list, a file at home and a variable.
  private func cvsRules(_ flags: FilterFlags) throws(FilterError) -> [FilterRule] {
    var builder = FilterBuilder(settings, files, Place(side: place.side, isOfCVS: true))
    let own = FilterParser(template: flags.union(.perishable), prefixes: .all)
    try builder.addContents(Self.cvsList, own, .argument)
    let others = FilterParser(template: flags, prefixes: .all)
    if let file = settings.cvsFile, let contents = try? files.contents(at: file) {
      try builder.addContents(contents, others, .file(file, line: nil))
    }
    try builder.addContents(settings.cvsWords, others, .argument)
    return builder.rules
  }

  /// What CVS ignores by itself, with what younger systems have.
  private static let cvsList = Array(
    ("RCS SCCS CVS CVS.adm RCSLOG cvslog.* tags TAGS .make.state .nse_depinfo *~ #* .#* ,* _$* *$ "
      + "*.old *.bak *.BAK *.orig *.rej .del-* *.a *.olb *.o *.obj *.so *.exe *.Z *.elc *.ln core "
      + ".svn/ .git/ .hg/ .bzr/").utf8
  )
}
