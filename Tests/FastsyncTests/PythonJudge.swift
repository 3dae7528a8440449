// SPDX-License-Identifier: Apache-2.0

import Testing

/// Debian's Python, whose libraries judge what is written for machines.
enum PythonJudge {
  private static let program = "/usr/bin/python3"

  /// Whether it has a module.
  static func has(_ module: String) -> Bool {
    (try? run(program, ["-c", "import \(module)"]).status) == 0
  }

  /// Expects that a script ends well.
  ///
  /// - Parameters:
  ///   - script: The script, which says by an exception what is not as it should be.
  ///   - words: Its arguments.
  ///   - sandbox: Where it is run.
  /// - Throws: Why it cannot be run.
  static func expect(_ script: String, _ words: [String], in sandbox: Sandbox) throws {
    let result = try run(program, ["-c", script] + words, directory: sandbox.path)
    #expect(result.status == 0, "\(result.errorText)")
  }
}
