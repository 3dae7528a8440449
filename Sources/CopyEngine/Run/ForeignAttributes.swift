// SPDX-License-Identifier: Apache-2.0

internal import Kernel

/// Attributes that a run left out, since only the filesystem of the source has a use for them.
final class ForeignAttributes: Sendable {
  private struct State {
    var example: EntryName?
    var count = 0
  }
  private let state = Lock(State())

  /// Counts those of an entry that is done.
  ///
  /// - Parameters:
  ///   - found: How many there are.
  ///   - example: What one is called; the first that is told counts.
  func add(_ found: Int, _ example: EntryName) {
    state.withLock { state in
      state.count += found
      state.example = state.example ?? example
    }
  }

  /// What there is to be told; `nil` where nothing was left out.
  var note: RunEvent.Note? {
    state.withLock { state in
      guard let example = state.example else { return nil }
      return .attributesLeftOut(count: state.count, example: example)
    }
  }
}
