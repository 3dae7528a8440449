// SPDX-License-Identifier: Apache-2.0

public import Kernel

/// What filter rules say of a name.
public enum FilterVerdict: Equatable, Sendable {
  /// Nothing.
  case none
  /// It is copied, or may be removed.
  case include
  /// It is left out, or kept from being removed.
  case exclude
}

/// The filter rules that are in force in one directory: those of the command line, and those that
/// merge files there and in the directories above have.
///
/// It belongs to one side: the source's says what is copied, the target's what is removed. It does
/// not change, so that all threads may ask it.
public final class FilterScope: Sendable {
  /// What a merge file says.
  struct MergeList {
    let merge: MergeRule
    var rules: [FilterRule] = []
    /// Whether directories above the transfer were looked at.
    var isSetUp = false
  }

  private let list: FilterList
  /// How files with rules are read.
  public var settings: FilterSettings { list.settings }
  private let side: FilterSide
  /// The directory, with a slash at its end.
  private let path: [UInt8]
  /// Where in the path the part begins that is in the transfer.
  private let relativeStart: Int
  private let mergeLists: [MergeList]
  /// The rules about names, in the order in which they are asked.
  private let rules: [FilterRule]
  private let attributeRules: [FilterRule]
  /// Whether a rule is about more than the name alone, be it one that protects.
  private let needsPath: Bool

  /// Begins at a root of the transfer; its own merge files do not count yet.
  ///
  /// - Parameters:
  ///   - list: The rules of the command line.
  ///   - side: What is asked about.
  ///   - directory: The absolute path of the directory that paths in the transfer begin in.
  ///   - prefix: Where below that the transfer is, as with `--relative`.
  ///   - looksAbove: Whether merge files are looked for above the transfer, as rules may ask.
  public convenience init(
    _ list: FilterList,
    _ side: FilterSide,
    directory: [UInt8],
    prefix: [UInt8] = [],
    looksAbove: Bool = true
  ) {
    let start = FilterPath.directory(directory)
    let path = prefix.isEmpty ? start : FilterPath.directory(start + prefix)
    self.init(
      list,
      side,
      path,
      relativeStart: start.count,
      list.merges.map { MergeList(merge: $0, isSetUp: !looksAbove) }
    )
  }

  private init(
    _ list: FilterList,
    _ side: FilterSide,
    _ path: [UInt8],
    relativeStart: Int,
    _ mergeLists: [MergeList]
  ) {
    self.list = list
    self.side = side
    self.path = path
    self.relativeStart = relativeStart
    self.mergeLists = mergeLists
    var all: [FilterRule] = []
    Self.flatten(list.rules, mergeLists, side, into: &all)
    rules = all.filter { !$0.flags.contains(.attributes) }
    attributeRules = all.filter { $0.flags.contains(.attributes) }
    needsPath = [rules, list.protections].joined().contains { $0.pattern?.needsPath == true }
  }

  /// The same rules in a directory below.
  private init(_ above: FilterScope, _ path: [UInt8], _ mergeLists: [MergeList]) {
    list = above.list
    side = above.side
    self.path = path
    relativeStart = above.relativeStart
    self.mergeLists = mergeLists
    rules = above.rules
    attributeRules = above.attributeRules
    needsPath = above.needsPath
  }

  static func flatten(
    _ rules: [FilterRule],
    _ lists: [MergeList],
    _ side: FilterSide,
    into all: inout [FilterRule]
  ) {
    for rule in rules {
      switch rule.action {
      case .merge(let merge):
        guard let list = lists.first(where: { $0.merge === merge }) else { continue }
        flatten(list.rules, lists, side, into: &all)
      case .cvs(let ignored):
        flatten(ignored, lists, side, into: &all)
      case .include, .exclude:
        if rule.applies(to: side) { all.append(rule) }
      }
    }
  }
}

// Asking.
extension FilterScope {
  /// What the rules say of a name in the directory.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - isDirectory: Whether it is one.
  ///   - isRemoved: Whether the directory that it lies in is being removed, where perishable rules
  ///     do not count.
  /// - Returns: What the first rule says that is about the name.
  public func verdict(
    of name: EntryName,
    isDirectory: Bool,
    isRemoved: Bool = false
  ) -> FilterVerdict {
    guard !rules.isEmpty else { return .none }
    return Self.verdict(rules, of: subject(name, isDirectory), isRemoved: isRemoved)
  }

  /// The first rule that is about a name in the directory; `nil` where none is.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - isDirectory: Whether it is one.
  ///   - isRemoved: Whether the directory that it lies in is being removed.
  /// - Returns: The rule, as it is told.
  public func match(
    _ name: EntryName,
    isDirectory: Bool,
    isRemoved: Bool = false
  ) -> FilterMatch? {
    Self.rule(rules, about: subject(name, isDirectory), isRemoved: isRemoved)
      .map { FilterMatch($0) }
  }

  /// Whether a name is left out, or kept from being removed.
  public func excludes(
    _ name: EntryName,
    isDirectory: Bool,
    isRemoved: Bool = false
  ) -> Bool {
    verdict(of: name, isDirectory: isDirectory, isRemoved: isRemoved) == .exclude
  }

  /// What the rules say of an extended attribute of an entry in the directory.
  public func verdict(ofAttribute name: EntryName) -> FilterVerdict {
    guard !attributeRules.isEmpty else { return .none }
    let subject = FilterSubject(
      name: lastName(of: name.bytes),
      path: [slash] + name.bytes + [slash],
      relativeStart: 1,
      isDirectory: false
    )
    return Self.verdict(attributeRules, of: subject, isRemoved: false)
  }

  /// Whether the command line alone protects a directory, as from being pruned.
  public func protectsByCommandLine(_ name: EntryName) -> Bool {
    guard !list.protections.isEmpty else { return false }
    var path = path
    path += name.bytes
    path.append(slash)
    let subject = FilterSubject(
      name: name.bytes,
      path: path,
      relativeStart: relativeStart,
      isDirectory: true
    )
    return Self.verdict(list.protections, of: subject, isRemoved: false) == .exclude
  }

  private func subject(_ name: EntryName, _ isDirectory: Bool) -> FilterSubject {
    var whole: [UInt8] = []
    if needsPath {
      whole.reserveCapacity(path.count + name.count + 1)
      whole += path
      whole += name.bytes
      whole.append(slash)
    }
    return FilterSubject(
      name: name.bytes,
      path: whole,
      relativeStart: relativeStart,
      isDirectory: isDirectory
    )
  }

  private static func verdict(
    _ rules: [FilterRule],
    of subject: FilterSubject,
    isRemoved: Bool
  ) -> FilterVerdict {
    guard let rule = rule(rules, about: subject, isRemoved: isRemoved) else { return .none }
    return rule.flags.contains(.include) ? .include : .exclude
  }

  private static func rule(
    _ rules: [FilterRule],
    about subject: FilterSubject,
    isRemoved: Bool
  ) -> FilterRule? {
    for rule in rules where rule.matches(subject) {
      if isRemoved && rule.flags.contains(.perishable) { continue }
      return rule
    }
    return nil
  }
}

// Going down.
extension FilterScope {
  /// The rules in force in a directory below, with what its own merge files say.
  ///
  /// - Parameters:
  ///   - name: The directory; empty for this one, where it is a root that is read itself.
  ///   - files: Reads the merge files.
  /// - Returns: The rules there.
  /// - Throws: What is wrong with a merge file.
  public func entering(
    _ name: EntryName,
    _ files: some FilterFiles
  ) throws(FilterError) -> FilterScope {
    guard !mergeLists.isEmpty else { return needsPath ? below(name) : self }
    let path = path(of: name)
    var lists = mergeLists
    var hasChanged = false
    var index = 0
    while index < lists.count {
      let merge = lists[index].merge
      if !lists[index].isSetUp {
        lists[index].isSetUp = true
        if merge.path.contains(slash) {
          try readAbove(path, index, &lists, files)
          hasChanged = hasChanged || !lists[index].rules.isEmpty
        }
      }
      if merge.flags.contains(.noInherit), !lists[index].rules.isEmpty {
        lists[index].rules = []
        hasChanged = true
      }
      if let contents = files.contents(of: EntryName(merge.name)) {
        let place = FilterBuilder.Place(
          side: side,
          directory: path,
          workingDirectory: Array(path[..<relativeStart]),
          mergeName: Array(merge.name)
        )
        try read(contents, path + merge.name, place, index, &lists, files)
        hasChanged = true
      }
      // A merge file may take back others, which stand behind it.
      index = (lists.firstIndex { $0.merge === merge } ?? index) + 1
    }
    guard hasChanged else { return FilterScope(self, path, lists) }
    return FilterScope(list, side, path, relativeStart: relativeStart, lists)
  }

  /// The rules in force in a directory below of which no merge files count.
  public func below(_ name: EntryName) -> FilterScope {
    FilterScope(self, path(of: name), mergeLists)
  }

  private func path(of name: EntryName) -> [UInt8] {
    name.isEmpty ? path : path + name.bytes + [slash]
  }

  /// Reads the merge files of directories above the transfer.
  private func readAbove(
    _ path: [UInt8],
    _ index: Int,
    _ lists: inout [MergeList],
    _ files: some FilterFiles
  ) throws(FilterError) {
    let merge = lists[index].merge
    let named = merge.path.first == slash ? merge.path : path + merge.path
    let cleaned = FilterPath.cleaned(named)
    let above = cleaned[...(cleaned.lastIndex(of: slash) ?? 0)]
    guard path.starts(with: above), path.count > above.count else { return }
    var end = above.count
    while end < path.count {
      let directory = Array(path[..<end])
      let file = directory + merge.name
      if let contents = try? files.contents(at: file) {
        let place = FilterBuilder.Place(
          side: side,
          directory: directory,
          workingDirectory: directory,
          mergeName: Array(merge.name),
          isAboveTransfer: true
        )
        try read(contents, file, place, index, &lists, files)
        if merge.flags.contains(.noInherit) { lists[index].rules = [] }
      }
      guard let next = path[end...].firstIndex(of: slash) else { break }
      end = next + 1
    }
  }

  /// Puts what a merge file says before what is inherited.
  private func read(
    _ contents: [UInt8],
    _ file: [UInt8],
    _ place: FilterBuilder.Place,
    _ index: Int,
    _ lists: inout [MergeList],
    _ files: some FilterFiles
  ) throws(FilterError) {
    let merge = lists[index].merge
    var builder = FilterBuilder(
      list.settings,
      files,
      place,
      merges: lists.map(\.merge),
      ignoredByCVS: list.ignoredByCVS
    )
    builder.inherited = lists[index].rules
    try builder.addContents(
      contents,
      FilterParser(template: merge.flags, prefixes: .all),
      merge.isFromFile ? .nestedFile : .file(file, line: nil),
      depth: 1
    )
    lists[index].rules = builder.rules + builder.inherited
    let known = lists
    lists = builder.merges.map { merge in
      known.first { $0.merge === merge } ?? MergeList(merge: merge)
    }
  }
}
