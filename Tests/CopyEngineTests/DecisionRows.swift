// SPDX-License-Identifier: Apache-2.0

import FileTree

@testable import CopyEngine

// Entries of one kind on both sides.
/// Rows about what differs.
enum DecisionRows {
  typealias Outcome = DecisionRow.Outcome

  private static let noTimes = Preservation.archive.subtracting(.times)

  /// What differs in one aspect, and whose letters.
  static let aspects: [DecisionRow] = files + nodes + symbolicLinks + attributeRows

  private static let files: [DecisionRow] = [
    file("size", \.size, 11, .replace, [.contents, .size]),
    file("size, not itemized", \.size, 11, .replace, .contents) { $0.itemizes = false },
    file("size without times", \.size, 11, .replace, [.contents, .size, .timeOfCopy]) {
      $0.preservation = noTimes
    },
    file("time", \.seconds, 999, .replace, [.contents, .time]),
    file("nanoseconds", \.nanoseconds, 6, .replace, [.contents, .time]),
    file("time without times", \.seconds, 999, .replace, [.contents, .timeOfCopy]) {
      $0.preservation = noTimes
    },
    file("permissions", \.permissions, 0o600, .repair, .permissions),
    file("setuid", \.permissions, 0o4644, .repair, .permissions),
    file("permissions, not itemized", \.permissions, 0o600, .repair, .permissions) {
      $0.itemizes = false
    },
    file("permissions without -p", \.permissions, 0o600, .keep) {
      $0.preservation.remove(.permissions)
    },
    file("owner", \.owner, 9, .repair, .owner),
    file("owner without -o", \.owner, 9, .keep) { $0.preservation.remove(.owner) },
    file("group", \.group, 9, .repair, .group),
    file("group without -g", \.group, 9, .keep) { $0.preservation.remove(.group) },
    DecisionRow(
      "all of a file",
      .source(.file),
      .target(.file) {
        ($0.size, $0.seconds, $0.permissions, $0.owner, $0.group) = (0, 0, 0, 0, 0)
      },
      .replace,
      [.contents, .size, .time, .permissions, .owner, .group]
    ),
  ]

  private static func file<Value>(
    _ name: String,
    _ aspect: WritableKeyPath<Sketch, Value>,
    _ value: Value,
    _ outcome: Outcome,
    _ change: EntryChange = [],
    _ body: (inout DecisionRow) -> Void = { _ in }
  ) -> DecisionRow {
    let target = Sketch.target(.file).with(aspect, value)
    return DecisionRow("\(name) of a file", .source(.file), target, outcome, change, body)
  }

  private static let nodes: [DecisionRow] = [
    DecisionRow(
      "another device",
      .source(.characterDevice),
      .target(.characterDevice).with(\.minor, 4),
      .replace,
      [.contents, .value]
    ),
    DecisionRow(
      "a block device in place of a character device",
      .source(.characterDevice),
      .target(.blockDevice).with(\.owner, 9),
      .replace,
      [.contents, .value, .owner]
    ),
    DecisionRow(
      "a FIFO in place of a socket, without times",
      .source(.socket),
      .target(.fifo),
      .replace,
      [.contents, .value, .timeOfCopy]
    ) { $0.preservation.remove(.times) },
    DecisionRow(
      "times of a FIFO",
      .source(.fifo),
      .target(.fifo).with(\.seconds, 9),
      .repair,
      .time
    ),
    DecisionRow(
      "times of a device, which are not kept",
      .source(.blockDevice),
      .target(.blockDevice).with(\.seconds, 9),
      .keep
    ) { $0.preservation.remove(.times) },
    DecisionRow(
      "size and number of a FIFO, which mean nothing",
      .source(.fifo),
      .target(.fifo).with(\.size, 9).with(\.minor, 9),
      .keep
    ),
  ]

  private static let symbolicLinks: [DecisionRow] = [
    link("contents", equal: false, .replace, [.contents, .value]),
    link("contents, not itemized", equal: false, .replace, [.contents, .value]) {
      $0.itemizes = false
    },
    link("contents without times", equal: false, .replace, [.contents, .value, .timeOfCopy]) {
      $0.preservation = noTimes
    },
    link("contents and time", equal: false, .replace, [.contents, .value, .time]) {
      $0.target = $0.target?.with(\.seconds, 9)
    },
    link("time", equal: true, .repair, .time) { $0.target = $0.target?.with(\.seconds, 9) },
    link("owner", equal: true, .repair, .owner) { $0.target = $0.target?.with(\.owner, 9) },
    link("size alone", equal: true, .keep) { $0.target = $0.target?.with(\.size, 9) },
  ]

  private static func link(
    _ name: String,
    equal: Bool,
    _ outcome: Outcome,
    _ change: EntryChange = [],
    _ body: (inout DecisionRow) -> Void = { _ in }
  ) -> DecisionRow {
    let (source, target) = (Sketch.source(.symbolicLink), Sketch.target(.symbolicLink))
    return DecisionRow("\(name) of a symbolic link", source, target, outcome, change) {
      $0.linkContentsAreEqual = equal
      body(&$0)
    }
  }

  private static let attributeRows: [DecisionRow] = [
    DecisionRow("ACL", .source(.file), .target(.file), .repair, .accessControlLists) {
      $0.preservation.insert(.accessControlLists)
      $0.attributes = .list
    },
    DecisionRow("attribute", .source(.fifo), .target(.fifo), .repair, .extendedAttributes) {
      $0.preservation.insert(.extendedAttributes)
      $0.attributes = .user
    },
    DecisionRow(
      "attribute of a file to be copied",
      .source(.file),
      .target(.file).with(\.size, 9),
      .replace,
      [.contents, .size, .extendedAttributes]
    ) {
      $0.preservation.insert(.extendedAttributes)
      $0.attributes = .user
    },
  ]
}

// What has to be known.
extension DecisionRows {
  private static let withAttributes: [Preservation] = [.accessControlLists, .extendedAttributes]

  static let questions: [DecisionRow] =
    attributeQuestions + linkContentsQuestions + firstNameQuestions

  private static let attributeQuestions: [DecisionRow] =
    withAttributes.flatMap { attributes -> [DecisionRow] in
      let bits = Preservation.archive.union(attributes)
      let shorter = Sketch.target(.file).with(\.size, 9)
      return [
        DecisionRow("attributes", .source(.file), .target(.file), .needs(.attributes)) {
          ($0.preservation, $0.itemizes) = (bits, false)
        },
        DecisionRow("none where a file is copied", .source(.file), shorter, .replace, .contents) {
          ($0.preservation, $0.itemizes) = (bits, false)
        },
        DecisionRow("unless itemized", .source(.file), shorter, .needs(.attributes)) {
          $0.preservation = bits
        },
        DecisionRow("none of new files", .source(.file), nil, .create, [.contents, .isNew]) {
          $0.preservation = bits
        },
        // A directory is compared when all in it is done.
        DecisionRow(
          "none of directories",
          .source(.directory),
          .target(.directory),
          .enter(isMade: false)
        ) { $0.preservation = bits },
        DecisionRow(
          "contents of links before attributes",
          .source(.symbolicLink),
          .target(.symbolicLink),
          .needs(.linkContents)
        ) { $0.preservation = bits },
      ]
    } + [
      DecisionRow("none unasked for", .source(.file), .target(.file), .keep),
      // A symbolic link has no ACL.
      DecisionRow(
        "no ACL of a link",
        .source(.symbolicLink),
        .target(.symbolicLink),
        .keep
      ) {
        $0.preservation = .archive.union(.accessControlLists)
        $0.linkContentsAreEqual = true
      },
    ]

  private static let linkContentsQuestions: [DecisionRow] =
    OracleEntry.Kind.allCases.filter { $0 != .symbolicLink }.map { kind in
      let gives = kind == .directory
      return DecisionRow(
        "no contents where \(kind) is no link",
        .source(.symbolicLink),
        .target(kind),
        gives ? .create : .replace,
        [.contents, .isNew]
      )
    } + [
      DecisionRow("none at all", .source(.symbolicLink), nil, .create, [.contents, .isNew]),
      DecisionRow(
        "contents of both",
        .source(.symbolicLink),
        .target(.symbolicLink),
        .needs(.linkContents)
      ) { $0.itemizes = false },
      DecisionRow(
        "contents of what is linked",
        .source(.symbolicLink).with(\.links, 2),
        .target(.symbolicLink),
        .needs(.linkContents)
      ) { $0.firstName = .other },
    ]

  private static let firstNameQuestions: [DecisionRow] =
    OracleEntry.Kind.allCases.filter { $0 != .directory }.flatMap { kind -> [DecisionRow] in
      let several = Sketch.source(kind).with(\.links, 2)
      return [
        DecisionRow("first name of \(kind)", several, nil, .needs(.firstName)),
        DecisionRow("no -H", several, nil, .create, [.contents, .isNew]) {
          $0.preservation = .archive
        },
        DecisionRow("one name", .source(kind), nil, .create, [.contents, .isNew]),
        DecisionRow("earlier source first", several, nil, .needs(.earlierSource)) {
          $0.isInEarlierSource = nil
        },
      ]
    } + [
      DecisionRow(
        "no first name of a directory",
        .source(.directory).with(\.links, 9),
        .target(.directory),
        .enter(isMade: false)
      )
    ]
}
