// SPDX-License-Identifier: Apache-2.0

@testable import CopyEngine

// Names of an inode that has several.
/// Rows about hard links.
enum DecisionLinkRows {
  typealias Outcome = DecisionRow.Outcome

  static let hardLinks: [DecisionRow] = names + ownInodes

  private static let names: [DecisionRow] = [
    linked("the first", nil, .create, [.contents, .isNew]) { $0.firstName = .this },
    linked("while the first is copied", nil, .awaitFirstName) { $0.firstName = .underWay },
    linked("another", nil, .link(hasContents: false), [.contents, .isNew]),
    linked("at an equal file", .target(.file), .link(hasContents: true), .contents),
    linked(
      "without times, at an equal file",
      .target(.file),
      .link(hasContents: true),
      [.contents, .timeOfCopy]
    ) { $0.preservation.remove(.times) },
    linked(
      "at another file",
      .target(.file).with(\.size, 9).with(\.group, 9),
      .link(hasContents: false),
      [.contents, .size, .group]
    ),
    linked("not itemized", .target(.file).with(\.size, 9), .link(hasContents: false), .contents) {
      $0.itemizes = false
    },
    // rsync compares whatever has the name.
    linked(
      "at a FIFO",
      .target(.fifo).with(\.permissions, 0o600),
      .link(hasContents: false),
      [.contents, .permissions]
    ),
    linked("attributes", .target(.file), .needs(.attributes)) {
      $0.preservation = .everything
    },
    linked("attributes, not itemized", .target(.file), .link(hasContents: true), .contents) {
      ($0.preservation, $0.itemizes) = (.everything, false)
    },
    DecisionRow(
      "a symbolic link at an equal one",
      .source(.symbolicLink).with(\.links, 2),
      .target(.symbolicLink),
      .link(hasContents: true),
      .contents
    ) { ($0.firstName, $0.linkContentsAreEqual) = (.other, true) },
    DecisionRow(
      "a symbolic link at another one",
      .source(.symbolicLink).with(\.links, 2),
      .target(.symbolicLink),
      .link(hasContents: false),
      .contents
    ) { ($0.firstName, $0.linkContentsAreEqual) = (.other, false) },
  ]

  /// Files that share an inode at the target which they do not share at the source.
  private static let ownInodes: [DecisionRow] = [
    shared("permissions", \.permissions, 0o600, .replace, [.contents, .permissions]),
    shared("owner", \.owner, 9, .replace, [.contents, .owner]),
    shared("group", \.group, 9, .replace, [.contents, .group]),
    shared("nothing", \.group, 2, .keep),
    shared("owner, without -o", \.owner, 9, .keep) { $0.preservation.remove(.owner) },
    shared("owner, without -H", \.owner, 9, .repair, .owner) {
      $0.preservation.remove(.hardLinks)
    },
  ]

  private static func linked(
    _ name: String,
    _ target: Sketch?,
    _ outcome: Outcome,
    _ change: EntryChange = [],
    _ body: (inout DecisionRow) -> Void = { _ in }
  ) -> DecisionRow {
    let source = Sketch.source(.file).with(\.links, 2)
    return DecisionRow("\(name) of several names", source, target, outcome, change) {
      $0.firstName = .other
      body(&$0)
    }
  }

  private static func shared(
    _ name: String,
    _ aspect: WritableKeyPath<Sketch, UInt32>,
    _ value: UInt32,
    _ outcome: Outcome,
    _ change: EntryChange = [],
    _ body: (inout DecisionRow) -> Void = { _ in }
  ) -> DecisionRow {
    let target = Sketch.target(.file).with(\.links, 2).with(aspect, value)
    let name = "a shared inode that differs in \(name)"
    return DecisionRow(name, .source(.file), target, outcome, change, body)
  }
}
