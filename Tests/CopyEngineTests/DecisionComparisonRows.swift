// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CopyEngine

/// Rows about how it is told whether a file has to be copied.
enum DecisionComparisonRows {
  typealias Outcome = DecisionRow.Outcome

  private static let later = Sketch.target(.file).with(\.seconds, 1_001).with(\.nanoseconds, 9)
  private static let finer = Sketch.target(.file).with(\.nanoseconds, 9)

  static let rows: [DecisionRow] = contents + times

  private static let contents: [DecisionRow] = [
    row("-c asks", .target(.file), .needs(.contents)) { $0.comparesContents = true },
    row(
      "-c does not ask at another size",
      .target(.file).with(\.size, 9),
      .replace,
      [
        .contents, .value, .size,
      ]
    ) { $0.comparesContents = true },
    row("-c, equal", .target(.file), .keep, contents: true) { $0.comparesContents = true },
    row("-c, equal, another time", later, .repair, .time, contents: true) {
      $0.comparesContents = true
    },
    row("-c, other bytes", .target(.file), .replace, [.contents, .value], contents: false) {
      $0.comparesContents = true
    },
    row("-c goes before --size-only and -I", .target(.file), .keep, contents: true) {
      ($0.comparesContents, $0.isBySizeAlone, $0.ignoresTimes) = (true, true, true)
    },
    row("-c at nothing", nil, .create, [.contents, .isNew]) { $0.comparesContents = true },
    row("-c at a FIFO", .target(.fifo), .replace, [.contents, .isNew]) {
      $0.comparesContents = true
    },
  ]

  private static let times: [DecisionRow] = [
    row("--size-only, another time", later, .repair, .time) { $0.isBySizeAlone = true },
    row(
      "--size-only, another size",
      .target(.file).with(\.size, 9),
      .replace,
      [
        .contents, .size,
      ]
    ) { $0.isBySizeAlone = true },
    row("-I, equal", .target(.file), .replace, .contents) { $0.ignoresTimes = true },
    row("-I, --size-only", .target(.file), .keep) {
      ($0.ignoresTimes, $0.isBySizeAlone) = (true, true)
    },
    row("-@0, other nanoseconds", finer, .keep) { $0.window = .seconds(0) },
    row("-@0, another second", later, .replace, [.contents, .time]) { $0.window = .seconds(0) },
    row("-@1, the next second", later, .keep) { $0.window = .seconds(1) },
  ]

  private static func row(
    _ name: String,
    _ target: Sketch?,
    _ outcome: Outcome,
    _ change: EntryChange = [],
    contents: Bool? = nil,
    _ body: (inout Comparison) -> Void
  ) -> DecisionRow {
    DecisionRow(name, .source(.file), target, outcome, change) {
      $0.contentsAreEqual = contents
      body(&$0.comparison)
    }
  }
}

@Suite("Which files have to be copied")
struct DecisionComparisonTests {
  @Test(arguments: DecisionComparisonRows.rows) func row(_ row: DecisionRow) throws {
    try row.check()
  }
}
