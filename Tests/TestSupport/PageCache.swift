// SPDX-License-Identifier: Apache-2.0

internal import Kernel

/// The page cache of the machine, which tests share: who drops all of it takes from others what
/// they count on.
package enum PageCache {
  private struct State {
    var watchers = 0
    var droppers = 0
    var isDropping = false
  }
  private static let state = Monitor(State())

  /// Runs a body during which no other test drops the cache.
  package static func kept<Result>(_ body: () throws -> Result) rethrows -> Result {
    state.wait { state -> Void? in
      guard state.droppers == 0 else { return nil }
      state.watchers += 1
      return ()
    }
    defer { state.withLockWaking { $0.watchers -= 1 } }
    return try body()
  }

  /// Runs a body that drops the cache, while nobody counts on it.
  package static func dropped(_ body: () throws -> Void) rethrows {
    state.withLock { $0.droppers += 1 }
    state.wait { state -> Void? in
      guard state.watchers == 0, !state.isDropping else { return nil }
      state.isDropping = true
      return ()
    }
    defer {
      state.withLockWaking { state in
        state.isDropping = false
        state.droppers -= 1
      }
    }
    try body()
  }
}
