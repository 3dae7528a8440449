// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A call that a test itself made, and that failed.
package struct CallFailure: Error, CustomStringConvertible {
  package let call: String
  package let code: Int32

  package init(call: String, code: Int32) {
    self.call = call
    self.code = code
  }

  package var description: String { "\(call): \(unsafe String(cString: strerror(code)))" }
}

/// Throws when a call returned a negative value.
@discardableResult
package func check<Result: SignedInteger>(_ result: Result, _ call: String) throws -> Result {
  if result < 0 { throw CallFailure(call: call, code: errno) }
  return result
}
