// SPDX-License-Identifier: Apache-2.0

internal import SystemPackage
internal import Uring

/// Who carries out reads, writes and advice: io_uring, or plain calls.
struct EngineChoice {
  let run: RunContext

  /// Sets up a queue for the calling thread, as the options and the kernel have it.
  ///
  /// - Throws: Why io_uring cannot be had, if it must.
  func makeQueue() throws(CopyError) -> Ring {
    let depth = run.limits.queueDepth
    guard run.options.transfer.engine != .sync else {
      run.explain(.engine(.callsAsked))
      return Ring(callsWithDepth: depth)
    }
    do {
      let ring = try Ring(depth: depth)
      run.explain(.engine(.ring))
      return ring
    } catch {
      guard run.options.transfer.engine == .auto else {
        throw CopyError(.setUpRing, FilePath(), error, .stop)
      }
      run.noteMissingRing(error)
      return Ring(callsWithDepth: depth)
    }
  }

  /// Finds out whether a queue can be had, before anything is changed, and says which.
  func check() throws(CopyError) { _ = try makeQueue() }
}
