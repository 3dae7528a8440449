// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A name or a value as the kernel has it.
typealias Bytes = [UInt8]

extension [UInt8] {
  /// The bytes of a text.
  init(text: String) { self = Array(text.utf8) }

  /// The bytes as C takes them, with a NUL at the end.
  var c: [CChar] { map { CChar(bitPattern: $0) } + [0] }
}

/// Whether the tests may make devices, give files away and set `trusted` attributes.
let isRoot = geteuid() == 0

/// Functions of libc that Swift's Glibc module does not show, because it is built without
/// _GNU_SOURCE.
enum Hidden {
  typealias SetAttribute =
    @convention(c) @Sendable (
      UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeRawPointer?, Int, Int32
    ) -> Int32
  typealias GetAttribute =
    @convention(c) @Sendable (
      UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int
    ) -> Int
  typealias ListAttributes =
    @convention(c) @Sendable (UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int) -> Int
  typealias Allocate = @convention(c) @Sendable (Int32, Int32, Int, Int) -> Int32

  static let setAttribute = unsafe symbol("lsetxattr", as: SetAttribute.self)
  static let getAttribute = unsafe symbol("lgetxattr", as: GetAttribute.self)
  static let listAttributes = unsafe symbol("llistxattr", as: ListAttributes.self)
  static let allocate = symbol("fallocate", as: Allocate.self)

  private static func symbol<Function>(_ name: String, as type: Function.Type) -> Function {
    guard let address = unsafe dlsym(nil, name) else { fatalError("libc has no \(name)") }
    return unsafe unsafeBitCast(address, to: type)
  }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}
