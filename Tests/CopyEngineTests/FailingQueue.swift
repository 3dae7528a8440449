// SPDX-License-Identifier: Apache-2.0

import SimulatedKernel
import Synchronization
import SystemPackage
import Uring

/// Plain calls on real files, which fail when a test wants it: a queue whose `submit` throws after
/// so many completions, and requests that end with an error now and then.
struct FailingQueue: ~Copyable, SubmissionQueue {
  /// What goes wrong, and how deep the stack was.
  final class Script: Sendable {
    /// After how many completions `submit` throws.
    let failAfter: Int
    /// How likely a completion is one of these errors instead.
    let errorProbability: Double
    let errors: [Errno]
    /// Whether requests with RWF_DONTCACHE, and no others, are refused.
    let refusesDontCache: Bool
    /// Whether the queue knows, after its failure, that nothing is in flight.
    let isQuiet: Bool

    /// What happens with each completion, by its number from 1.
    let onCompletion: @Sendable (Int) -> Void

    struct Seen {
      var random: SplitMix64
      var completions = 0
      var hasFailed = false
      var stack: ClosedRange<UInt>?
    }
    let seen: Mutex<Seen>

    init(
      failAfter: Int = .max,
      errorProbability: Double = 0,
      errors: [Errno] = [],
      refusesDontCache: Bool = false,
      isQuiet: Bool = true,
      seed: UInt64 = 0,
      onCompletion: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
      self.failAfter = failAfter
      self.errorProbability = errorProbability
      self.errors = errors
      self.refusesDontCache = refusesDontCache
      self.isQuiet = isQuiet
      self.onCompletion = onCompletion
      seen = Mutex(Seen(random: SplitMix64(seed: seed)))
    }
  }

  private let script: Script
  private let depth: Int
  private var calls: SystemCallQueue
  /// The tags of requests in flight that are refused.
  private var refused: Set<UInt64> = []

  init(_ script: Script, depth: Int) {
    self.script = script
    self.depth = depth
    calls = SystemCallQueue(depth: depth)
  }

  var space: Int { calls.space }
  var linksPairs: Bool { true }
  mutating func register(_ pool: BufferPool) -> Int { 0 }
  mutating func prepare(_ submission: Submission) {
    if script.refusesDontCache && submission.flags.contains(.dontCache) {
      refused.insert(submission.tag.rawValue)
    }
    calls.prepare(submission)
  }
  mutating func useCalls() {}

  mutating func cancelAll() -> Bool {
    // What was prepared and never handed over has to come to an end as well.
    guard script.isQuiet, (try? calls.submit(waitFor: 0)) != nil else { return false }
    return calls.space < depth
  }

  mutating func submit(waitFor count: Int) throws(Errno) {
    var mark = 0
    let here = unsafe withUnsafePointer(to: &mark) { UInt(bitPattern: $0) }
    let fails = script.seen.withLock { seen in
      let known = seen.stack ?? here...here
      seen.stack = min(known.lowerBound, here)...max(known.upperBound, here)
      guard seen.completions >= script.failAfter else { return false }
      seen.hasFailed = true
      return true
    }
    if fails { throw .noMemory }
    try calls.submit(waitFor: count)
  }

  mutating func nextCompletion() -> Completion? {
    guard let completion = calls.nextCompletion() else { return nil }
    let number = script.seen.withLock { seen in
      seen.completions += 1
      return seen.completions
    }
    script.onCompletion(number)
    if refused.remove(completion.tag.rawValue) != nil {
      return Completion(tag: completion.tag, result: -Errno.notSupported.rawValue)
    }
    return script.seen.withLock { seen in
      guard seen.random.happens(script.errorProbability),
        let error = script.errors.randomElement(using: &seen.random)
      else { return completion }
      return Completion(tag: completion.tag, result: -error.rawValue)
    }
  }
}
