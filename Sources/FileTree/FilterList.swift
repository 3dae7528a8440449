// SPDX-License-Identifier: Apache-2.0

/// What of a command line filter rules depend on beside themselves.
public struct FilterSettings: Equatable, Sendable {
  /// Whether rules in files are ended by NULs (`--from0`).
  public var endsByNul = false
  /// Whether files with rules may be reached by symbolic links of others (`--insecure-links`).
  public var followsForeignLinks = false
  /// Whether rules that do not say a side are not about what is removed (`--delete-excluded`).
  public var deletesExcluded = false
  /// The file of the user with what CVS ignores, `$HOME/.cvsignore`.
  public var cvsFile: [UInt8]?
  /// What the user has CVS ignore, `$CVSIGNORE`.
  public var cvsWords: [UInt8] = []

  /// Settings of a line without options.
  public init() {}
}

/// An option that adds filter rules.
public struct FilterDirective: Equatable, Sendable {
  /// What it gives.
  public enum Kind: Equatable, Sendable {
    /// A rule (`--filter`).
    case rule
    /// A pattern (`--exclude`, `--include`).
    case pattern(isIncluded: Bool)
    /// A file with patterns (`--exclude-from`, `--include-from`).
    case file(isIncluded: Bool)
    /// A directory that is left out, unless the one that it lies in is removed (`--partial-dir`).
    case directory
  }

  /// What it gives.
  public let kind: Kind
  /// The rule, the pattern or the path.
  public let value: [UInt8]
  /// Whether what it reads is ended by NULs, since `--from0` stood before it.
  public let endsByNul: Bool

  /// Notes an option.
  public init(_ kind: Kind, _ value: [UInt8], endsByNul: Bool = false) {
    self.kind = kind
    self.value = value
    self.endsByNul = endsByNul
  }
}

/// The filter rules of a command line.
public struct FilterList: Sendable {
  let settings: FilterSettings
  let rules: [FilterRule]
  /// Those that say which names of the target stay.
  let protections: [FilterRule]
  /// What CVS ignores, where a rule asks for that: files with rules that ask for it mean the same.
  let ignoredByCVS: [FilterRule]?
  /// The files that are looked for in every directory.
  let merges: [MergeRule]
  /// Whether rules are about attributes, as those of directories may be that nobody has read.
  public let hasAttributeRules: Bool

  /// Whether merge files are looked for above the transfer.
  public var looksAbove: Bool { merges.contains { $0.path.contains(slash) } }

  /// Whether no name can be left out or protected.
  public var isEmpty: Bool { rules.isEmpty }

  /// Reads the rules that options give, in their order.
  public init(
    _ directives: [FilterDirective],
    _ settings: FilterSettings,
    _ files: some FilterFiles
  ) throws(FilterError) {
    var builder = FilterBuilder(settings, files)
    for directive in directives {
      builder.settings.endsByNul = directive.endsByNul
      let value = directive.value
      switch directive.kind {
      case .rule:
        try builder.add(value[...], FilterParser(template: [], prefixes: .all))
      case .pattern(let isIncluded):
        let template: FilterFlags = isIncluded ? .include : []
        try builder.add(value[...], FilterParser(template: template, prefixes: .old))
      case .file(let isIncluded):
        try builder.addFile(at: value, isIncluded ? .include : [], .old)
      case .directory:
        let template: FilterFlags = [.noPrefixes, .directoriesOnly, .perishable]
        try builder.add(value[...], FilterParser(template: template, prefixes: .all))
      }
    }
    self.settings = settings
    rules = builder.rules
    var protections: [FilterRule] = []
    FilterScope.flatten(rules, [], .receiver, into: &protections)
    self.protections = protections.filter { !$0.flags.contains(.attributes) }
    ignoredByCVS = builder.ignoredByCVS
    merges = builder.merges
    hasAttributeRules = builder.hasAttributeRules
  }
}
