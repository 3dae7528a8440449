// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel
import SystemPackage

/// Which failures of a run are printed, and what is said in the end of those that are not.
///
/// Of a kind (what was done, and the reason) the first ones are printed, and the rest is counted:
/// a tree of a million files that nobody may read is no million lines.
final class FailureTally: Sendable {
  /// How many of a kind are printed.
  static let printedMax = 20

  private struct Kind: Hashable {
    let text: String
    let errno: CInt
  }

  private struct State {
    var counts: [Kind: Int] = [:]
    /// The kinds of which more came than are printed, in their order.
    var full: [Kind] = []
    var hints: [Hint] = []
  }

  private let isPrivileged: Bool
  private let state = Lock(State())

  /// Counts nothing yet.
  init(isPrivileged: Bool = ProcessFacts.isPrivileged) { self.isPrivileged = isPrivileged }

  /// Counts a failure.
  ///
  /// - Returns: Whether it is among the first of its kind.
  func takes(_ error: CopyError) -> Bool {
    let hint = Hint(error, isPrivileged: isPrivileged)
    let kind = Kind(text: error.operation.kindText, errno: error.errno?.rawValue ?? 0)
    return state.withLock { state in
      if let hint, !state.hints.contains(hint) { state.hints.append(hint) }
      let count = state.counts[kind, default: 0] + 1
      state.counts[kind] = count
      if count == Self.printedMax + 1 { state.full.append(kind) }
      return count <= Self.printedMax
    }
  }

  /// How many more there were of each kind, such as `and 4,312 more: cannot open: Permission
  /// denied`.
  ///
  /// - Parameter style: How figures look.
  /// - Returns: The lines.
  func rest(_ style: FigureStyle) -> [String] {
    state.withLock { state in
      state.full.map { kind in
        let more = style.count(state.counts[kind, default: 0] - Self.printedMax)
        let reason = kind.errno == 0 ? "" : ": \(Errno(rawValue: kind.errno).description)"
        return "and \(more) more: \(kind.text)\(reason)"
      }
    }
  }

  /// What may help, each hint once, in the order of the failures.
  var hints: [String] { state.withLock { $0.hints.map(\.text) } }
}
