// SPDX-License-Identifier: Apache-2.0

internal import Kernel

/// Threads of a test.
package enum Threads {
  /// Runs a body on several threads at once, each with its number, and waits for all of them.
  package static func run(_ count: Int, _ body: @Sendable (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      let threads = (0..<count).map { number in
        guard let thread = try? Thread({ body(number) }) else {
          preconditionFailure("no thread can be had")
        }
        return thread
      }
      for thread in threads { thread.join() }
    }
  }
}
