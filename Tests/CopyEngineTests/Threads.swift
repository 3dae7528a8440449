// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Threads of a test.
enum Threads {
  /// A body that may refer to what its caller waits for, and the number of its thread.
  private final class Job: Sendable {
    let number: Int
    let body: @Sendable (Int) -> Void

    init(_ number: Int, _ body: @escaping @Sendable (Int) -> Void) {
      self.number = number
      self.body = body
    }
  }

  /// Runs a body on several threads at once, each with its number, and waits for all of them.
  static func run(_ count: Int, _ body: @Sendable (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      var threads: [pthread_t] = []
      for number in 0..<count {
        var thread = pthread_t()
        let argument = unsafe Unmanaged.passRetained(Job(number, body)).toOpaque()
        let result = unsafe pthread_create(
          &thread,
          nil,
          { argument in
            guard let argument = unsafe argument else { return nil }
            let job = unsafe Unmanaged<Job>.fromOpaque(argument).takeRetainedValue()
            job.body(job.number)
            return nil
          },
          argument
        )
        precondition(result == 0, "no thread can be had")
        threads.append(thread)
      }
      for thread in threads { pthread_join(thread, nil) }
    }
  }
}
