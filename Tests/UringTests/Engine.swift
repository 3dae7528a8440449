// SPDX-License-Identifier: Apache-2.0

import SimulatedKernel
import SystemPackage
import Testing
import Uring

/// The queues that have to follow the same rules.
enum Engine: CaseIterable, Sendable {
  case ring
  /// What takes the place of a ring where none can be had.
  case ringOfCalls
  case systemCalls
  case simulated

  /// Those that work on real files.
  static let real: [Engine] = [.ring, .ringOfCalls, .systemCalls]
}

/// One of the queues, chosen when a test runs.
enum TestedQueue: ~Copyable, SubmissionQueue {
  case ring(Ring)
  case systemCalls(SystemCallQueue)
  case simulated(SimulatedKernel)

  /// Makes a queue; cancels the test where there is no io_uring.
  init(_ engine: Engine, depth: Int) throws {
    switch engine {
    case .ring: self = .ring(try Ring.orCancel(depth: depth))
    case .ringOfCalls: self = .ring(Ring(callsWithDepth: depth))
    case .systemCalls: self = .systemCalls(SystemCallQueue(depth: depth))
    case .simulated: self = .simulated(SimulatedKernel(seed: 1, depth: depth))
    }
  }

  var space: Int {
    switch self {
    case .ring(let queue): queue.space
    case .systemCalls(let queue): queue.space
    case .simulated(let queue): queue.space
    }
  }

  var linksPairs: Bool {
    switch self {
    case .ring(let queue): queue.linksPairs
    case .systemCalls(let queue): queue.linksPairs
    case .simulated(let queue): queue.linksPairs
    }
  }

  mutating func prepare(_ submission: Submission) {
    switch consume self {
    case .ring(var queue):
      queue.prepare(submission)
      self = .ring(queue)
    case .systemCalls(var queue):
      queue.prepare(submission)
      self = .systemCalls(queue)
    case .simulated(var queue):
      queue.prepare(submission)
      self = .simulated(queue)
    }
  }

  mutating func submit(waitFor count: Int) throws(Errno) {
    var failure: Errno?
    switch consume self {
    case .ring(var queue):
      do { try queue.submit(waitFor: count) } catch { failure = error }
      self = .ring(queue)
    case .systemCalls(var queue):
      do { try queue.submit(waitFor: count) } catch { failure = error }
      self = .systemCalls(queue)
    case .simulated(var queue):
      do { try queue.submit(waitFor: count) } catch { failure = error }
      self = .simulated(queue)
    }
    if let failure { throw failure }
  }

  mutating func nextCompletion() -> Completion? {
    let completion: Completion?
    switch consume self {
    case .ring(var queue):
      completion = queue.nextCompletion()
      self = .ring(queue)
    case .systemCalls(var queue):
      completion = queue.nextCompletion()
      self = .systemCalls(queue)
    case .simulated(var queue):
      completion = queue.nextCompletion()
      self = .simulated(queue)
    }
    return completion
  }

  mutating func useCalls() {
    guard case .ring(var queue) = consume self else {
      preconditionFailure("only a ring can give way to plain calls")
    }
    queue.useCalls()
    self = .ring(queue)
  }

  /// Opens a simulated file, and returns its descriptor.
  mutating func open(_ file: SimulatedFile) -> Int32 {
    guard case .simulated(var kernel) = consume self else {
      preconditionFailure("only a simulated kernel has simulated files")
    }
    let descriptor = Int32(100 + kernel.files.count)
    kernel.open(descriptor, file)
    self = .simulated(kernel)
    return descriptor
  }

  @discardableResult
  mutating func register(_ pool: BufferPool) -> Int {
    let count: Int
    switch consume self {
    case .ring(var queue):
      count = queue.register(pool)
      self = .ring(queue)
    case .systemCalls(var queue):
      count = queue.register(pool)
      self = .systemCalls(queue)
    case .simulated(var queue):
      count = queue.register(pool)
      self = .simulated(queue)
    }
    return count
  }
}

extension Ring {
  /// Makes a ring; cancels the test, with the reason, where the machine has none.
  static func orCancel(depth: Int) throws -> Ring {
    do {
      return try Ring(depth: depth)
    } catch Errno.noFunction, Errno.notPermitted {
      try Test.cancel("io_uring cannot be had: missing, or forbidden by sysctl or seccomp")
    }
  }
}
