// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The variables of the environment that have a meaning for a copy, which are rsync's.
enum Environment {
  /// The value of a variable in bytes; `nil` where it is not set (`getenv`).
  static func variable(_ name: String) -> [UInt8]? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe [UInt8](cString: value)
  }

  /// The same where nothing counts as not set.
  static func nonEmptyVariable(_ name: String) -> [UInt8]? {
    variable(name).flatMap { $0.isEmpty ? nil : $0 }
  }
}
