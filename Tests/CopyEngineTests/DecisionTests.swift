// SPDX-License-Identifier: Apache-2.0

import FileTree
import Kernel
import Testing

@testable import CopyEngine

/// One row of the table: what is known, and what follows.
struct DecisionRow: Sendable, CustomTestStringConvertible {
  /// What is decided, but for what a repair does, which `MetadataDelta` says.
  enum Outcome: Equatable {
    case skip(EntryDecision.SkipReason)
    case keep, repair, create, replace, awaitFirstName
    case link(hasContents: Bool)
    case enter(isMade: Bool)
    case needs(EntryQuestion)
  }

  var name: String
  var source: Sketch
  var target: Sketch?
  var preservation: Preservation = [.archive, .hardLinks]
  var itemizes = true
  var isRecursive = true
  var isTargetRoot = false
  var isInEarlierSource: Bool? = false
  var firstName: EntryFacts.FirstName?
  var linkContentsAreEqual: Bool?
  var comparison = Comparison()
  var contentsAreEqual: Bool?
  var attributes: AttributeDelta?
  var outcome = Outcome.keep
  var change: EntryChange = []

  var testDescription: String { name }

  init(
    _ name: String,
    _ source: Sketch,
    _ target: Sketch?,
    _ outcome: Outcome,
    _ change: EntryChange = [],
    _ body: (inout DecisionRow) -> Void = { _ in }
  ) {
    self.name = name
    self.source = source
    self.target = target
    self.outcome = outcome
    self.change = change
    body(&self)
  }

  private var policy: MetadataPolicy { MetadataPolicy(preservation) }

  /// Compares what is decided with what is expected.
  func check() throws {
    var rules = SyncRules()
    rules.isRecursive = isRecursive
    rules.comparison = comparison
    var policy = policy
    policy.comparison = comparison
    let decider = EntryDecider(rules: rules, policy: policy, itemizes: itemizes)
    var facts = EntryFacts(source: try source.metadata(), target: try target?.metadata())
    facts.isTargetRoot = isTargetRoot
    facts.isInEarlierSource = isInEarlierSource
    facts.firstName = firstName
    facts.linkContentsAreEqual = linkContentsAreEqual
    facts.contentsAreEqual = contentsAreEqual
    facts.differingAttributes = attributes?.summary
    let result = decider.decide(facts)
    guard case .decided(let decision) = result else {
      guard case .needs(let question) = result else { return }
      return #expect(outcome == .needs(question), "\(name)")
    }
    #expect(decision.change == change, "\(name)")
    let decided: Outcome
    switch decision.action {
    case .skip(let reason): decided = .skip(reason)
    case .keep: decided = .keep
    case .create: decided = .create
    case .replace: decided = .replace
    case .link(let hasContents): decided = .link(hasContents: hasContents)
    case .awaitFirstName: decided = .awaitFirstName
    case .linkToBasis, .copyFromBasis, .leaveToBasis:
      Issue.record("\(name): there is no tree beside the target")
      return
    case .enter(let isMade): decided = .enter(isMade: isMade)
    case .repair:
      decided = .repair
      let inode = InodeDelta(of: facts.source, at: .entry(try #require(facts.target)), policy)
      let delta = MetadataDelta(inode: inode, attributes: attributes ?? AttributeDelta())
      #expect(decision.change == delta.change && !delta.isEmpty, "\(name)")
    }
    #expect(decided == outcome, "\(name)")
  }
}

@Suite("What is decided of a name")
struct DecisionTests {
  static let kinds = OracleEntry.Kind.allCases

  @Test("each kind, where something of another kind has its name, or nothing", arguments: kinds)
  func otherKinds(kind: OracleEntry.Kind) throws {
    for other in [nil] + Self.kinds.map(Optional.some) where other?.entryKind != kind.entryKind {
      let gives = other == nil || other == .directory
      let outcome: DecisionRow.Outcome =
        kind == .directory ? .enter(isMade: true) : gives ? .create : .replace
      for itemizes in [false, true] {
        let target = other.map { Sketch.target($0) }
        let name = "\(kind) at \(other.map { "\($0)" } ?? "nothing")"
        try DecisionRow(name, .source(kind), target, outcome, [.contents, .isNew]) {
          // None of the answers would change anything, so that nothing is asked.
          $0.preservation = .everything
          $0.itemizes = itemizes
        }.check()
      }
    }
  }

  @Test("each kind that the options do not ask for", arguments: kinds)
  func unwantedKinds(kind: OracleEntry.Kind) throws {
    let bits: Preservation =
      switch kind.entryKind {
      case .symbolicLink: .symbolicLinks
      case .device: .devices
      case .special: .specials
      case .file, .directory: []
      }
    for other in [nil] + Self.kinds.map(Optional.some) {
      let target = other.map { Sketch.target($0) }
      let row = DecisionRow("\(kind)", .source(kind), target, .skip(.kind)) {
        $0.preservation = .everything.subtracting(bits)
        $0.isRecursive = false
      }
      // A file is always asked for, and a directory by recursion.
      if kind != .file { try row.check() }
    }
  }

  @Test("what is the same at the target is kept", arguments: kinds)
  func equal(kind: OracleEntry.Kind) throws {
    let outcome: DecisionRow.Outcome = kind == .directory ? .enter(isMade: false) : .keep
    for itemizes in [false, true] {
      try DecisionRow("\(kind)", .source(kind), .target(kind), outcome) {
        $0.preservation = .everything
        $0.itemizes = itemizes
        $0.linkContentsAreEqual = kind == .symbolicLink ? true : nil
        $0.attributes = AttributeDelta()
      }.check()
    }
  }

  @Test("a name of the source's own inode at the target is left alone", arguments: kinds)
  func sameInode(kind: OracleEntry.Kind) throws {
    let target = Sketch.target(kind).with(\.inode, 1)
    let outcome: DecisionRow.Outcome =
      kind == .directory ? .enter(isMade: false) : .skip(.sameInode)
    try DecisionRow("\(kind)", .source(kind), target, outcome) {
      $0.preservation = .everything
    }.check()
  }

  @Test("what an earlier source has is not copied again", arguments: kinds)
  func earlierSource(kind: OracleEntry.Kind) throws {
    guard kind != .directory else {
      // Directories of several sources merge, so that nobody asks.
      return try DecisionRow("\(kind)", .source(kind), .target(kind), .enter(isMade: false)) {
        $0.isInEarlierSource = nil
      }.check()
    }
    try DecisionRow("\(kind)", .source(kind), .target(kind), .needs(.earlierSource)) {
      $0.isInEarlierSource = nil
      $0.preservation = .everything
    }.check()
    try DecisionRow("\(kind)", .source(kind), nil, .skip(.earlierSource)) {
      $0.isInEarlierSource = true
      // Not even that it is not asked for is told a second time.
      $0.preservation = []
    }.check()
  }

  @Test("the target of the run is not copied into itself")
  func targetRoot() throws {
    for target in [nil, Sketch.target(.directory)] {
      try DecisionRow("target", .source(.directory), target, .skip(.targetRoot)) {
        $0.isTargetRoot = true
      }.check()
    }
  }

  @Test("one aspect differs", arguments: DecisionRows.aspects)
  func aspect(row: DecisionRow) throws { try row.check() }

  @Test("nothing is asked that does not matter", arguments: DecisionRows.questions)
  func question(row: DecisionRow) throws { try row.check() }

  @Test("further names of an inode", arguments: DecisionLinkRows.hardLinks)
  func hardLink(row: DecisionRow) throws { try row.check() }
}
